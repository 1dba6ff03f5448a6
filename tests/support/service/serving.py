"""The service in this process, without a server: its lifespan entered, a client, the simplest predictor and chat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.app import create_app
from forecaster.settings import Settings


class LastClose:
    """No change: the next close is the last one."""

    async def next_close(self, closes):
        return closes[-1]


class Chat(Starlette):
    """A page at /, a script at /assets/, and a lifespan that leaves a trace."""

    def __init__(self):
        self.trace = []
        super().__init__(
            routes=[Route("/", self.page), Route("/assets/a1b2.js", self.page), Route("/gradio_api/x", self.page)],
            lifespan=self.live,
        )

    async def page(self, request):
        return PlainTextResponse("chat")

    @asynccontextmanager
    async def live(self, app):
        self.trace.append("opened")
        yield
        self.trace.append("closed")


@asynccontextmanager
async def served(
    predictor=LastClose, settings=None, chat=None, close=None, *, routers=(), counted=None, **parts
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the app, which also serves `routers`; failures of the app are answers, as a server makes them.

    `parts` are those of create_app.
    """
    app = create_app(predictor, settings or Settings(), chat, close, counted, **parts)
    for router in routers:
        app.include_router(router)
    async with app.router.lifespan_context(app), client_from(app, "127.0.0.1") as client:
        client.app = app
        yield client


def client_from(app, address) -> httpx.AsyncClient:
    """A client of `app` at an address."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://api")


async def settled(client):
    """/readyz once nothing is starting any more."""
    while "starting" in (answer := await client.get("/readyz")).text:
        await asyncio.sleep(0.01)
    return answer


def assert_problem(answer, status):
    """The answer is a small problem of that status; gives its fields."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 1000
    problem = answer.json()
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].endswith(".")
    return problem
