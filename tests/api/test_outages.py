"""Exchanges that fail, seen through the API: another exchange's candles, a flag, or a problem that names the causes.

tests/soak/outages.py is the long version.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from forecaster.schema import HOUR
from tests.support.exchanges.fake import FakeExchanges
from tests.support.exchanges.faults import FAULTS
from tests.support.exchanges.outages import (
    DOORS,
    FORECAST,
    NAMES,
    Outage,
    ask,
    assert_flagged_then_refused,
    assert_given,
    frozen,
    lived_through,
    rotated,
    service,
    tape_at_noon,
)
from tests.support.fakes import NOON
from tests.support.service.serving import assert_problem
from tests.support.unhurried import SLOWER

pytestmark = pytest.mark.unhurried
SLOW = ("hang", "drip")
QUICK = tuple(fault for fault in FAULTS if fault not in SLOW)
CALLERS = 100


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with tape_at_noon() as fake:
        yield fake


@pytest.mark.parametrize("first", NAMES)
async def test_a_fault_costs_an_exchange_then_freshness_and_only_then_the_answer(first, fake, shipped):
    faults = QUICK[NAMES.index(first) :: len(NAMES)]
    async with service(fake, shipped, rotated(first)) as client:
        told = await lived_through(faults, client, fake, shipped, rotated(first))
    assert len(told) == 3 * len(DOORS) * len(faults)


@pytest.mark.parametrize(("fault", "first"), [("hang", "coinbase"), ("drip", "binance")])
async def test_exchanges_that_never_answer_cost_their_share_of_the_time_and_no_more(fault, first, fake, shipped):
    async with service(fake, shipped, rotated(first), budget=2.0 / SLOWER) as client:
        told = await lived_through([fault], client, fake, shipped, rotated(first))
    assert len(told) == 3 * len(DOORS)


@pytest.mark.parametrize("door", DOORS)
async def test_a_service_that_starts_in_an_outage_and_remembers_nothing_says_so(door, fake, shipped):
    fake.fail("all", "451")
    async with service(fake, shipped) as client:
        Outage("451", client, fake, NAMES, DOORS).assert_refused(await ask(client, door))
    assert set(fake.calls) == set(NAMES)


async def test_a_service_that_starts_in_an_outage_tells_what_it_remembers_with_its_age(fake, shipped):
    async with service(fake, shipped) as client:
        before = (await ask(client, FORECAST)).answer.json()
    fake.fail("all", "html")
    fake.now += HOUR
    async with service(fake, shipped) as client:
        told = await ask(client, FORECAST)
    after = assert_given(told, fake)
    assert after["id"] == before["id"]
    assert (after["age_seconds"], after["warnings"][0]) == (HOUR + 240, "stale_candles")
    Outage("html", client, fake, NAMES, DOORS).assert_causes(after["notes"][0])


async def test_a_hundred_callers_of_a_cold_service_cause_one_call_for_each_thing_that_they_need(fake, shipped):
    async with service(fake, shipped, max_concurrent=CALLERS) as client:
        told = await asyncio.gather(*(ask(client, DOORS[number % 2]) for number in range(CALLERS)))
    answers = [assert_given(each, fake) for each in told]
    assert len({body["id"] for body in answers if "id" in body}) == 1
    # hours and five minutes of both coins, and the last trade of the one that is asked about
    assert Counter(exchange for exchange, _ in fake.queries) == {"bitstamp": 5}


async def test_a_hundred_callers_of_a_cold_service_share_one_failure(fake, shipped):
    fake.fail("all", "403")
    async with service(fake, shipped, max_concurrent=CALLERS) as client:
        told = await asyncio.gather(*(ask(client, DOORS[number % 2]) for number in range(CALLERS)))
    assert all(assert_problem(each.answer, 503) for each in told)
    assert all(count <= 5 for count in fake.calls.values())


async def test_candles_that_stop_are_told_with_their_age_for_two_hours_and_then_not_at_all(fake, shipped):
    fake.halted = NOON

    def pass_minutes(minutes: int) -> None:
        fake.now += 60 * minutes

    async with service(fake, shipped) as client:
        told = await frozen(client, fake, 180, pass_minutes)
    assert_flagged_then_refused(told, NAMES, "has no candle newer than 2026-03-19 12:00 UTC")


async def test_answers_that_are_repeated_with_their_old_date_do_not_pass_for_fresh(fake, shipped):
    ours = fake.now

    def pass_minutes(minutes: int) -> None:
        nonlocal ours
        ours += 60 * minutes

    async with service(fake, shipped, clock=lambda: ours) as client:
        told = await frozen(client, fake, 180, pass_minutes)
    assert_flagged_then_refused(told, NAMES, "sent an answer that is ")
