"""A database beside an event loop: asked in a few threads of its own, and answered in time or not at all."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from forecaster.database.faults import SILENT
from forecaster.database.health import Health
from forecaster.errors import DatabaseError

WITHIN = 2.5  # seconds that a caller waits; more than a transaction may take, so that most hear its own fault
REST = 1.0  # seconds until a database that did not answer is asked again, by one caller, while others are told so

T = TypeVar("T")


class DatabaseThreads:
    """Threads that wait for a database in place of callers. A database that hangs holds these, and nothing else."""

    def __init__(self, name: str, health: Health, threads: int, within: float = WITHIN, *, late: str = SILENT) -> None:
        """`name` is what messages call the database, and `late` its fault where it does not answer a caller in time."""
        self._name, self._health, self._within, self._late = name, health, within, late
        self._threads = ThreadPoolExecutor(threads, name)  # started as they are needed
        self._trying, self._rests_until = False, 0.0

    async def call(self, work: Callable[[], T], within: float | None = None) -> T:
        """What `work` returns. Raises what it raises, and DatabaseError where that takes longer than `within` seconds.

        While the database does not answer, one caller at a time finds out whether it does again.
        """
        trial = self._health.silent
        if trial and (self._trying or time.monotonic() < self._rests_until):
            raise DatabaseError(self._name, SILENT)
        self._trying |= trial
        waited = self._within if within is None else within
        try:
            async with asyncio.timeout(waited):  # what has not begun by then never will
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            fault = DatabaseError(self._name, self._late)
            self._health.failed(fault)
            raise fault from None
        finally:
            if trial:
                self._trying, self._rests_until = False, time.monotonic() + REST

    async def close(self) -> None:
        """Begin nothing more, and wait for what has begun: a connection that comes back after its pool is lost."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
