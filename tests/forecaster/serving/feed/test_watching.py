"""What is news of a symbol: another price that is not older, a candle once, a surprise once in six hours."""

import pytest

from forecaster.errors import ArtifactError
from forecaster.market.candles import utc
from forecaster.schema import FIVE_MINUTES, ForecastWarning
from forecaster.serving.feed.watching import LATE, LONGEST_SLEEP, MOST_CANDLES, PATIENCE, Watch, missed_candles
from tests.support.fakes import NOON, Clock, surprise
from tests.support.service.streams import Moving


@pytest.fixture
def market():
    return Moving()


@pytest.fixture
def timer():
    return Clock(1000.0)


@pytest.fixture
def watch(market, timer):
    return Watch("BTC-USD", market, timer)


async def test_a_price_is_told_when_it_is_another_one(market, watch):
    market.trades(100.0, at=0)
    assert (await watch.quote()).price == 100.0
    market.trades(100.0, at=3)  # the same, traded again
    assert await watch.quote() is None
    market.trades(101.0, at=4)
    told = await watch.quote()
    assert (told.price, told.time) == (101.0, utc(NOON + 4))
    market.trades(101.0, at=5, source="kraken")
    assert (await watch.quote()).source == "kraken"
    market.trades(101.0, at=6, source="kraken", warnings=(ForecastWarning.STALE_CANDLES,))
    assert (await watch.quote()).warnings == (ForecastWarning.STALE_CANDLES,)


async def test_a_trade_that_is_older_than_the_last_one_told_is_not_told_wherever_it_comes_from(market, watch):
    market.trades(100.0, at=10)
    await watch.quote()
    for source in ("bitstamp", "kraken"):
        market.trades(99.0, at=9, source=source)
        assert await watch.quote() is None
    market.trades(98.0, at=10)
    assert (await watch.quote()).price == 98.0


async def test_a_clock_that_was_hours_ahead_silences_a_price_for_a_minute_and_no_longer(market, watch, timer):
    market.trades(100.0, at=7200)
    await watch.quote()
    market.trades(99.0, at=1)
    timer.now += PATIENCE - 1
    assert await watch.quote() is None
    timer.now += 2
    assert (await watch.quote()).price == 99.0
    market.trades(98.0, at=2)
    assert (await watch.quote()).price == 98.0


async def test_a_candle_is_told_once_and_all_that_closed_meanwhile(market, watch):
    closed, pause = await watch.candles()
    assert [each.open_time for each in closed] == [utc(NOON - FIVE_MINUTES)]
    assert 0 < pause <= LONGEST_SLEEP
    assert (await watch.candles())[0] == []
    market.now += 3 * FIVE_MINUTES
    closed, _ = await watch.candles()
    assert [each.open_time for each in closed] == [utc(NOON + k * FIVE_MINUTES) for k in range(3)]
    market.now += 60 * FIVE_MINUTES
    assert len((await watch.candles())[0]) == MOST_CANDLES


async def test_a_candle_that_is_late_is_asked_for_again_soon_and_a_clock_set_back_tells_none_twice(market, watch):
    await watch.candles()
    market.minutes = market.minutes.closed_at(market.now)  # an exchange that stalls
    market.now += FIVE_MINUTES + 60
    assert await watch.candles() == ([], LATE)
    market.now = NOON - 2000.0
    closed, pause = await watch.candles()
    assert closed == []
    assert 0 < pause <= LONGEST_SLEEP


async def test_an_anomaly_is_told_once_and_stands_for_six_hours(market, watch):
    assert await watch.anomaly() is None  # the newest hour was an ordinary one
    for back, is_told in ((0, True), (0, False), (-1, False), (-6, False), (-7, True)):
        market.newest = surprise(back=back, days=40.0)
        assert (await watch.anomaly() is not None) == is_told, back


async def test_a_model_that_judges_nothing_tells_no_anomaly(market, watch):
    market.failure["anomalies"] = ArtifactError("It does not judge.", "Load another one.")
    assert await watch.anomaly() is None


async def test_candles_of_the_last_day_can_be_told_again(market):
    told = await missed_candles(market, "BTC-USD", NOON - 3 * FIVE_MINUTES - 1)
    assert [each.open_time for each in told] == [utc(NOON - k * FIVE_MINUTES) for k in (4, 3, 2, 1)]
