"""HEAD: the beginning of what GET answers, for every address that takes GET."""

import asyncio
import http.client
import re

import httpx
import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from fastapi.routing import iter_route_contexts

from forecaster.settings import Settings
from tests.support.service.processes import PATIENCE, started, until_ready
from tests.support.service.serving import Chat, assert_problem, served, settled

EACH_ITS_OWN = {"date", "x-request-id", "ratelimit"}
SENT = {
    "/v1/price": {"symbol": "BTC-USD"},
    "/v1/candles": {"symbol": "BTC-USD"},
    "/v1/anomalies": {"symbol": "BTC-USD"},
}


def kept(answer):
    """The headers that two answers to the same request share."""
    changing = EACH_ITS_OWN | ({"content-length"} if answer.request.url.path == "/metrics" else set())
    return {name: value for name, value in answer.headers.items() if name not in changing}


def addresses(app):
    """Every address of ours that takes GET, and the page behind them."""
    routes = {each.path for each in iter_route_contexts(app.routes) if each.path and "GET" in (each.methods or ())}
    return sorted({re.sub(r"{.*?}", "fc_1", path) for path in routes} | {"/", "/docs/static/swagger-ui.css"})


async def test_every_address_that_takes_get_answers_head_alike_but_without_a_body(backend):
    async with served(lambda: backend, chat=Chat) as client:
        await settled(client)
        paths = addresses(client.app)
        assert {"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/llms.txt", "/widget.js"} <= set(paths)
        assert {"/v1/price", "/v1/forecasts/fc_1", "/v1/model"} <= set(paths)
        for path in paths:
            told = await client.get(path, params=SENT.get(path))
            begun = await client.head(path, params=SENT.get(path))
            assert (begun.status_code, kept(begun)) == (told.status_code, kept(told)), path
            assert int(begun.headers["content-length"]) > 0, path
            assert begun.content == b"", path


async def test_what_takes_no_get_takes_no_head_and_what_does_names_both(backend):
    async with served(lambda: backend, chat=Chat) as client:
        await settled(client)
        refused = await client.head("/predict")
        assert (refused.status_code, refused.headers["allow"], refused.content) == (405, "POST", b"")
        for path in ("/healthz", "/docs", "/widget.js", "/"):
            answer = await client.post(path)
            assert_problem(answer, 405)
            assert answer.headers["allow"] == "GET, HEAD"
        assert_problem_head(await client.head("/v1/nothing"), 404)


def assert_problem_head(answer, status):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.content == b""


async def test_the_document_does_not_repeat_every_get_as_head(backend):
    async with served(lambda: backend, chat=Chat) as client:
        document = (await client.get("/openapi.json")).json()
    assert all("head" not in operations for operations in document["paths"].values())


async def test_head_is_counted_refused_and_revalidated_as_get_is(backend):
    settings = Settings(rate_limit="2/hour")
    async with served(lambda: backend, settings, Chat) as client:
        await settled(client)
        tag = (await client.head("/widget.js")).headers["etag"]
        assert (await client.head("/widget.js", headers={"If-None-Match": tag})).status_code == 304
        price = "/v1/price?symbol=BTC-USD"
        assert [(await client.head(price)).status_code for _ in range(3)] == [200, 200, 429]
        assert (await client.head("/v1/price?symbol=DOGE")).status_code == 429
        shown = (await client.get("/metrics")).text
    assert 'cryptosense_http_requests_total{method="HEAD",route="/v1/price",status="200"} 2.0' in shown


@pytest.mark.parametrize("waiting", [False, True], ids=["that has begun", "that waits"])
async def test_head_of_a_stream_does_not_wait_for_its_end(waiting):
    router, ended = APIRouter(), asyncio.Event()

    @router.get("/stream")
    async def stream():
        async def parts():
            try:
                if not waiting:
                    yield b"ALIVE"
                await asyncio.Event().wait()
                yield b"never"
            finally:
                ended.set()

        return StreamingResponse(parts())

    async with served(routers=[router]) as client, asyncio.timeout(PATIENCE):
        answer = await client.head("/stream")
        assert (answer.status_code, answer.content) == (200, b"")
        await ended.wait()


def test_a_connection_goes_on_after_head_as_health_checks_expect():
    with started("--source", "demo") as (_, address):
        until_ready(address)
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE)
        for path in ("/healthz", "/", "/widget.js", "/docs", "/llms.txt", "/v1/model", "/gradio_api/heartbeat/page"):
            connection.request("HEAD", path, headers={"Accept": "*/*", "Accept-Encoding": "identity"})
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b""), path
        connection.close()
        sizes = [each(f"{address}/llms.txt").headers["content-length"] for each in (httpx.head, httpx.get)]
        assert sizes[0] == sizes[1] != "0"
