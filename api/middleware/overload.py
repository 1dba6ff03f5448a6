"""What the service takes on at once: bounded numbers of requests, arriving and at work, and of bytes of bodies.

There is no queue: what is too much is refused with 503 and Retry-After.
"""

import asyncio
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from api.wire import HELD, Budget, Held

BODY_BYTES = 64 * 1024 * 1024  # of all bodies that are arriving or being worked on
AT_ONCE = 32  # requests that may arrive each time the event loop goes round
BUSY_AT_ONCE = 1  # the same while the service is busy
QUIET = 0.8  # seconds; shorter than RETRY_AFTER, so that clients who all came at once are not refused again for that
SECOND = 1.0


class Line:
    """The requests that have arrived since the event loop last went round: those that a new one has to wait for.

    Most answers are computed on the event loop in one go, so they take their places one after the other and never run
    out of them, however long they waited for the loop. That wait is bounded here. AT_ONCE may arrive at once. When
    there are more the service is busy, and takes fewer, until nobody had to be refused for QUIET seconds, or until a
    second in which it let in more than it refused, or in which no more clients asked than may arrive at once.
    """

    def __init__(self, most: int, refused: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        """No more than `most` at once. `refused` is told of every request that is turned away unread."""
        self._calm, self._refused, self._clock = min(most, AT_ONCE), refused, clock
        self._most = self._calm  # at the moment
        self._arrived, self._full = 0, False  # whether somebody was refused since the loop went round
        self._refused_at = self._since = clock()
        self._clients: set[int] = set()  # since then, like both below
        self._let_in = self._turned_away = 0

    def is_full(self) -> bool:
        """Whether the next one is one too many."""
        return self._arrived >= self._most

    def join(self, client: int, loop: asyncio.AbstractEventLoop) -> bool:
        """Let one in that has been read, and say whether it may be worked on."""
        if not self._arrived:
            self._look_back()
            loop.call_soon(self._go_round)
        self._clients.add(client)
        full = self.is_full()
        self._arrived += 1
        if full:
            self._turn_away()
        else:
            self._let_in += 1
        return not full

    def refuse(self, client: int) -> None:
        """Turn one away unread."""
        self._clients.add(client)
        self._turn_away()
        self._refused()

    def _turn_away(self) -> None:
        self._turned_away += 1
        self._full, self._refused_at = True, self._clock()

    def _go_round(self) -> None:
        if self._full:
            self._most = BUSY_AT_ONCE
        self._arrived, self._full = 0, False

    def _look_back(self) -> None:
        now = self._clock()
        if now - self._refused_at >= QUIET:
            self._most = self._calm
        if now - self._since < SECOND:
            return
        if self._turned_away <= self._let_in or len(self._clients) <= self._calm:
            self._most = self._calm
        self._since = now
        self._clients.clear()
        self._let_in = self._turned_away = 0


class Overload:
    """Gives each request a share to draw on, and takes it back when the answer has been sent or given up."""

    def __init__(self, app: ASGIApp, places: Budget, bodies: Budget) -> None:
        self.app = app
        self._places, self._bodies = places, bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        held = scope[HELD] = Held(scope, self._places, self._bodies)
        try:
            await self.app(scope, receive, send)
        finally:
            held.give_back()
