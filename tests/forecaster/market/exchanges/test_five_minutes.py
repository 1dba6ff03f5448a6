"""LiveSource in five minutes: the right candle at every second, few and small calls, hours that end at any mark."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from forecaster.errors import InvalidInput, NoCandles
from forecaster.market.candles import Candles
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.gaps import gapless
from forecaster.market.hours_ending import hours_ending
from forecaster.market.store import CandleStore
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from tests.support.exchanges.fake import AMPLE, FORMING, FakeExchanges, five_minutes_of
from tests.support.exchanges.faults import FAULTS, HARMLESS
from tests.support.fakes import NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = candles_ending(NOON + 10 * HOUR, hours=1200)
OpenLive = Callable[..., LiveSource]
every_exchange = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(TAPE, NOON + 47 * 60) as fake:
        yield fake


@pytest.fixture
def clock(fake: FakeExchanges) -> Callable[[], float]:
    return fake.time


@pytest.fixture
async def open_live(fake: FakeExchanges, clock: Callable[[], float]) -> AsyncIterator[OpenLive]:
    opened: list[LiveSource] = []

    def open_live(*names: str, **options: object) -> LiveSource:
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name]) for name in names or NAMES]
        opened.append(LiveSource(exchanges, **{"clock": clock, "timer": clock, "budget": AMPLE, **options}))
        return opened[-1]

    yield open_live
    for source in opened:
        await source.close()


def newest(fake: FakeExchanges) -> Candles:
    return fake.closed(step=FIVE_MINUTES)


@pytest.mark.parametrize("second", [1, 299, 301, 47 * 60, 3599])
@every_exchange
async def test_the_newest_closed_five_minute_candle_is_the_right_one(name, second, open_live, fake):
    fake.now = NOON + second
    snapshot = await open_live(name).five_minutes("BTC-USD", 12)
    assert snapshot.candles.rows() == newest(fake)[-12:].rows()
    assert (snapshot.as_of, snapshot.age) == ((NOON + second) // 300 * 300, second % 300)
    assert (snapshot.warnings, snapshot.quote) == ((), EXCHANGES[name].quote)


@pytest.mark.parametrize("at", [None, NOON + 45 * 60, NOON + 5 * 60, NOON])
@every_exchange
async def test_hours_end_at_the_mark_that_is_asked_for(name, at, open_live, fake):
    snapshot = await open_live(name).hours_ending("BTC-USD", at, 20)
    assert snapshot.as_of == (NOON + 45 * 60 if at is None else at)
    assert snapshot.candles.rows() == hours_ending(newest(fake), snapshot.as_of, 20).rows()
    assert snapshot.candles.high.max() < TAPE.close.max() * FORMING


@every_exchange
async def test_what_a_forecast_needs_takes_two_calls_and_then_a_small_one_every_five_minutes(name, open_live, fake):
    source = open_live(name)
    for _ in range(3):
        snapshot = await source.hours_ending("BTC-USD", None, 288)
    assert fake.calls == {name: 2}
    assert len(gapless(snapshot.candles, 288)[0]) == 288
    fake.given.clear()
    for step in range(1, 40):
        fake.now = NOON + 47 * 60 + 300 * step
        snapshot = await source.hours_ending("BTC-USD", None, 288)
        assert snapshot.candles.rows()[-10:] == hours_ending(newest(fake), fake.now // 300 * 300, 10).rows()
        assert fake.calls == {name: 2 + step}
    assert max(fake.given) <= 5


@every_exchange
async def test_what_an_exchange_does_not_give_is_taken_from_hours_and_said(name, open_live, fake):
    snapshot = await open_live(name).hours_ending("BTC-USD", None, 100)
    assert len(snapshot.candles) == 100
    if name in ("bitstamp", "binance"):
        assert snapshot.notes == ()
        return
    made = {"coinbase": 24, "kraken": 59}[name]
    assert snapshot.notes == (
        f"{name} gave five-minute candles for the newest {made} hours; those before are hours of the clock",
    )
    assert snapshot.warnings == ()
    assert snapshot.candles[-made:].rows() == hours_ending(newest(fake), snapshot.as_of, made).rows()


async def test_memory_gives_what_an_exchange_no_longer_does(open_live, fake):
    source = open_live("coinbase")
    for _ in range(40):
        await source.five_minutes("BTC-USD", 1000)
        fake.now += HOUR / 2
        fake.candles = candles_ending(int(fake.now) // HOUR * HOUR + HOUR, hours=1200)
    held = (await source.five_minutes("BTC-USD", 1000)).candles
    assert len(held) > 500
    assert (held.time[1:] - held.time[:-1] == FIVE_MINUTES).all()


async def test_the_store_gives_it_after_a_restart(open_live, fake, tmp_path):
    url = f"sqlite:///{tmp_path / 'candles.db'}"
    before = CandleStore(url)
    before.save("coinbase", "BTC-USD", newest(fake)[-900:])
    before.close()
    snapshot = await open_live("coinbase", store=CandleStore(url)).hours_ending("BTC-USD", None, 60)
    assert snapshot.notes == ()
    assert snapshot.candles.rows() == hours_ending(newest(fake), snapshot.as_of, 60).rows()


async def test_a_store_that_ended_before_the_page_begins_leaves_no_hole(open_live, fake, tmp_path):
    url = f"sqlite:///{tmp_path / 'candles.db'}"
    before = CandleStore(url)
    before.save("coinbase", "BTC-USD", newest(fake)[-900:-400])
    before.close()
    held = (await open_live("coinbase", store=CandleStore(url)).five_minutes("BTC-USD", 1000)).candles
    assert len(held) == 299


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in HARMLESS])
async def test_the_next_exchange_gives_five_minutes_when_the_first_has_a_fault(fault, open_live, fake):
    fake.fail("bitstamp", fault)
    budget = 4.0 if fault in ("hang", "drip") else AMPLE
    snapshot = await open_live("bitstamp", "binance", budget=budget).hours_ending("BTC-USD", None, 60)
    assert (snapshot.source, snapshot.quote, snapshot.as_of) == ("binance", "USDT", NOON + 45 * 60)
    assert snapshot.candles.rows() == hours_ending(newest(fake), NOON + 45 * 60, 60).rows()


async def test_two_exchanges_are_never_mixed_in_one_series(open_live, fake):
    source = open_live("bitstamp", "binance")
    await source.latest("BTC-USD", 60)
    fake.fail("bitstamp", "403")
    snapshot = await source.hours_ending("BTC-USD", None, 288)
    assert (snapshot.source, snapshot.quote) == ("binance", "USDT")
    assert len(snapshot.candles) == 288
    assert [name for name, _ in fake.asked] == ["bitstamp", "binance", "binance"]


async def test_a_hundred_callers_cause_two_calls(open_live, fake):
    source = open_live()
    await asyncio.gather(*(source.hours_ending("BTC-USD", None, 288) for _ in range(100)))
    assert fake.calls == {"bitstamp": 2}


async def test_where_there_are_hours_alone_they_are_told_as_such(open_live, fake):
    source = open_live("bitstamp")
    await source.latest("BTC-USD", 60)
    fake.fail("bitstamp", "403")
    snapshot = await source.hours_ending("BTC-USD", None, 60)
    assert (snapshot.as_of, len(snapshot.candles)) == (NOON, 60)
    assert "hours of the clock" in snapshot.notes[-1] and "bitstamp refused access (403)" in snapshot.notes[-1]
    with pytest.raises(NoCandles):
        await open_live("bitstamp").hours_ending("BTC-USD", None, 60)


@pytest.mark.parametrize("answer", ["hours_ending", "quote"])
async def test_exchanges_that_hang_cost_no_more_than_for_hours_alone(answer, open_live, fake):
    fake.fail("all", "hang")
    source = open_live(budget=2.4)
    async with asyncio.timeout(3 * (2.4 + 1.6)):  # and for the store; a busy machine may take its time
        with pytest.raises(NoCandles, match="timed out"):
            await (source.quote("BTC-USD") if answer == "quote" else source.hours_ending("BTC-USD", None, 60))


async def test_hours_before_that_do_not_come_in_time_are_done_without(open_live, fake):
    source = open_live("kraken", budget=3.0)
    await source.five_minutes("BTC-USD", 60)
    fake.fail("kraken", "hang")
    snapshot = await source.hours_ending("BTC-USD", None, 288)
    assert (snapshot.source, len(snapshot.candles)) == ("kraken", 59)
    assert snapshot.notes == ("kraken gave five-minute candles for the newest 59 hours; there are none before",)


@pytest.mark.parametrize("at", [NOON + 46 * 60, NOON + 50 * 60, NOON - 90 * 24 * HOUR, -(10**18), 3 * 10**18])
async def test_a_time_that_has_no_candles_is_refused(at, open_live, fake):
    with pytest.raises(InvalidInput):
        await open_live("bitstamp").hours_ending("BTC-USD", at, 60)


async def test_a_late_five_minute_candle_is_flagged_and_asked_for_less_and_less_often(open_live, fake):
    fake.candles, fake.now = TAPE.closed_at(NOON), NOON + 1.0
    source = open_live("bitstamp")
    await source.five_minutes("BTC-USD", 60)
    fake.now = NOON + HOUR + 1
    asked, start = [], fake.now
    for _ in range(300):
        before = fake.calls["bitstamp"]
        snapshot = await source.five_minutes("BTC-USD", 60)
        assert snapshot.warnings == (ForecastWarning.STALE_CANDLES,)
        asked += [fake.now - start] * (fake.calls["bitstamp"] - before)
        fake.now += 1
    assert len(asked) < 12 and asked[:4] == [0, 5, 15, 35]


async def test_an_hour_whose_last_five_minutes_are_late_is_not_taken_for_whole(open_live, fake):
    fake.candles, fake.now = TAPE.closed_at(NOON), NOON + 1.0
    source = open_live("bitstamp")
    await source.five_minutes("BTC-USD", 60)
    fake.now = NOON + HOUR + 1
    snapshot = await source.hours_ending("BTC-USD", NOON + HOUR, 60)
    assert (snapshot.as_of, snapshot.warnings) == (NOON, (ForecastWarning.STALE_CANDLES,))


@pytest.mark.parametrize("hours", [-5, -1, 1, 30])
async def test_a_clock_of_ours_that_is_hours_off_changes_no_candle(hours, open_live, fake):
    def clock() -> float:
        return fake.time() + hours * HOUR

    source = open_live(clock=clock, timer=clock)
    snapshot = await source.hours_ending("BTC-USD", None, 60)
    assert (snapshot.as_of, snapshot.age, snapshot.now) == (NOON + 45 * 60, 120, fake.now)
    assert snapshot.warnings == (ForecastWarning.CLOCK_SKEW,)
    fake.now += 300
    assert (await source.hours_ending("BTC-USD", None, 60)).as_of == NOON + 50 * 60
    assert source.now() == fake.now


async def test_five_minutes_of_one_exchange_can_be_read_from_a_start(open_live, fake):
    candles = await open_live().since("BTC-USD", "kraken", NOON - HOUR, FIVE_MINUTES)
    assert candles.rows() == newest(fake).since(NOON - HOUR).rows()


def test_the_imitated_five_minutes_make_up_the_imitated_hours():
    hours = TAPE[-10:]
    made = hours_ending(five_minutes_of(hours), hours.end, 10)
    assert [row[:5] for row in made.rows()] == [row[:5] for row in hours.rows()]
