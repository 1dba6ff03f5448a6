"""Every fault at every exchange, seen through the API: python -m pytest -s tests/soak/outages.py (20 minutes).

Says at the end how many answers there were and how long the slowest took. The name of this file keeps it out of the
usual run, where tests/api/test_outages.py is a short version.
"""

import asyncio
import sys
import time
from collections.abc import Iterator

import httpx
import pytest

from forecaster.market.exchanges.prices import SERVES_FOR
from forecaster.market.exchanges.turns import BUDGET
from forecaster.market.store import CandleStore
from forecaster.schema import HOUR
from tests.support.artifacts.markets import market
from tests.support.exchanges.fake import FakeExchanges
from tests.support.exchanges.faults import FAULTS, HARMLESS
from tests.support.exchanges.outages import (
    DOORS,
    FORECAST,
    NAMES,
    PRICE,
    Outage,
    Told,
    ask,
    assert_given,
    lived_through,
    rotated,
    service,
    tape_at_noon,
)
from tests.support.service.processes import PATIENCE, started, until_ready
from tests.support.service.serving import assert_problem

CALLERS = 100
PROMISE = 8.0  # seconds for an answer, whatever exchanges do


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with tape_at_noon() as fake:
        yield fake


def in_time(told: list[Told], what: str) -> None:
    slowest = max(told, key=lambda each: each.seconds)
    sys.stdout.write(f"\n{what}: {len(told)} answers, the slowest ({slowest.door}) after {slowest.seconds:.2f} s\n")
    assert slowest.seconds < PROMISE


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("first", NAMES)
async def test_every_fault_costs_freshness_before_it_costs_the_answer(first, door, fake, shipped):
    order = rotated(first)
    async with service(fake, shipped, order, budget=BUDGET) as client:
        told = await lived_through(FAULTS, client, fake, shipped, order, (door,))
    assert len(told) == 3 * len(FAULTS)
    in_time(told, f"{first} and then all fail")


@pytest.mark.parametrize("only", NAMES)
async def test_an_exchange_that_is_the_only_one_is_named_with_its_fault(only, fake, shipped):
    told = []
    async with service(fake, shipped, (only,), budget=BUDGET) as client:
        for fault in FAULTS:
            for door in DOORS:
                fake.heal()
                fake.now += 2 * HOUR  # what was given before is too old
                fake.fail(only, fault)
                told.append(await ask(client, door))
                await ask(client, PRICE, "ETH-USD")
                if fault in HARMLESS:
                    assert_given(told[-1], fake)
                else:
                    Outage(fault, client, fake, (only,), DOORS).assert_refused(told[-1])
    in_time(told, f"{only} alone")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("remembers", [True, False])
@pytest.mark.parametrize("fault", ["hang", "drip", "close", "503", "cut off"])
def test_a_process_that_starts_in_an_outage_answers_its_first_question_in_time(
    fault, remembers, door, monkeypatch, tmp_path
):
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with tape_until_now() as fake:
        for name, value in fake.settings_env().items() | {"CRYPTOSENSE_DATABASE_URL": url}.items():
            monkeypatch.setenv(name, value)
        if remembers:
            remember(url, fake)
        fake.fail("all", fault)
        with started("serve") as (_, address):
            until_ready(address)
            told = asked_once(address, door)
        if remembers:
            assert_given(told, fake)
            assert told.answer.json()["warnings"][0] == "stale_candles"
        else:
            assert_problem(told.answer, 503)
    in_time([told], f"a process that starts, {fault}, {'candles' if remembers else 'nothing'} in the store")


async def test_a_hundred_callers_of_a_process_that_just_started_cause_one_call_for_each_thing(monkeypatch):
    with tape_until_now() as fake:
        allowed = {"CRYPTOSENSE_RATE_LIMIT": "off", "CRYPTOSENSE_MAX_CONCURRENT": str(CALLERS)}
        for name, value in (fake.settings_env() | allowed).items():
            monkeypatch.setenv(name, value)
        with started("serve") as (_, address):
            until_ready(address)
            async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=httpx.Limits()) as client:
                start = time.perf_counter()
                told = await asyncio.gather(*(asked_as_told(client, DOORS[number % 2]) for number in range(CALLERS)))
                waited = time.perf_counter() - start
        answers = [assert_given(each, fake) for each in told]
    assert len({body["id"] for body in answers if "id" in body}) == 1
    trades = fake.calls.pop("bitstamp") - 4  # hours and five minutes of both coins
    assert 1 <= trades <= 1 + waited // SERVES_FOR
    assert not fake.calls
    in_time(told, "a process that just started, 100 callers")


async def asked_as_told(client: httpx.AsyncClient, door: str) -> Told:
    """An answer after as many tries as it takes, each when the service said: it takes on 32 at once and no queue."""
    while (told := await ask(client, door)).answer.status_code == 503:
        assert "The service is busy" in told.answer.text
        await asyncio.sleep(float(told.answer.headers["retry-after"]))
    return told


def tape_until_now() -> FakeExchanges:
    """Exchanges that keep real time; the tape ends some hours from now."""
    this_hour = int(time.time()) // HOUR * HOUR
    return FakeExchanges(market(400, seed=21, close_time=this_hour + 10 * HOUR))


def remember(url: str, fake: FakeExchanges) -> None:
    store = CandleStore(url)
    store.save("kraken", "BTC-USD", fake.candles.closed_at(fake.time())[-300:])
    store.close()


def asked_once(address: str, door: str) -> Told:
    with httpx.Client(base_url=address, timeout=PATIENCE) as client:
        if door == FORECAST:
            answer = client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        else:
            answer = client.get("/v1/price", params={"symbol": "BTC-USD"})
    return Told(door, answer, answer.elapsed.total_seconds())
