"""One who listens: a bounded queue of what was told and not yet taken, and an end."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from forecaster.serving.feed.events import Event

MOST_WAITING = 128  # events that a listener may be behind
BEAT = None  # nothing happened, and the connection is to be kept


class Listener:
    """Takes what is told of some symbols. One that falls too far behind is dropped: it is told nothing more."""

    def __init__(self, symbols: Iterable[str], after: str, dropped: Callable[[], None]) -> None:
        """`after` is the id of the last event that it knows, or empty; `dropped` is called where it fell behind."""
        self.symbols = frozenset(symbols)
        self.after = after
        self.ended = False
        self._dropped = dropped
        self._queue: deque[Event | None] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def tell(self, event: Event | None) -> None:
        """Queue an event, or BEAT."""
        if self.ended:
            return
        if len(self._queue) >= MOST_WAITING:
            self.end()
            self._dropped()
            return
        self._queue.append(event)
        self._wake()

    def end(self) -> None:
        """Tell nothing more; what is queued is forgotten."""
        self.ended = True
        self._queue.clear()
        self._wake()

    async def take(self) -> list[Event | None]:
        """All that is queued, once there is something; nothing at the end."""
        while not self._queue and not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        taken = list(self._queue)
        self._queue.clear()
        return taken

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
