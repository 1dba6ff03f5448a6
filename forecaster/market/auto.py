"""Real candles if any can be had, else the simulated tape, which says that it is simulated and why."""

from dataclasses import replace

from forecaster.errors import NoCandles
from forecaster.market.candles import Candles
from forecaster.market.sources import CandleSource, Snapshot


class AutoSource:
    """A CandleSource that asks `live` first and falls back to `demo`."""

    def __init__(self, live: CandleSource, demo: CandleSource) -> None:
        self.live = live
        self._demo = demo

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` closed candles, real or simulated. Raises UnsupportedSymbol."""
        try:
            return await self.live.latest(symbol, hours)
        except NoCandles as error:
            simulated = await self._demo.latest(symbol, hours)
            return replace(simulated, notes=(*simulated.notes, error.message))

    def now(self) -> float:
        """See CandleSource; as for real ones."""
        return self.live.now()

    async def since(self, symbol: str, source: str, start: int) -> Candles:
        """See CandleSource; real ones alone."""
        return await self.live.since(symbol, source, start)

    async def close(self) -> None:
        """Give back connections and files."""
        await self.live.close()
        await self._demo.close()
