"""How many turns go on at once, how many wait, and that the rest is sent away: one slow visitor blocks nobody."""

from asyncio import Semaphore
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 8  # turns
WAITING = 64  # turns


class Busy(Exception):
    """As many wait as may."""


class Places:
    """The turns of one page, on one event loop."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._free = Semaphore(at_once)
        self._most = waiting
        self._waiting = 0

    @property
    def full(self) -> bool:
        """Whether who comes now has to wait."""
        return self._free.locked()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a place, waiting for it in turn. Raises Busy at once where too many wait already."""
        if self.full and self._waiting >= self._most:
            raise Busy
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
