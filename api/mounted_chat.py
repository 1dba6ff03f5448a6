"""The chat behind the API: answers every address that the API does not, once it is built."""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.addresses import allowed, prefix, route_path
from api.background import Part, State
from api.wire import problem

BODY_LIMIT = 1024 * 1024  # bytes: a request of the chat carries the conversation so far
OWN_API = "/gradio_api/"  # where the chat's page talks to it, in its own way
HEARTBEAT = "/gradio_api/heartbeat/"  # a stream that every page keeps for as long as it is open

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{refresh}
<title>CryptoSense</title><link rel="icon" href="data:,">
<style>:root{{color-scheme:light dark}}body{{font:1.1rem/1.5 system-ui,sans-serif;display:grid;place-content:center;
min-height:90vh;text-align:center;padding:1rem}}</style></head>
<body><h1>CryptoSense</h1><p>{text}</p></body></html>
"""
STARTING = PAGE.format(
    refresh='<meta http-equiv="refresh" content="1">',
    text="The chat is starting. This page opens it in a few seconds.",
)
FAILED = PAGE.format(
    refresh="",
    text='The chat could not start; the server\'s log says why. The <a href="{root}/docs">API</a> works on its own.',
)


class Chat(Part[Starlette]):
    """An ASGI app that stands in for the chat until it is built, and then hands everything to it."""

    def __init__(self, build: Callable[[], Starlette], leaving: asyncio.Event) -> None:
        """`leaving` is set when the server is about to stop; open pages are then let go."""
        super().__init__("chat", build)
        self._leaving = leaving
        self.settled = asyncio.Event()  # it is built, or cannot be
        self._app: ASGIApp = self._stand_in

    async def run(self, stop: asyncio.Event) -> None:
        """Build the chat, run it until `stop` is set, and end it."""
        try:
            chat = await asyncio.to_thread(self._build)
            chat.add_middleware(CORSMiddleware)  # where Gradio finds one, it leaves other origins to it: none, or ours
            async with chat.router.lifespan_context(chat):
                self._app = RequestBodyLimitMiddleware(_with_problems(chat), BODY_LIMIT)
                self.done(chat)
                self.settled.set()
                await stop.wait()
        except Exception as error:
            self.fail(error)
            self.settled.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the chat, or for it."""
        if not route_path(scope):  # where the page's relative addresses would lead out of the prefix
            query = scope.get("query_string", b"").decode("latin-1")
            await RedirectResponse(f"{prefix()}/?{query}".removesuffix("?"))(scope, receive, send)
        elif route_path(scope).startswith(HEARTBEAT):
            await _until(self._leaving, self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _stand_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        if "text/html" not in Headers(scope=scope).get("accept", ""):
            raise self.unavailable()
        page, headers = (FAILED, None) if self.state is State.FAILED else (STARTING, {"Retry-After": "1"})
        await HTMLResponse(page.replace("{root}", prefix()), 503, headers)(scope, receive, send)


def _with_problems(chat: ASGIApp) -> ASGIApp:
    """The chat, but with our own words for an address that it does not know."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        replaced = False

        async def checked(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] in (404, 405):
                replaced = True
                taken = Headers(raw=message["headers"]).get("allow")
                headers = {"Allow": allowed(taken.split(", "))} if taken else None
                await problem(message["status"], headers=headers)(scope, receive, send)
            elif not replaced:
                await send(message)

        foreign = scope["type"] == "http" and not route_path(scope).startswith(OWN_API)
        await chat(scope, receive, checked if foreign else send)

    return app


async def _until(leaving: asyncio.Event, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let `app` answer, but end the answer properly when `leaving` is set: the server would wait for it."""
    unfinished = False

    async def noted(message: Message) -> None:
        nonlocal unfinished
        unfinished = message["type"] == "http.response.start" or message.get("more_body", False)
        await send(message)

    answering = asyncio.ensure_future(app(scope, receive, noted))
    stopping = asyncio.ensure_future(leaving.wait())
    try:
        await asyncio.wait((answering, stopping), return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            await answering
            return
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        if unfinished:
            await send({"type": "http.response.body"})
    finally:
        answering.cancel()
        stopping.cancel()
