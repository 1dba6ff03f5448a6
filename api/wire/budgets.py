"""What one request holds of what all share: a place among those at work, and the bytes of its body."""

from collections.abc import Callable
from typing import NoReturn

from fastapi import HTTPException
from starlette.types import Scope

RETRY_AFTER = "1"  # seconds
HELD = "cryptosense.held"  # where a request's share lies in its scope
HANG_UP = "cryptosense.hang_up"  # where its scope says how its connection is cut off, where there is one
JOIN = "cryptosense.join"  # where its scope says how it joins the line, where there is one


class Budget:
    """A bounded amount of something, of which requests hold parts while they are answered."""

    def __init__(self, most: int, refused: Callable[[], None]) -> None:
        """`refused` is told of every request that is turned away."""
        self._most, self._refused = most, refused
        self.used = 0

    def take(self, amount: int) -> None:
        """Take a part. Raises HTTPException 503 at once when there is not enough left."""
        if self.used + amount > self._most:
            self.refuse()
        self.used += amount

    def refuse(self) -> NoReturn:
        """Turn a request away. Raises HTTPException 503."""
        self._refused()
        detail = f"The service is busy. Try again in {RETRY_AFTER} second."
        raise HTTPException(503, detail, headers={"Retry-After": RETRY_AFTER})

    def give_back(self, amount: int) -> None:
        """Return a part."""
        self.used -= amount


class Held:
    """What one request holds.

    A place among the requests at work is taken only when the body has arrived: a client that sends its body slowly
    keeps nobody else out.
    """

    __slots__ = ("_bodies", "_bytes", "_places", "_scope", "_working")

    def __init__(self, scope: Scope, places: Budget, bodies: Budget) -> None:
        self._scope, self._places, self._bodies = scope, places, bodies
        self._working, self._bytes = 0, 0

    def work(self) -> None:
        """Take a place, once. Raises HTTPException 503 when all are taken, and when the line was full."""
        if not self._working:
            join = self._scope.get(JOIN)
            if join and not join():
                self._places.refuse()
            self._places.take(1)
            self._working = 1

    def body(self, size: int) -> None:
        """Keep `size` more bytes of the body. Raises HTTPException 503 when bodies fill all that there is for them."""
        self._bodies.take(size)
        self._bytes += size

    def give_back(self) -> None:
        """Return everything, once: what goes on for long and hardly works does so early."""
        self._places.give_back(self._working)
        self._bodies.give_back(self._bytes)
        self._working = self._bytes = 0
