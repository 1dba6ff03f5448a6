"""What the service takes on at once: a bounded number of requests at work, and of bytes of bodies. No queue."""

from collections.abc import Callable

from fastapi import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

BODY_BYTES = 64 * 1024 * 1024  # of all bodies that are arriving or being worked on
RETRY_AFTER = "1"  # seconds
HELD = "cryptosense.held"  # where a request's share lies in its scope


class Budget:
    """A bounded amount of something, of which requests hold parts while they are answered."""

    def __init__(self, most: int, refused: Callable[[], None]) -> None:
        """`refused` is told of every request that is turned away."""
        self._most, self._refused = most, refused
        self.used = 0

    def take(self, amount: int) -> None:
        """Take a part. Raises HTTPException 503 at once when there is not enough left."""
        if self.used + amount > self._most:
            self._refused()
            detail = f"The service is busy. Try again in {RETRY_AFTER} second."
            raise HTTPException(503, detail, headers={"Retry-After": RETRY_AFTER})
        self.used += amount

    def give_back(self, amount: int) -> None:
        """Return a part."""
        self.used -= amount


class Held:
    """What one request holds.

    A place among the requests at work is taken only when the body has arrived: a client that sends its body slowly
    keeps nobody else out.
    """

    __slots__ = ("_bodies", "_bytes", "_places", "_working")

    def __init__(self, places: Budget, bodies: Budget) -> None:
        self._places, self._bodies = places, bodies
        self._working, self._bytes = 0, 0

    def work(self) -> None:
        """Take a place, once. Raises HTTPException 503 when all are taken."""
        if not self._working:
            self._places.take(1)
            self._working = 1

    def body(self, size: int) -> None:
        """Keep `size` more bytes of the body. Raises HTTPException 503 when bodies fill all that there is for them."""
        self._bodies.take(size)
        self._bytes += size

    def give_back(self) -> None:
        """Return everything."""
        self._places.give_back(self._working)
        self._bodies.give_back(self._bytes)


class Overload:
    """Gives each request a share to draw on, and takes it back when the answer has been sent or given up."""

    def __init__(self, app: ASGIApp, places: Budget, bodies: Budget) -> None:
        self.app = app
        self._places, self._bodies = places, bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        held = scope[HELD] = Held(self._places, self._bodies)
        try:
            await self.app(scope, receive, send)
        finally:
            held.give_back()
