"""The service behind a real nginx, as docs/proxy.md sets it up: addresses, redirects, MCP, and streams that flow."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import httpx
import pytest
from mcp import Client
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route

from api.app import create_app
from api.dependencies import Words
from forecaster.settings import Settings
from tests.support.browser.whole_service import PATIENCE, listening
from tests.support.fakes import FakeBackend
from tests.support.service.nginx import BELOW, LEFT_ON, NAMED, PREFIX, Nginx, Site, nginx
from tests.support.service.processes import until_ready
from tools.mcp_server import sessions

QUESTION = {"messages": [{"role": "user", "content": "what's BTC next hour?"}]}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
WAYS = (
    "at the root",
    "at the root, TLS",
    "taken off",
    "taken off, TLS",
    "left on",
    "left on, TLS",
    "named",
    "named, TLS",
)


class Held:
    """Streams whose second half waits until the first has arrived."""

    def __init__(self) -> None:
        self.arrived = threading.Event()

    async def turn(self, messages, *, zone="UTC"):
        yield Words("first")
        await asyncio.to_thread(self._wait)
        yield Words("second")

    def chat(self) -> Starlette:
        """A page's own stream, which says nothing of proxies."""

        async def stream(request):
            return StreamingResponse(self._pieces(), media_type="text/event-stream")

        return Starlette(routes=[Route("/gradio_api/queue/data", stream)])

    def _pieces(self) -> Iterator[str]:
        yield 'data: "first"\n\n'
        self._wait()
        yield 'data: "second"\n\n'

    def _wait(self) -> None:
        assert self.arrived.wait(PATIENCE)
        self.arrived.clear()


class Front(NamedTuple):
    """The addresses of the service behind nginx, by way."""

    proxy: Nginx
    held: Held

    def client(self, way: str) -> httpx.Client:
        """A client below the prefix, where the way has one."""
        address = self.proxy.addresses[WAYS.index(way)]
        return httpx.Client(base_url=f"{address}/", verify=self.proxy.trusting, timeout=PATIENCE)


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    held = Held()

    def service(**settings: str) -> str:
        told = Settings(source="demo", trusted_proxies=("127.0.0.1",), **settings)
        backend = FakeBackend()
        app = create_app(lambda: backend, told, held.chat, turn=held.turn, protocol=lambda: sessions(backend))
        address = stack.enter_context(listening(app))
        until_ready(address)
        return address

    with ExitStack() as stack:
        plain = service(public_url="https://chat.example.com")
        below = service(public_url="https://example.com/cs")
        named = service()
        ways = ((plain,), (below, BELOW), (below, LEFT_ON), (named, NAMED))
        sites = [Site(*way, tls=tls) for way in ways for tls in (False, True)]
        yield Front(stack.enter_context(nginx(tmp_path_factory.mktemp("nginx"), sites)), held)


@pytest.mark.parametrize("way", WAYS)
def test_every_address_answers_below_the_prefix_and_names_no_other(front: Front, way: str):
    with front.client(way) as client:
        prefix = str(client.base_url.path).rstrip("/")
        assert prefix == ("" if "root" in way else PREFIX)
        served = client.get("openapi.json").json().get("servers")
        assert served == ([{"url": prefix}] if prefix else None)
        docs = client.get("docs")
        assert f"'{prefix}/openapi.json'" in docs.text and f'"{prefix}/docs/static/swagger-ui.css"' in docs.text
        assert client.get("docs/static/swagger-ui.css").status_code == 200
        assert client.get("widget.js").headers["content-type"].startswith("text/javascript")
        assert client.get("v1/nothing").json()["detail"].startswith(f"Nothing is served at this address. {prefix}/docs")
        assert client.post("v1/price", json={}).headers["allow"] == "GET, HEAD"
        assert client.get("metrics").status_code == 404
        assert "nginx" in client.get("metrics").text
        base = {"na": prefix, "at": "https://chat.example.com"}.get(way[:2], "https://example.com/cs")
        told = client.get("llms.txt").text
        assert f"]({base}/mcp)" in told and f"POST {base}/v1/forecast:" in told and f'src="{base}/widget.js"' in told


@pytest.mark.parametrize("way", WAYS)
def test_redirects_stay_below_the_prefix_on_the_scheme_and_port_that_were_asked(front: Front, way: str):
    with front.client(way) as client:
        for path, target in (("mcp/", "mcp"), ("widget/?a=b", "widget?a=b"), ("docs/", "docs")):
            answer = client.get(path)
            assert answer.status_code == 307
            assert answer.next_request.url == client.base_url.join(target)
        if "root" not in way:
            answer = client.get(str(client.base_url).rstrip("/"))
            assert answer.is_redirect
            assert answer.next_request.url == client.base_url


@pytest.mark.parametrize("way", WAYS)
def test_mcp_answers_and_under_foreign_names_it_does_not(front: Front, way: str):
    with front.client(way) as client:
        accepted = {"accept": "application/json, text/event-stream"}
        assert client.post("mcp", json=PING, headers=accepted).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
        again = client.post("mcp/", json=PING, headers=accepted, follow_redirects=True)
        assert again.json() == {"jsonrpc": "2.0", "id": 1, "result": {}}
        assert client.post("mcp", json=PING, headers=accepted | {"host": "evil.example"}).status_code == 421


async def test_the_official_client_of_mcp_calls_a_tool_below_the_prefix(front: Front):
    async with Client(f"{front.proxy.addresses[WAYS.index('taken off')]}/mcp") as client:
        result = await client.call_tool("get_price", {"symbol": "BTC-USD"})
    assert not result.is_error


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("method", "path", "body"), [("POST", "v1/chat", QUESTION), ("GET", "gradio_api/queue/data", None)]
)
def test_a_stream_arrives_piece_by_piece(front: Front, way: str, method: str, path: str, body: object):
    with front.client(way) as client, client.stream(method, path, json=body) as answer:
        assert answer.status_code == 200
        lines = answer.iter_lines()
        assert "first" in next(line for line in lines if line.startswith("data:"))  # with the second half unsaid
        front.held.arrived.set()
        assert "second" in next(line for line in lines if line.startswith("data:"))


def test_what_a_visitor_sends_does_not_get_past_the_documented_headers(front: Front):
    forged = {"x-forwarded-prefix": "/forgery", "x-forwarded-host": "forgery.example"}
    for way in WAYS:
        with front.client(way) as client:
            for path in ("llms.txt", "docs", "openapi.json", "mcp/"):
                answer = client.get(path, headers=forged)
                assert "forgery" not in answer.text + str(answer.headers)
