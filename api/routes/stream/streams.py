"""The feed behind the stream: made with the first listener, and ended when the service is about to leave."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

from fastapi import HTTPException

from api.background import Part
from forecaster.serving import ForecastBackend
from forecaster.serving.feed import MOST_LISTENERS, Feed, Paces

FULL = "As many listen to the stream as may. Try again in a minute, or ask GET /v1/price now and then."
TOO_MANY = "You listen to as many streams as one may. End one; a stream may tell of several coins."
RETRY_AFTER = "60"  # seconds


class Streams:
    """One feed for all who listen: `most` of them at once, and `of_one` client at most so many."""

    def __init__(
        self,
        model: Part[ForecastBackend],
        symbols: Sequence[str],
        refused: Callable[[str], None],
        *,
        most: int = MOST_LISTENERS,
        of_one: int = MOST_LISTENERS,
        paces: Paces | None = None,
    ) -> None:
        """`symbols` are those that may be listened to; `refused` is told why of each who would be one too many."""
        self._model, self._symbols, self._most, self._paces = model, symbols, most, paces
        self._refused, self._of_one = refused, of_one
        self._listening: Counter[str] = Counter()  # of each client that listens
        self._feed: Feed | None = None

    def feed(self) -> Feed:
        """The feed. Raises HTTPException 503 until the model is loaded."""
        if self._feed is None:
            self._feed = Feed(self._model.get(), self._symbols, paces=self._paces, most=self._most + len(self._symbols))
        return self._feed

    @contextmanager
    def place(self, client: str) -> Iterator[Feed]:
        """A place among those who listen, for one address or key.

        Raises HTTPException 503 where all are taken, and 429 where that client has as many as one may have.
        """
        feed = self.feed()
        if feed.is_full or self._listening.total() >= self._most:
            self._refused("overload")
            raise HTTPException(503, FULL, headers={"Retry-After": RETRY_AFTER})
        if self._listening[client] >= self._of_one:
            self._refused("rate_limit")
            raise HTTPException(429, TOO_MANY, headers={"Retry-After": RETRY_AFTER})
        self._listening[client] += 1
        try:
            yield feed
        finally:
            self._listening[client] -= 1
            if not self._listening[client]:
                del self._listening[client]

    @asynccontextmanager
    async def until(self, leaving: asyncio.Event) -> AsyncIterator[None]:
        """Every stream ends at once when `leaving` is set: the server waits for answers that are under way."""
        ending = asyncio.create_task(self._close_after(leaving))
        try:
            yield
        finally:
            ending.cancel()
            await self._close()

    async def _close_after(self, leaving: asyncio.Event) -> None:
        await leaving.wait()
        await self._close()

    async def _close(self) -> None:
        if self._feed is not None:
            await self._feed.close()
