"""The feed behind the stream: made with the first listener, and ended when the service is about to leave."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from fastapi import HTTPException

from api.background import Part
from forecaster.serving import ForecastBackend
from forecaster.serving.feed import MOST_LISTENERS, Feed, Paces

FULL = "As many listen to the stream as may. Try again in a minute, or ask GET /v1/price now and then."
RETRY_AFTER = "60"  # seconds


class Streams:
    """One feed for all who listen; `most` of them at once."""

    def __init__(
        self,
        model: Part[ForecastBackend],
        symbols: Sequence[str],
        refused: Callable[[], None],
        *,
        most: int = MOST_LISTENERS,
        paces: Paces | None = None,
    ) -> None:
        """`symbols` are those that may be listened to; `refused` is told of each who would be one too many."""
        self._model, self._symbols, self._most, self._paces = model, symbols, most, paces
        self._refused = refused
        self._feed: Feed | None = None

    def feed(self) -> Feed:
        """The feed, which has room for one more. Raises HTTPException 503 until the model is loaded, and when full."""
        if self._feed is None:
            self._feed = self._made()
        if self._feed.is_full or len(self._feed) >= self._most:
            self._refused()
            raise HTTPException(503, FULL, headers={"Retry-After": RETRY_AFTER})
        return self._feed

    def hub(self) -> Feed:
        """The feed for who listens inside the service: for these there is room, one a symbol, however many stream.

        Raises HTTPException 503 until the model is loaded.
        """
        if self._feed is None:
            self._feed = self._made()
        return self._feed

    def _made(self) -> Feed:
        most = self._most + len(self._symbols)
        return Feed(self._model.get(), self._symbols, paces=self._paces, most=most)

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
