"""Daily candles: an exchange's own, once a day, or whole days made of hours; never a day that is not over."""

import asyncio

import numpy as np
import pytest

from forecaster.errors import ExchangeError, NoCandles
from forecaster.market.candles import Candles, utc
from forecaster.market.daily.days import MOST_DAYS, Days, days_of
from forecaster.market.sources import Snapshot
from forecaster.schema import DAY, HOUR
from tests.support.fakes import NOON, FakeSource, candles_ending

MIDNIGHT = NOON // DAY * DAY
HOURS = candles_ending(hours=300)


def daily(count, end=MIDNIGHT):
    rows = [(end - (count - n) * DAY, 100.0 + n, 103.0 + n, 99.0 + n, 101.0 + n, 5.0) for n in range(count)]
    return Candles.from_rows(rows, DAY)


class WithDays(FakeSource):
    """An exchange of which days can be had, unless it fails."""

    def __init__(self):
        super().__init__(Snapshot("BTC-USD", "bitstamp", "USD", HOURS, NOON + 240.0))
        self.days = daily(MOST_DAYS)
        self.failure = None
        self.questions = []

    async def since(self, symbol, source, start, step=HOUR):
        self.questions.append((symbol, source, start, step))
        await asyncio.sleep(0)
        if self.failure:
            raise self.failure
        return self.days


@pytest.fixture
def source():
    return WithDays()


async def test_days_are_those_of_the_exchange_that_the_hours_come_from_asked_for_once(source):
    days = Days(source)
    first, second = await asyncio.gather(days.newest("BTC-USD"), days.newest("BTC-USD"))
    assert (await days.newest("BTC-USD")).candles.time.tolist() == source.days.time.tolist()
    assert first.candles.time.tolist() == second.candles.time.tolist()
    assert source.questions == [("BTC-USD", "bitstamp", MIDNIGHT - MOST_DAYS * DAY, DAY)]
    await days.close()


async def test_the_next_day_they_are_asked_for_again(source):
    days = Days(source)
    await days.newest("BTC-USD")
    source.snapshot = Snapshot("BTC-USD", "bitstamp", "USD", HOURS, NOON + DAY + 240.0)
    source.days = daily(MOST_DAYS, MIDNIGHT + DAY)
    assert (await days.newest("BTC-USD")).as_of == MIDNIGHT + DAY
    assert len(source.questions) == 2


async def test_a_day_that_is_not_over_is_left_out(source):
    source.days = daily(MOST_DAYS, MIDNIGHT + DAY)
    found = await Days(source).newest("BTC-USD")
    assert found.as_of == MIDNIGHT
    assert found.age == NOON + 240 - MIDNIGHT


async def test_without_an_exchanges_days_whole_days_are_made_of_hours_and_that_is_said(source):
    source.failure = ExchangeError("bitstamp", "timed out")
    found = await Days(source).newest("BTC-USD")
    assert found.notes == ("the exchange gave no days, so the newest 12 were made of hours",)
    assert found.candles.time.tolist() == [MIDNIGHT - n * DAY for n in range(12, 0, -1)]


async def test_without_a_whole_day_there_is_none(source):
    source.failure = ExchangeError("bitstamp", "timed out")
    source.snapshot = Snapshot("BTC-USD", "bitstamp", "USD", HOURS[-20:], NOON + 240.0)
    with pytest.raises(NoCandles):
        await Days(source).newest("BTC-USD")


def test_a_day_is_its_first_open_highest_high_lowest_low_last_close_and_all_volume():
    made = days_of(HOURS)
    for day in range(len(made)):
        part = HOURS.since(made.time[day])[:24]
        assert utc(int(made.time[day])).hour == 0
        assert (made.open[day], made.close[day]) == (part.open[0], part.close[-1])
        assert (made.high[day], made.low[day]) == (part.high.max(), part.low.min())
        assert made.volume[day] == pytest.approx(part.volume.sum())
    assert made.end == MIDNIGHT


def test_an_hour_without_a_trade_leaves_its_day_whole():
    kept = np.ones(len(HOURS), dtype=bool)
    kept[-30] = False
    fewer = Candles(*(column[kept] for column in HOURS.columns()))
    assert days_of(fewer).time.tolist() == days_of(HOURS).time.tolist()
    assert len(days_of(HOURS[:0])) == len(days_of(HOURS[:3])) == 0
