"""All connections of a service, and what tells each of them how far its request is."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.connections.connection import READ, Connection, Shared
from api.middleware import Line
from api.wire import HANG_UP, JOIN

TICK = 1.0  # seconds between two looks at who has taken too long
CONNECTION = "cryptosense.connection"  # where a request finds its connection in what the server tells of itself
CLOSE = (b"connection", b"close")


class Connections:
    """All connections of a service: a bounded number, none of which is kept for a client that does nothing."""

    def __init__(
        self, parser: Callable[..., asyncio.Protocol], line: Line, refused: Callable[[], None], most: int
    ) -> None:
        """`parser` is a protocol of uvicorn's. `refused` is told of every client that is turned away."""
        self._parser, self._line, self._refused, self._most = parser, line, refused, most
        self._buffer = memoryview(bytearray(READ))
        self._all: set[Connection] = set()
        self._looking = False

    def __call__(self, *, app_state: dict[str, Any], **given: Any) -> Connection:
        """A new one; `given` is what uvicorn gives a protocol, and `app_state` what it puts into every request."""
        shared = Shared(self._line, asyncio.get_running_loop(), self._buffer, self._enter, self._all.discard)
        return Connection(shared, lambda made: self._parser(app_state={**app_state, CONNECTION: made}, **given))

    def _enter(self, connection: Connection) -> bool:
        if len(self._all) >= self._most:
            self._refused()
            return False
        self._all.add(connection)
        if not self._looking:
            self._looking = True
            loop = asyncio.get_running_loop()
            loop.call_later(TICK, self._look_round, loop)
        return True

    def _look_round(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in tuple(self._all):
            if connection.ends is not None and connection.ends <= now:
                connection.transport.close()
        self._looking = bool(self._all)
        if self._looking:
            loop.call_later(TICK, self._look_round, loop)


class Attended:
    """The app, which tells each request's connection how far it is."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        connection: Connection | None = scope["state"].pop(CONNECTION, None) if scope["type"] == "http" else None
        if connection is None:
            await self.app(scope, receive, send)
            return
        is_last, scope[JOIN], scope[HANG_UP] = connection.asked(), connection.join, connection.hang_up

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                connection.answering()
                if is_last:
                    headers = [header for header in message.get("headers", ()) if header[0].lower() != CLOSE[0]]
                    message = {**message, "headers": [*headers, CLOSE]}
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                connection.answered()

        async def received() -> Message:
            message = await receive()
            connection.consumed(bool(message.get("more_body")))
            return message

        await self.app(scope, received if is_last else receive, sent)
