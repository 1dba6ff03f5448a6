"""Overload: a bounded number of requests at work and of bytes of bodies, no queue, slow clients in nobody's way."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter, HTTPException
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from api.addresses import Surface, surface_of
from api.app import create_app
from api.routes.predict import EXAMPLE_PRICES
from api.wire.budgets import Budget
from api.wire.strict_json import StrictJSONRoute
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings
from tests.support.service.serving import LastClose, assert_problem, served, settled

PREDICTION = {"prices": EXAMPLE_PRICES}
MIB = 1024 * 1024
TWO = Settings(max_concurrent=2, rate_limit="off")


class Slow:
    """Routes that answer when they are told to, and count who is inside."""

    def __init__(self):
        self.inside, self.go = 0, asyncio.Event()
        self.router = APIRouter(prefix="/v1", route_class=StrictJSONRoute)
        self.router.add_api_route("/slow", self.slow, methods=["GET"])
        self.router.add_api_route("/streamed", self.stream, methods=["GET"])
        self.router.add_api_route("/post", self.post, methods=["POST"])

    async def slow(self) -> int:
        self.inside += 1
        await self.go.wait()
        self.inside -= 1
        return 1

    async def post(self, body: list[int]) -> int:
        return await self.slow()

    async def stream(self) -> StreamingResponse:
        async def parts():
            yield b"1"
            await self.slow()

        return StreamingResponse(parts())

    async def taken(self, count):
        while self.inside < count:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def busy(client, slow, path="/v1/slow", count=2):
    """While `count` requests are inside."""
    asking = [asyncio.ensure_future(client.get(path)) for _ in range(count)]
    await slow.taken(count)
    yield asking
    slow.go.set()
    assert [answer.status_code for answer in await asyncio.gather(*asking)] == [200] * count


@pytest.fixture
def slow():
    return Slow()


@pytest.mark.parametrize("path", ["/v1/slow", "/v1/streamed"])
async def test_what_is_too_much_is_refused_at_once_and_accepted_again_later(slow, path):
    async with served(settings=TWO, routers=[slow.router]) as client:
        await settled(client)
        async with busy(client, slow, path):
            for answer in (await client.post("/predict", json=PREDICTION), await client.get("/v1/slow")):
                assert_problem(answer, 503)
                assert answer.headers["retry-after"] == "1"
            assert (await client.get("/healthz")).status_code == 200
            assert 'cryptosense_refused_total{reason="overload"} 2.0' in (await client.get("/metrics")).text
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200
        assert (await client.get("/v1/slow")).status_code == 200


async def test_a_failure_or_a_client_that_leaves_gives_its_place_back(slow):
    @slow.router.get("/fails")
    async def fails() -> None:
        raise RuntimeError

    async with served(settings=TWO, routers=[slow.router]) as client:
        for _ in range(5):
            assert (await client.get("/v1/fails")).status_code == 500
        for _ in range(5):
            asking = asyncio.ensure_future(client.get("/v1/slow"))
            await slow.taken(1)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            slow.inside = 0
        async with busy(client, slow):
            pass


async def test_bodies_that_arrive_slowly_keep_nobody_out(slow):
    arrive = asyncio.Event()

    async def body():
        yield b"["
        await arrive.wait()
        yield b"1]"

    headers = {"content-type": "application/json"}
    async with served(settings=TWO, routers=[slow.router]) as client:
        await settled(client)
        slow.go.set()
        posting = [asyncio.ensure_future(client.post("/v1/post", content=body(), headers=headers)) for _ in range(20)]
        await asyncio.sleep(0.05)
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200
        arrive.set()
        assert {answer.status_code for answer in await asyncio.gather(*posting)} == {200}


def test_a_budget_gives_what_it_has_and_takes_it_back():
    refused = []
    budget = Budget(10, lambda: refused.append(1))
    budget.take(7)
    with pytest.raises(HTTPException) as full:
        budget.take(4)
    assert (full.value.status_code, full.value.headers) == (503, {"Retry-After": "1"})
    budget.take(3)
    budget.give_back(10)
    assert (budget.used, len(refused)) == (0, 1)


async def test_bodies_together_take_bounded_memory(slow):
    class Large(StrictJSONRoute):
        body_limit = 40 * MIB

    class Texts(BaseModel):
        texts: list[str]

    router, halves, arrive = APIRouter(prefix="/v1", route_class=Large), [], asyncio.Event()

    @router.post("/large")
    async def large(body: Texts) -> int:
        return sum(map(len, body.texts))

    async def body():
        yield b'{"texts":["' + b'","'.join([b"x" * (MIB // 4)] * 4 * 33)
        halves.append(1)
        await arrive.wait()
        yield b'"]}'

    headers = {"content-type": "application/json"}
    async with served(routers=[router]) as client:
        first = asyncio.ensure_future(client.post("/v1/large", content=body(), headers=headers))
        while not halves:
            await asyncio.sleep(0.001)
        second = await client.post("/v1/large", content=body(), headers=headers)
        assert second.headers["retry-after"] == "1"
        assert_problem(second, 503)
        arrive.set()
        assert (await first).json() == 33 * MIB
        assert (await client.post("/v1/large", content=body(), headers=headers)).json() == 33 * MIB


async def test_a_group_of_routes_may_take_larger_bodies_within_its_own_time():
    class Batch(StrictJSONRoute):
        body_limit, body_seconds = 8 * MIB, 0.2

    router = APIRouter(prefix="/v1", route_class=Batch)

    @router.post("/batch")
    async def batch(texts: list[str]) -> int:
        return len(texts)

    async def stalled():
        yield b"["
        await asyncio.Event().wait()

    headers = {"content-type": "application/json"}
    async with served(routers=[router]) as client:
        assert (await client.post("/v1/batch", json=["x" * 100] * 10_000)).json() == 10_000
        padded = b'["x"]' + b" " * (8 * MIB - 5)
        assert (await client.post("/v1/batch", content=padded, headers=headers)).json() == 1
        too_large = await client.post("/v1/batch", content=padded + b" ", headers=headers)
        assert "8192 KiB" in assert_problem(too_large, 413)["detail"]
        assert_problem(await client.post("/v1/batch", content=stalled(), headers=headers), 408)


def test_every_route_of_the_api_takes_a_place_when_it_works():
    routes = iter_route_contexts(create_app(LastClose, Settings()).routes)
    ours = [each for each in routes if each.path and surface_of(each.path) is Surface.API]
    assert ours
    for each in ours:
        assert isinstance(each.original_route, StrictJSONRoute), each.path


@pytest.mark.parametrize("most", ["0", "-1", "many"])
def test_what_is_not_a_number_of_requests_is_refused_by_name(monkeypatch, most):
    monkeypatch.setenv("CRYPTOSENSE_MAX_CONCURRENT", most)
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_MAX_CONCURRENT"):
        Settings.load()
