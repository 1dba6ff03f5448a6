"""A CandleStore beside an event loop: writes that no answer waits for, reads that may not take long.

A store in trouble is worth one warning in the log and nothing more: candles then come from exchanges alone.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from forecaster.candles import Candles
from forecaster.data.store import CandleStore
from forecaster.errors import ConfigurationError

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Memory:
    """What was seen before, by exchange and symbol."""

    def __init__(self, store: CandleStore) -> None:
        self._store = store
        # Its own thread: in the loop's shared pool, name look-ups that hang would keep the store waiting.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="candle-store")
        self._writes: set[asyncio.Task[None]] = set()
        self._warned = False

    def remember(self, source: str, symbol: str, candles: Candles) -> None:
        """Keep candles in the background."""
        write = asyncio.create_task(self._run(lambda: self._store.save(source, symbol, candles), None))
        self._writes.add(write)
        write.add_done_callback(self._writes.discard)

    async def newest(self, sources: tuple[str, ...], symbol: str, hours: int, within: float) -> dict[str, Candles]:
        """The newest `hours` of each source that has any; empty if the store takes longer than `within` seconds."""

        def read() -> dict[str, Candles]:
            kept = {source: self._store.newest(source, symbol, hours) for source in sources}
            return {source: candles for source, candles in kept.items() if len(candles)}

        try:
            async with asyncio.timeout(within):
                return await self._run(read, {})
        except TimeoutError:
            return {}

    async def close(self) -> None:
        """Finish writing and give the store back."""
        await asyncio.gather(*self._writes)
        self._thread.shutdown(wait=False)
        await asyncio.to_thread(self._store.close)  # it waits for who is still opening the store

    async def _run(self, work: Callable[[], T], otherwise: T) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except ConfigurationError as error:
            if not self._warned:
                self._warned = True
                logger.warning("%s Going on without it.", error)
            return otherwise
