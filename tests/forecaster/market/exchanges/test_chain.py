"""LiveSource over four local exchanges: order, sharing, cooldowns, freshness, and never a made-up number."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from forecaster.errors import NoCandles, UnsupportedSymbol
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import BUDGET, LiveSource
from forecaster.schema import HOUR, ForecastWarning
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.exchanges.faults import FAULTS, HARMLESS
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
SKEWED = (ForecastWarning.CLOCK_SKEW,)  # as long as our clock is a month away
OpenLive = Callable[..., LiveSource]


class Clock:
    """This machine's clock, set by hand and a month away from the exchanges'."""

    def __init__(self) -> None:
        self.now = NOON - 30 * 24 * HOUR + 0.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(candles_ending(NOON + 5 * HOUR, hours=1000, last_close=LAST_CLOSE), NOON + 240) as fake:
        yield fake


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def open_live(fake: FakeExchanges, clock: Clock) -> AsyncIterator[OpenLive]:
    opened: list[LiveSource] = []

    def open_live(names: tuple[str, ...] = NAMES, **options: object) -> LiveSource:
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name]) for name in names]
        opened.append(LiveSource(exchanges, **{"clock": clock, "budget": AMPLE, **options}))
        return opened[-1]

    yield open_live
    for source in opened:
        await source.close()


def pass_time(fake: FakeExchanges, clock: Clock, seconds: float) -> None:
    assert fake.now is not None
    fake.now += seconds
    clock.now += seconds


async def failures(source: LiveSource) -> dict[str, str]:
    with pytest.raises(NoCandles) as caught:
        await source.latest("BTC-USD", 60)
    assert all(f"{error.exchange} {error.cause}" in str(caught.value) for error in caught.value.failures)
    return {error.exchange: error.cause for error in caught.value.failures}


async def test_the_first_exchange_in_order_answers_and_no_other_is_asked(open_live, fake):
    snapshot = await open_live(("kraken", "bitstamp")).latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.quote, snapshot.warnings) == ("kraken", "USD", SKEWED)
    assert snapshot.notes == ("this machine's clock is 30 days behind that of kraken, by which times are told here",)
    assert snapshot.candles.rows() == fake.candles.closed_at(NOON)[-60:].rows()
    assert (snapshot.as_of, snapshot.age) == (NOON, 240)
    assert fake.calls == {"kraken": 1}


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in HARMLESS])
async def test_the_next_exchange_answers_when_the_first_has_a_fault(fault, open_live, fake):
    fake.fail("bitstamp", fault)
    budget = 4.0 if fault in ("hang", "drip") else AMPLE
    snapshot = await open_live(("bitstamp", "binance"), budget=budget).latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.quote) == ("binance", "USDT")
    assert snapshot.candles.rows() == fake.candles.closed_at(NOON)[-60:].rows()


@pytest.mark.parametrize("second", [1, 30 * 60, 59 * 60 + 59])
async def test_the_last_close_is_the_served_one_all_through_the_hour(second, open_live, fake):
    fake.now = NOON + second
    snapshot = await open_live().latest("BTC-USD", 1)
    assert snapshot.candles.rows() == fake.candles.closed_at(NOON)[-1:].rows()
    assert (snapshot.as_of, snapshot.age, snapshot.warnings) == (NOON, second, SKEWED)


async def test_an_unknown_symbol_is_refused_before_any_call(open_live, fake):
    for symbol in ("nope", "BTC", "BTC-EUR", "../x-USD", "A" * 13 + "-USD", ""):
        with pytest.raises(UnsupportedSymbol):
            await open_live().latest(symbol, 60)
    assert not fake.calls


async def test_an_exchange_that_does_not_list_a_coin_is_passed_over_without_a_call(open_live, fake):
    source = open_live()
    snapshot = await source.latest("TRX-USD", 60)
    assert (snapshot.source, fake.calls) == ("kraken", {"kraken": 1})
    assert (await source.latest("BTC-USD", 60)).source == "bitstamp"  # and it is at no rest


async def test_a_coin_that_no_exchange_asked_here_lists_is_refused_with_what_they_do_list(open_live, fake):
    with pytest.raises(UnsupportedSymbol, match=r"symbols\.toml"):
        await open_live(("bitstamp", "coinbase")).latest("TRX-USD", 60)
    assert not fake.calls


async def test_when_every_exchange_fails_the_error_names_each_and_how(open_live, fake):
    for name, fault in zip(NAMES, ("451", "html", "429", "nan"), strict=True):
        fake.fail(name, fault)
    assert await failures(open_live()) == {
        "bitstamp": "refused this region (451)",
        "coinbase": "sent something that is not candles",
        "kraken": "asked to be left alone for 30 s",
        "binance": "sent something that is not candles",
    }


async def test_exchanges_that_hang_or_drip_cost_less_than_eight_seconds_together(open_live, fake):
    for name, fault in zip(NAMES, ("hang", "drip", "hang", "drip"), strict=True):
        fake.fail(name, fault)
    start = time.perf_counter()
    assert await failures(open_live(budget=BUDGET)) == dict.fromkeys(NAMES, "timed out")
    assert time.perf_counter() - start < 8


async def test_a_hundred_callers_cause_one_call(open_live, fake):
    source = open_live()
    snapshots = await asyncio.gather(*(source.latest("BTC-USD", 60) for _ in range(100)))
    assert {snapshot.source for snapshot in snapshots} == {"bitstamp"}
    assert fake.calls == {"bitstamp": 1}


async def test_a_hundred_callers_share_one_failure(open_live, fake):
    fake.fail("all", "403")
    source = open_live()
    outcomes = await asyncio.gather(*(source.latest("BTC-USD", 60) for _ in range(100)), return_exceptions=True)
    assert all(isinstance(outcome, NoCandles) for outcome in outcomes)
    assert fake.calls == dict.fromkeys(NAMES, 1)


async def test_a_caller_who_gives_up_does_not_stop_the_others(open_live, fake):
    fake.fail("bitstamp", "hang")
    source = open_live(budget=6.0)
    impatient = asyncio.create_task(source.latest("BTC-USD", 60))
    patient = asyncio.create_task(source.latest("BTC-USD", 60))
    await asyncio.sleep(0.05)
    impatient.cancel()
    assert (await patient).source == "coinbase"
    assert impatient.cancelled()
    assert fake.calls == {"bitstamp": 1, "coinbase": 1}


async def test_candles_serve_until_the_exchange_must_have_a_newer_one(open_live, fake, clock):
    source = open_live()
    await source.latest("BTC-USD", 60)
    pass_time(fake, clock, HOUR - 240 - 1)  # hh:59:59
    before = await source.latest("BTC-USD", 300)
    assert (before.as_of, before.age, fake.calls["bitstamp"]) == (NOON, HOUR - 1, 1)
    pass_time(fake, clock, 2)
    after = await source.latest("BTC-USD", 300)
    assert (after.as_of, after.age, fake.calls["bitstamp"]) == (NOON + HOUR, 1, 2)
    assert len(after.candles) == 300


async def test_a_clock_set_back_does_not_freeze_the_price(open_live, fake, clock):
    source = open_live()
    await source.latest("BTC-USD", 60)
    clock.now -= 24 * HOUR
    await source.latest("BTC-USD", 60)
    assert fake.calls["bitstamp"] == 2


async def test_our_clock_set_forward_does_not_make_answers_old(open_live, fake, clock):
    clock.now = fake.now
    source = open_live()
    await source.latest("BTC-USD", 60)
    clock.now += 3 * HOUR
    snapshot = await source.latest("BTC-USD", 60)
    assert (snapshot.age, snapshot.warnings, fake.calls["bitstamp"]) == (240, SKEWED, 2)


async def test_an_exchange_whose_clock_is_ahead_does_not_make_the_answers_of_others_old(open_live, fake, clock):
    clock.now = fake.now
    source = open_live(timer=clock)
    fake.now += 1800
    await source.latest("BTC-USD", 60)
    fake.now -= 1800
    pass_time(fake, clock, HOUR)
    fake.fail("bitstamp", "403")
    snapshot = await source.latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.age, snapshot.warnings) == ("coinbase", 240, ())


async def test_an_answer_from_a_cache_makes_way_for_that_of_the_next_exchange(open_live, fake, clock):
    clock.now = fake.now
    source = open_live(timer=clock)
    await source.latest("BTC-USD", 60)
    clock.now += HOUR
    assert (await source.latest("BTC-USD", 60)).notes == (
        "the newest candle at hand, from bitstamp, closed 64 minutes ago; nothing newer could be had: "
        + ", ".join(f"{name} sent an answer that is 60 minutes old" for name in NAMES),
    )
    pass_time(fake, clock, HOUR - 1)  # now they are an hour behind, and their candles too
    fake.now += HOUR + 1
    assert (await source.latest("BTC-USD", 60)).warnings == ()


async def test_a_date_that_stands_still_while_a_candle_is_late_does_not_keep_it_young(open_live, fake, clock):
    fake.candles = candles_ending(NOON)
    fake.now = clock.now = NOON + HOUR + 1
    source = open_live(("bitstamp",), timer=clock)
    for _ in range(40):
        snapshot = await source.latest("BTC-USD", 60)
        clock.now += 10  # each time long enough to ask again, and too short to notice anything by itself
    assert snapshot.age > HOUR + 300
    clock.now += HOUR
    assert await failures(source) == {"bitstamp": "sent an answer that is 67 minutes old"}


async def test_a_candle_that_is_late_is_flagged_and_asked_for_again(open_live, fake, clock):
    fake.candles = candles_ending(NOON)
    fake.now = NOON + HOUR + 1
    source = open_live(("bitstamp",))
    snapshot = await source.latest("BTC-USD", 60)
    assert (snapshot.as_of, snapshot.age) == (NOON, HOUR + 1)
    assert snapshot.warnings == (ForecastWarning.STALE_CANDLES, *SKEWED)
    assert snapshot.notes[0] == "the newest candle at hand, from bitstamp, closed 60 minutes ago"
    await source.latest("BTC-USD", 60)
    assert fake.calls["bitstamp"] == 1
    fake.candles = candles_ending(NOON + HOUR)
    pass_time(fake, clock, 6)
    assert (await source.latest("BTC-USD", 60)).warnings == SKEWED


async def test_an_exchange_that_stopped_two_hours_ago_counts_as_failed(open_live, fake):
    fake.candles = candles_ending(NOON - 2 * HOUR)
    assert (await failures(open_live(("coinbase",))))["coinbase"] == "has no candle newer than 2026-03-19 10:00 UTC"


async def test_an_exchange_that_asked_for_quiet_is_not_called_until_then(open_live, fake, clock):
    fake.fail("bitstamp", "429")
    source = open_live(("bitstamp",))
    await failures(source)
    fake.heal()
    pass_time(fake, clock, 20)
    assert await failures(source) == {"bitstamp": "asked to be left alone for 10 s"}
    assert fake.calls["bitstamp"] == 1
    pass_time(fake, clock, 10)
    assert (await source.latest("BTC-USD", 60)).source == "bitstamp"


async def test_an_exchange_that_keeps_failing_is_asked_less_and_less(open_live, fake, clock):
    fake.fail("bitstamp", "403")
    source = open_live(("bitstamp",))
    asked = []
    for second in range(100):
        before = fake.calls["bitstamp"]
        assert await failures(source) == {"bitstamp": "refused access (403)"}
        asked += [second] * (fake.calls["bitstamp"] - before)
        pass_time(fake, clock, 1)
    assert asked == [0, 2, 6, 14, 30, 62]


async def test_an_answer_clears_the_name_of_an_exchange_that_failed(open_live, fake, clock):
    source = open_live(("bitstamp",))
    for _ in range(2):  # the second failure would cost 4 s if the first were remembered
        fake.fail("bitstamp", "403")
        pass_time(fake, clock, HOUR)
        fake.calls.clear()
        with contextlib.suppress(NoCandles):  # the second time, candles from memory serve
            await source.latest("BTC-USD", 60)
        fake.heal()
        pass_time(fake, clock, 2)
        assert (await source.latest("BTC-USD", 60)).warnings == SKEWED
        assert fake.calls["bitstamp"] == 2


async def test_a_stopped_exchange_leaves_its_last_candles_for_two_hours(open_live, fake, clock):
    source = open_live(("bitstamp",))
    await source.latest("BTC-USD", 60)
    fake.stop()
    pass_time(fake, clock, HOUR)
    snapshot = await source.latest("BTC-USD", 60)
    assert (snapshot.as_of, snapshot.age) == (NOON, HOUR + 240)
    assert snapshot.warnings == (ForecastWarning.STALE_CANDLES, *SKEWED)
    assert "closed 64 minutes ago; nothing newer could be had: bitstamp could not be reached" in snapshot.notes[0]
    pass_time(fake, clock, HOUR)
    assert await failures(source) == {"bitstamp": "could not be reached"}


async def test_closing_in_the_middle_of_a_call_leaves_nothing_behind(open_live, fake):
    fake.fail("all", "hang")
    source = open_live()
    caller = asyncio.create_task(source.latest("BTC-USD", 60))
    await asyncio.sleep(0.05)
    await source.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
