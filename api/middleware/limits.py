"""How often a client may ask: limits in the notation of the package `limits`, counted by its strategy.

Any asynchronous storage of that package can count; a Valkey does for several replicas. The one in memory is ours,
because the package's own has no bound and goes through every address after a hit: with 100,000 of them that held the
event loop up for 76 ms.
"""

import logging
import math
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar, cast

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from forecaster.database import valkey_pool
from forecaster.errors import ConfigurationError

MOST_CLIENTS = 20_000  # counted at once, a few hundred bytes each
OFF = "off"
PATIENCE = 0.25  # seconds for which a shared count is waited for
AGAIN = 5.0  # seconds after which a Valkey that did not answer is asked again
T = TypeVar("T")
Clock = Callable[[], float]

log = logging.getLogger(__name__)


class Standing(NamedTuple):
    """Where a client stands after a request, in the window that leaves it the least."""

    passes: bool
    seconds: int  # until that window ends, at least 1
    header: bytes  # the value of RateLimit


class Limiter:
    """Counts the requests of each client against one or several limits.

    `policy` is the value of RateLimit-Policy. Both headers are those of the IETF draft "RateLimit header fields for
    HTTP" (draft-ietf-httpapi-ratelimit-headers).
    """

    def __init__(
        self,
        name: str,
        notation: str,
        setting: str,
        clock: Clock = time.monotonic,
        storage: Callable[[], Storage] | None = None,
    ) -> None:
        """`notation` is such as "120/minute" or "10/second; 1000/hour". Raises ConfigurationError naming `setting`.

        `storage` makes what counts one limit, such as `storage_from_string("async+counters://")`; its times are those
        of `clock`. What several limiters share keeps them apart by `name`.
        """
        self._name, self._clock = name, clock
        made = storage or (lambda: Counters(clock=clock))
        items = _parsed(notation, setting)
        self._limits = [(f'"{name}-{item.get_expiry()}"', item, FixedWindowRateLimiter(made())) for item in items]
        policies = (f"{each};q={item.amount};w={item.get_expiry()}" for each, item, _ in self._limits)
        self.policy = ", ".join(policies).encode()

    async def hit(self, client: str) -> Standing:
        """Count one request."""
        passes, least, end, name = True, 1 << 62, 0.0, ""
        for each, item, windows in self._limits:
            passes = await windows.hit(item, self._name, client)
            window_end, left = await windows.get_window_stats(item, self._name, client)
            if not passes or left < least:
                least, end, name = left, window_end, each
            if not passes:
                break  # a refused request is not held against the limits that follow
        seconds = max(1, math.ceil(end - self._clock()))
        return Standing(passes, seconds, f"{name};r={least};t={seconds}".encode())


class Counters(Storage):
    """Counts hits in windows that begin with a client's first one, for a bounded number of clients.

    It forgets as it goes: windows are as long as each other, so the first that began is the first that ends. When full
    it forgets the oldest window early, which lets its client ask a little more, and nobody less.
    """

    STORAGE_SCHEME = ["async+counters"]  # noqa: RUF012  # declared by the package
    base_exceptions = ()

    def __init__(self, uri: str | None = None, *, most: int = MOST_CLIENTS, clock: Clock = time.monotonic) -> None:
        super().__init__(uri)
        self._most, self._clock = most, clock
        self._windows: dict[str, tuple[int, float]] = {}  # client -> hits, end; in the order of their ends

    def __len__(self) -> int:
        return len(self._windows)

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to the hits of a client; begins a window of `expiry` seconds if none runs. Gives the hits in it."""
        now = self._clock()
        hits, end = self._windows.get(key, (0, now))
        if end <= now:
            self._make_room(now)
            hits, end = 0, now + expiry
        self._windows[key] = (hits + amount, end)
        return hits + amount

    async def get(self, key: str) -> int:
        """The hits of a client in the window that runs; 0 if none does."""
        hits, end = self._windows.get(key, (0, 0.0))
        return hits if end > self._clock() else 0

    async def get_expiry(self, key: str) -> float:
        """When that window ends; now if none runs."""
        now = self._clock()
        return max(now, self._windows.get(key, (0, now))[1])

    async def check(self) -> bool:
        """Whether it can be used."""
        return True

    async def reset(self) -> int:
        """Forget everything; how much that was."""
        count = len(self._windows)
        self._windows.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget a client."""
        self._windows.pop(key, None)

    def _make_room(self, now: float) -> None:
        """Drop the windows that are over, and the oldest if that is not enough."""
        while self._windows:
            oldest = next(iter(self._windows))
            if self._windows[oldest][1] > now and len(self._windows) < self._most:
                return
            del self._windows[oldest]


class SharedCounters(Storage):
    """Counts in a Valkey or Redis, for all replicas that name the same; while that is away, in this process.

    What clients asked before is forgotten in either direction, which lets them ask a little more, and nobody less.
    """

    STORAGE_SCHEME = ["async+shared"]  # noqa: RUF012  # declared by the package
    base_exceptions = ()

    def __init__(self, url: str, *, clock: Clock = time.monotonic, patience: float = PATIENCE) -> None:
        """`url` is such as valkey://host:6379/0. Raises ConfigurationError for what is none, or without the client."""
        super().__init__(url)
        self._clock, self._own, self._away_until = clock, Counters(clock=clock), 0.0
        self._pool = valkey_pool(url, patience)
        made = storage_from_string(
            f"async+{url}", wrap_exceptions=True, connection_pool=cast(str, self._pool)
        )  # its type is left out
        self._shared = cast(Storage, made)

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Add to the hits of a client; begins a window of `expiry` seconds if none runs. Gives the hits in it."""
        return await self._first(lambda counts: counts.incr(key, int(expiry), amount))

    async def get(self, key: str) -> int:
        """The hits of a client in the window that runs; 0 if none does."""
        return await self._first(lambda counts: counts.get(key))

    async def get_expiry(self, key: str) -> float:
        """When that window ends by our clock; now if none runs."""

        async def by_our_clock(counts: Storage) -> float:
            end = await counts.get_expiry(key)
            return end if counts is self._own else self._clock() + max(0.0, end - time.time())

        return await self._first(by_our_clock)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.disconnect()

    async def check(self) -> bool:
        """Whether it can be used."""
        return await self._shared.check()

    async def reset(self) -> int | None:
        """Forget everything that this process counted."""
        return await self._own.reset()

    async def clear(self, key: str) -> None:
        """Forget a client."""
        await self._first(lambda counts: counts.clear(key))

    async def _first(self, count: Callable[[Storage], Awaitable[T]]) -> T:
        """What the shared counts say; what ours do while those are away, which the log is told once."""
        if self._clock() >= self._away_until:
            try:
                found = await count(self._shared)
            except StorageError:
                if not self._away_until:
                    log.warning("Valkey does not answer: limits are counted in this process alone until it does.")
                self._away_until = self._clock() + AGAIN
            else:
                if self._away_until:
                    log.warning("Valkey answers again: limits are shared.")
                self._away_until = 0.0
                return found
        return await count(self._own)


def _parsed(notation: str, setting: str) -> list[RateLimitItem]:
    try:
        items = parse_many(notation)
    except ValueError:
        items = []
    if not items or any(item.amount < 1 for item in items):
        raise ConfigurationError(
            f"CRYPTOSENSE_{setting} is not a rate limit.",
            'Write it like "120/minute" or "10/second; 1000/hour", or "off" for none.',
        )
    return items
