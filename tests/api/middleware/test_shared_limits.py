"""Limits that several replicas count together in a real server."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.middleware.limits import Limiter, SharedCounters
from api.routes.predict import EXAMPLE_PRICES
from forecaster.errors import ConfigurationError
from tests.support.fakes import Clock
from tests.support.service.serving import assert_problem, served, settled
from tests.support.service.v1 import OPEN
from tests.support.service.valkey import Server

PREDICTION = {"prices": EXAMPLE_PRICES}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture
async def replica(server):
    """Makes the limiter of one more replica."""
    made = []

    def make(notation="10/minute", clock=time.monotonic):
        made.append(SharedCounters(server.url, clock=clock, patience=60.0))
        return Limiter("ip", notation, "RATE_LIMIT", clock, storage=lambda: made[-1])

    yield make
    for each in made:
        await each.close()


async def test_two_replicas_let_as_many_in_as_one_to_the_request(replica):
    replicas = [replica(), replica()]
    standings = await asyncio.gather(*(replicas[number % 2].hit("a") for number in range(40)))
    assert sum(each.passes for each in standings) == 10
    assert all(1 <= each.seconds <= 60 for each in standings)
    assert (await replicas[0].hit("b")).passes


async def test_a_window_ends_for_both(replica):
    first, second = replica("1/second"), replica("1/second")
    assert (await first.hit("a")).passes and not (await second.hit("a")).passes
    async with asyncio.timeout(30):
        while not (await second.hit("a")).passes:
            await asyncio.sleep(0.2)


async def test_while_it_is_away_each_counts_alone_and_the_log_is_told_once(server, replica, caplog):
    clock = Clock(1000.0)
    replicas = [replica("2/minute", clock), replica("2/minute", clock)]
    assert (await replicas[0].hit("a")).passes
    server.kill()
    for each in replicas:
        assert [(await each.hit("a")).passes for _ in range(3)] == [True, True, False]
    assert [line.message[:25] for line in caplog.records] == ["Valkey does not answer: l"] * 2  # once of each
    server.start()
    async with asyncio.timeout(60):
        for each in replicas:
            told = len(caplog.records)
            while len(caplog.records) == told:
                clock.now += 60
                await each.hit("c")
    assert [(await replicas[number % 2].hit("b")).passes for number in range(3)] == [True, True, False]
    assert [line.message for line in caplog.records][2:] == ["Valkey answers again: limits are shared."] * 2


async def test_a_service_answers_although_it_is_away_and_holds_its_own_limit(server):
    settings = OPEN.model_copy(update={"valkey_url": server.url, "rate_limit": "2/minute"})
    server.kill()
    async with served(settings=settings) as client:
        await settled(client)
        answers = [await client.post("/predict", json=PREDICTION) for _ in range(3)]
    assert [each.status_code for each in answers[:2]] == [200, 200]
    assert_problem(answers[2], 429)


@pytest.mark.parametrize("url", ["mysql://host", "valkey", "memcached://host:1"])
def test_what_names_no_valkey_is_refused_at_start_with_what_to_write(url):
    with pytest.raises(ConfigurationError, match=r"valkey://host:6379/0"):
        SharedCounters(url)
