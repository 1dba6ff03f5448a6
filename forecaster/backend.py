"""What tools, chat and API ask for: prices, candles, forecasts and the model's report, from one place."""

import asyncio
import logging
from typing import Any, Protocol

from forecaster.candles import utc
from forecaster.data.source import CandleSource, Snapshot
from forecaster.errors import CryptoSenseError, InvalidInput
from forecaster.following import Following
from forecaster.predictor import Predictor
from forecaster.schema import HOUR, SYMBOLS, CandleSpan, Forecast, ForecastWarning, Price, Report

LONGEST_SPAN = 300  # hours of candles one question may ask for: what one call to every exchange gives
PATIENCE = 1.0  # seconds that a forecast waits for the other symbol's candles once its own are there

log = logging.getLogger(__name__)


class ForecastBackend(Protocol):
    """The whole of what a front end may ask. Every method may raise a CryptoSenseError."""

    async def price(self, symbol: str) -> Price:
        """The newest closed price."""
        ...

    async def candles(self, symbol: str, hours: int) -> CandleSpan:
        """The newest `hours` (1 to 300) closed candles."""
        ...

    async def forecast(self, symbol: str, hours: int) -> Forecast:
        """The forecast for each of the next `hours` closes."""
        ...

    async def report(self) -> Report:
        """The model's record on hours it never saw."""
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...


class LocalBackend:
    """Answers in this process, from a source of candles and a model."""

    def __init__(self, source: CandleSource, predictor: Predictor) -> None:
        self._source = source
        self.predictor = predictor
        self._following = Following(predictor)

    async def price(self, symbol: str) -> Price:
        """The newest closed price, with the change over 24 hours where they are at hand."""
        snapshot = await self._source.latest(symbol, 25)
        candles = snapshot.candles
        day_ago = candles.time.searchsorted(snapshot.as_of - HOUR * 25)
        known = day_ago < len(candles) and int(candles.time[day_ago]) == snapshot.as_of - HOUR * 25
        last = float(candles.close[-1])
        return Price(
            **_provenance(snapshot),
            price=last,
            change_24h_pct=100 * (last / float(candles.close[day_ago]) - 1) if known else None,
        )

    async def candles(self, symbol: str, hours: int) -> CandleSpan:
        """The newest `hours` closed candles. Raises InvalidInput outside 1 to 300."""
        if not 1 <= hours <= LONGEST_SPAN:
            raise InvalidInput(f"{hours} hours of candles are not offered.", f"Ask for 1 to {LONGEST_SPAN} hours.")
        snapshot = await self._source.latest(symbol, hours)
        span = snapshot.candles.since(snapshot.as_of - HOUR * hours)
        first, last = float(span.open[0]), float(span.close[-1])
        return CandleSpan(
            **_provenance(snapshot),
            hours=(snapshot.as_of - int(span.time[0])) // HOUR,
            first_open=first,
            last_close=last,
            high=float(span.high.max()),
            low=float(span.low.min()),
            change_pct=100 * (last / first - 1),
            candles=span.to_schema(),
        )

    async def forecast(self, symbol: str, hours: int) -> Forecast:
        """The forecast for each of the next `hours` closes. Raises what Predictor.forecast raises."""
        self.predictor.check(symbol, hours)
        snapshot, other = await self._both(symbol)
        trackers = self._following.trackers(snapshot)
        issued = self.predictor.forecast(snapshot, self.predictor.longest, other, trackers)
        self._following.remember(issued)
        return self.predictor.shortened(issued, hours)

    async def _both(self, symbol: str) -> tuple[Snapshot, Snapshot | None]:
        """The symbol's candles, and the other's where the model reads them and they can be had in time."""
        if not self.predictor.reads_other_symbol:
            return await self._source.latest(symbol, LONGEST_SPAN), None
        asked = asyncio.create_task(self._other(symbol))
        try:
            snapshot = await self._source.latest(symbol, LONGEST_SPAN)
            await asyncio.wait([asked], timeout=PATIENCE)
        finally:
            asked.cancel()
        other = asked.result() if asked.done() and not asked.cancelled() else None
        return snapshot, other if other and _alike(snapshot, other) else None

    async def _other(self, symbol: str) -> Snapshot | None:
        """The other symbol's candles, or none: a forecast is made without them rather than not at all."""
        other = next(each for each in SYMBOLS if each != symbol)
        try:
            return await self._source.latest(other, LONGEST_SPAN)
        except CryptoSenseError as error:
            log.warning("The forecast for %s is made without %s: %s", symbol, other, error)
            return None

    async def report(self) -> Report:
        """The model's record on hours it never saw."""
        return self.predictor.report

    async def close(self) -> None:
        """Give back connections and files."""
        await self._source.close()


def _alike(snapshot: Snapshot, other: Snapshot) -> bool:
    """Simulated candles must not inform a forecast of a real market, nor the other way round."""
    return (ForecastWarning.DEMO_DATA in snapshot.warnings) == (ForecastWarning.DEMO_DATA in other.warnings)


def _provenance(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "symbol": snapshot.symbol,
        "source": snapshot.source,
        "quote": snapshot.quote,
        "as_of": utc(snapshot.as_of),
        "age_seconds": snapshot.age,
        "warnings": snapshot.warnings,
        "notes": snapshot.notes,
    }
