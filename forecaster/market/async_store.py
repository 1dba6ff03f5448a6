"""A CandleStore beside an event loop: writes that no answer waits for, reads that may not take long.

A store in trouble keeps no answer waiting: candles then come from exchanges alone.
"""

import asyncio
from contextlib import suppress
from functools import partial

from forecaster.database import UNWRITTEN, WITHIN, DatabaseThreads
from forecaster.errors import ConfigurationError
from forecaster.market.candles import Candles
from forecaster.market.store import CandleStore
from forecaster.schema import HOUR


class Memory:
    """What was seen before, by exchange and symbol."""

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        # Their own threads: in the loop's shared pool, name look-ups that hang would keep the store waiting.
        self._within = max(WITHIN, store.answer)
        self._reading = DatabaseThreads("candle store", store.health, 1)
        self._writing = DatabaseThreads("candle store", store.health, 1, self._within, late=UNWRITTEN)
        self._writes: set[asyncio.Task[None]] = set()

    def remember(self, source: str, symbol: str, candles: Candles) -> None:
        """Keep candles in the background."""
        write = asyncio.create_task(self._save(source, symbol, candles))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def newest(
        self, sources: tuple[str, ...], symbol: str, count: int, within: float, step: int = HOUR
    ) -> dict[str, Candles]:
        """The newest `count` candles of each source that has any; none if the store fails or takes over `within` s."""

        def read() -> dict[str, Candles]:
            kept = {source: self._store.newest(source, symbol, count, step) for source in sources}
            return {source: candles for source, candles in kept.items() if len(candles)}

        with suppress(ConfigurationError):
            return await self._reading.call(read, min(within, self._within))
        return {}

    async def close(self) -> None:
        """Finish writing and give the store back."""
        await asyncio.gather(*self._writes)
        await asyncio.gather(self._reading.close(), self._writing.close())
        await asyncio.to_thread(self._store.close)  # it waits for who is still opening the store

    async def _save(self, source: str, symbol: str, candles: Candles) -> None:
        with suppress(ConfigurationError):
            await self._writing.call(partial(self._store.save, source, symbol, candles))
