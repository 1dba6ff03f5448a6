"""Answers that are given again: bounded in number, bytes and time, never another client's, over HTTP and below it."""

import asyncio

import pytest
from fastapi import HTTPException

from api.middleware.idempotency import Idempotency
from forecaster.errors import NoCandles
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.fakes import Clock, FakeBackend
from tests.support.service.serving import assert_problem, client_from
from tests.support.service.v1 import serving


class Answers:
    """Counts how often it was asked; every answer is another one."""

    def __init__(self, size=0):
        self.count, self.size = 0, size

    async def __call__(self):
        self.count += 1
        return f"{self.count}".encode().ljust(self.size)


async def test_an_answer_is_given_again_for_a_day_and_then_made_anew():
    clock, answers = Clock(), Answers()
    kept = Idempotency(clock=clock)
    assert await kept.once("a", "k", b"?", answers) == (b"1", False)
    clock.now = 24 * 3600 - 1
    assert await kept.once("a", "k", b"?", answers) == (b"1", True)
    clock.now += 1
    assert await kept.once("a", "k", b"?", answers) == (b"2", False)


async def test_only_so_many_answers_are_kept_the_newest_ones():
    kept, answers = Idempotency(most=3), Answers()
    for key in "abcd":
        await kept.once("a", key, b"?", answers)
    await asyncio.sleep(0)
    assert len(kept) <= 3
    assert (await kept.once("a", "d", b"?", answers))[1]
    assert not (await kept.once("a", "a", b"?", answers))[1]


async def test_only_so_many_bytes_are_kept():
    kept, answers = Idempotency(most_bytes=1000), Answers(400)
    for key in "abcdefgh":
        await kept.once("a", key, b"?", answers)
    await asyncio.sleep(0)
    assert len(kept) == 2
    assert (await kept.once("a", "h", b"?", answers))[1]


async def test_a_client_never_gets_anothers_answer():
    kept, answers = Idempotency(), Answers()
    assert await kept.once("a", "k", b"?", answers) == (b"1", False)
    assert await kept.once("b", "k", b"?", answers) == (b"2", False)


async def test_another_body_under_the_same_key_is_refused_and_changes_nothing():
    kept, answers = Idempotency(), Answers()
    await kept.once("a", "k", b"?", answers)
    with pytest.raises(HTTPException) as refused:
        await kept.once("a", "k", b"!", answers)
    assert refused.value.status_code == 422
    assert await kept.once("a", "k", b"?", answers) == (b"1", True)


async def test_a_failure_reaches_all_who_wait_and_is_forgotten():
    kept, go_on = Idempotency(), asyncio.Event()

    async def failing():
        await go_on.wait()
        raise ArithmeticError

    waiting = [asyncio.create_task(kept.once("a", "k", b"?", failing)) for _ in range(3)]
    await asyncio.sleep(0.01)
    go_on.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ArithmeticError}
    assert len(kept) == 0
    assert await kept.once("a", "k", b"?", Answers()) == (b"1", False)


async def test_who_hangs_up_does_not_take_the_answer_from_those_who_wait():
    kept, go_on = Idempotency(), asyncio.Event()

    async def slow():
        await go_on.wait()
        return b"late"

    first = asyncio.create_task(kept.once("a", "k", b"?", slow))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(kept.once("a", "k", b"?", slow))
    await asyncio.sleep(0.01)
    first.cancel()
    go_on.set()
    assert await second == (b"late", True)


class Counting(FakeBackend):
    """Counts what it forecasts; holds the answer until `go_on` is set."""

    def __init__(self):
        super().__init__()
        self.count, self.go_on = 0, asyncio.Event()
        self.go_on.set()

    async def forecast(self, symbol, hours=None, **ahead):
        self.count += 1
        await self.go_on.wait()
        issued = await super().forecast(symbol, hours, **ahead)
        return issued.model_copy(update={"id": f"fc_{self.count}"})


LIVE = {"symbol": "BTC-USD"}


def keyed(key, **headers):
    return {"idempotency-key": key, **headers}


async def test_the_same_key_and_body_get_the_same_bytes():
    backend = Counting()
    async with serving(backend) as client:
        first = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        again = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        other = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-2"))
        without = await client.post("/v1/forecast", json=LIVE)
    assert again.content == first.content != other.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert backend.count == 3 and without.json()["id"] == "fc_3"


async def test_the_same_key_with_another_body_is_refused():
    async with serving(Counting()) as client:
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        answer = await client.post("/v1/forecast", json={"symbol": "ETH-USD"}, headers=keyed("a-1"))
    assert "another body" in assert_problem(answer, 422)["detail"]


async def test_who_asks_again_too_soon_waits_for_the_first_answer():
    backend = Counting()
    backend.go_on.clear()
    async with serving(backend) as client:
        asking = [asyncio.create_task(client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))) for _ in range(5)]
        while not backend.count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in asking)
        backend.go_on.set()
        answers = await asyncio.gather(*asking)
    assert len({answer.content for answer in answers}) == 1
    assert backend.count == 1


async def test_a_failure_is_not_kept_under_its_key():
    backend = Counting()
    backend.failure["forecast"] = NoCandles("BTC-USD", ())
    async with serving(backend) as client:
        assert (await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))).status_code == 503
        backend.failure.clear()
        assert (await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))).status_code == 200


async def test_keys_of_different_clients_are_different_keys():
    backend = Counting()
    async with serving(backend, Settings(rate_limit="off", api_keys=ENTRIES)) as client:
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1", authorization=f"Bearer {KEY}"))
        async with client_from(client.app, "10.1.2.3") as other:
            await other.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
    assert backend.count == 3


@pytest.mark.parametrize("key", ["", "x" * 65, "with space", "tab\t", "h\xe9"])
async def test_a_key_that_is_too_long_or_strange_is_refused(key):
    async with serving(Counting()) as client:
        sent = {"idempotency-key": key.encode("latin-1")}
        assert_problem(await client.post("/v1/forecast", json=LIVE, headers=sent), 422)
