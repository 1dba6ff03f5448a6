"""``POST /mcp``: the Model Context Protocol, streamable HTTP without sessions, one JSON answer a message.

What is no message of JSON-RPC 2.0 is refused here, in our words: the protocol's server would quote its parser.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol, cast

from fastapi import APIRouter, Request, Response
from starlette.types import Message, Receive, Scope, Send

from api.background import Part
from api.dependencies import loaded_backend
from api.middleware import Hosts
from api.wire import StrictJSONRoute, parsed


class Sessions(Protocol):
    """What speaks the protocol over HTTP."""

    def run(self) -> AbstractAsyncContextManager[None]:
        """The time in which it answers."""
        ...

    async def handle_request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        ...


class Mcp(Part[Sessions]):
    """Builds the server in a thread for the first who asks; others wait with them, and nothing else does."""

    def __init__(self, build: Callable[[], Sessions]) -> None:
        super().__init__("MCP server", build)
        self._asked, self._settled = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """The time in which it may be needed."""
        running = asyncio.create_task(self._run())
        try:
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _run(self) -> None:
        await self._asked.wait()
        try:
            sessions = await asyncio.to_thread(self._build)
            async with sessions.run():
                self.done(sessions)
                self._settled.set()
                await asyncio.Event().wait()  # which never comes
        except Exception as error:
            self.fail(error)
        finally:
            self._settled.set()

    async def needed(self) -> Sessions:
        """The server, built by now. Raises HTTPException 503 where it could not be."""
        self._asked.set()
        await self._settled.wait()
        return self.get()


PATH = "/mcp"
PARSE_ERROR, INVALID_REQUEST = -32700, -32600  # JSON-RPC 2.0
NOT_JSON = "The body is not valid JSON."
NO_MESSAGE = "The body is no message of JSON-RPC 2.0. Send one object, not a batch."

_METHOD = re.compile(r"[A-Za-z0-9_$./-]{1,64}")


class McpRoute(StrictJSONRoute):
    """Looks at who asks before it reads what."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind that check."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            cast(Hosts, request.app.state.hosts).check(request.headers)
            return await handle(request)

        return checked


router = APIRouter(route_class=McpRoute)


@router.post(PATH, include_in_schema=False)  # it describes itself, in its own way
async def mcp(request: Request) -> Response:
    """One message of the protocol."""
    body = await request.body()
    try:
        message = parsed(body.decode())
    except (ValueError, RecursionError):
        return _refusal(PARSE_ERROR, NOT_JSON)
    if not _is_message(message):
        return _refusal(INVALID_REQUEST, NO_MESSAGE)
    await loaded_backend(request)
    return Handed(await cast(Mcp, request.app.state.mcp).needed(), body)


class Handed(Response):
    """The answer of the protocol's server to a body that has been read already."""

    def __init__(self, sessions: Sessions, body: bytes) -> None:
        super().__init__()
        self._sessions, self._sent = sessions, body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let it answer."""
        unread = True

        async def again() -> Message:
            nonlocal unread
            if not unread:
                return await receive()
            unread = False
            return {"type": "http.request", "body": self._sent, "more_body": False}

        await self._sessions.handle_request(scope, again, send)


def _is_message(value: Any) -> bool:
    """Whether it is a request, a notification or a response of JSON-RPC 2.0."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0":
        return False
    if "method" not in value:
        return _is_id(value.get("id")) and (isinstance(value.get("result"), dict) or _is_error(value.get("error")))
    named = isinstance(value["method"], str) and _METHOD.fullmatch(value["method"]) is not None
    identified = "id" not in value or _is_id(value["id"])
    return named and identified and isinstance(value.get("params", {}), dict)


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and type(value.get("code")) is int and isinstance(value.get("message"), str)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or type(value) is int  # and no bool


def _refusal(code: int, message: str) -> Response:
    error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
    return Response(json.dumps(error), 400, media_type="application/json")
