"""A stream of Server-Sent Events from the feed, until the client leaves, falls behind, or the service does.

Events are bytes by the time they come here, the same for everybody. A client that reads nothing is cut off: its part of
the answer waits in its connection, and what is told meanwhile in a bounded queue.
"""

import asyncio
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager, suppress
from typing import NamedTuple, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.wire import HANG_UP, HELD, Held
from forecaster.alerts import StreamAlerts
from forecaster.errors import CryptoSenseError
from forecaster.serving.feed import Event, Feed, Listener

BEGIN = b"retry: 3000\n: CryptoSense\n\n"  # milliseconds after which a browser connects again
BEAT = b": ping\n\n"
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy that holds back a stream breaks it


class Heard(NamedTuple):
    """Whose alerts are told on a stream too: those of who holds a key, and those that tokens were given for."""

    alerts: StreamAlerts
    owner: str | None
    tokens: Collection[str]

    async def begin(self, listener: Listener) -> list[Event]:
        """Tell them from now on; gives those that were missed. Raises DatabaseError where tokens cannot be read."""
        if self.tokens:
            return await self.alerts.begin(listener, self.owner, self.tokens)
        with suppress(CryptoSenseError):  # prices are told although the database fails
            return await self.alerts.begin(listener, self.owner, ()) if self.owner else []
        return []


class EventStream(Response):
    """What the feed of a `place` tells of some symbols after the event with the id `after`, for `seconds` at most."""

    media_type = "text/event-stream"

    def __init__(
        self,
        place: AbstractContextManager[Feed],
        symbols: Collection[str],
        after: str,
        seconds: float,
        heard: Heard | None = None,
    ) -> None:
        """The place is taken, which may raise, when the answer begins, and nothing is listened to before.

        `heard` alerts are told too.
        """
        self.status_code, self.background = 200, None
        self._place, self._symbols, self._after, self._seconds = place, symbols, after, seconds
        self._heard = heard
        self.init_headers(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request. It holds no place among those at work: it waits far more than it works."""
        cast(Held, scope[HELD]).give_back()
        with self._place as feed:
            listener = feed.listen(self._symbols, self._after, scope.get(HANG_UP, _nothing))
            gone = asyncio.create_task(_until_gone(receive, listener))
            try:
                alerts = await self._heard.begin(listener) if self._heard else []
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                async with asyncio.timeout(self._seconds) as end:
                    await self._tell(feed, listener, alerts, send)
            except TimeoutError:
                if not end.expired():
                    raise
            finally:
                if self._heard:
                    self._heard.alerts.end(listener)
                feed.leave(listener)
                gone.cancel()
        await send({"type": "http.response.body"})

    async def _tell(self, feed: Feed, listener: Listener, alerts: list[Event], send: Send) -> None:
        await _send(send, BEGIN)
        if missed := [*await feed.missed(listener), *alerts]:
            await _send(send, _text(missed))
        while told := await listener.take():
            await _send(send, _text(told))


def _nothing() -> None:
    """Without a server of ours there is no connection to cut off."""


async def _until_gone(receive: Receive, listener: Listener) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.end()


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


def _text(events: Iterable[Event | None]) -> bytes:
    return b"".join(BEAT if each is None else _one(each) for each in events)


def _one(event: Event) -> bytes:
    place = f"id: {event.id}\n" if event.id else ""
    return f"event: {event.kind}\n{place}data: ".encode() + event.data + b"\n\n"
