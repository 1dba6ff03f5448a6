"""The price now: the last trade beside the newest close, never a simulated one beside a real one."""

import asyncio
from dataclasses import replace

import pytest

from forecaster.errors import NoCandles
from forecaster.market.candles import utc
from forecaster.market.quotes import Quote
from forecaster.market.simulated import DemoSource
from forecaster.market.sources import Snapshot
from forecaster.market.summaries import NO_TRADE, price_now
from forecaster.schema import HOUR, ForecastWarning
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON, HoursAlone

NOW = NOON + 47 * 60.0
HOURS = Snapshot("BTC-USD", "bitstamp", "USD", market(60, seed=3, close_time=NOON), NOW)
SHIFTED = market(60, seed=4, close_time=NOON)
LATER = Snapshot("BTC-USD", "bitstamp", "USD", replace(SHIFTED, time=SHIFTED.time + 45 * 60), NOW)
TRADE = Quote("BTC-USD", "bitstamp", "USD", 64_123.45, NOW - 3, NOW)
DEMO = (ForecastWarning.DEMO_DATA,), ("simulated, not market data",)


class Market(HoursAlone):
    """Gives what it is told to; None is not at hand."""

    def __init__(self, hours: Snapshot | None = HOURS, quote: Quote | None = TRADE, ending: Snapshot | None = LATER):
        self._hours, self._quote, self._ending = hours, quote, ending

    async def latest(self, symbol, hours):
        return self._given(symbol, self._hours)

    async def quote(self, symbol, within=5.0):
        return self._given(symbol, self._quote)

    async def hours_ending(self, symbol, at, hours):
        return self._given(symbol, self._ending)

    def _given(self, symbol, told):
        if told is None:
            raise NoCandles(symbol, ())
        return told


async def test_the_price_is_that_of_the_last_trade_and_the_close_that_of_the_full_hour():
    price = await price_now(Market(), "BTC-USD")
    assert (price.price, price.time) == (64_123.45, utc(int(NOW - 3)))
    assert (price.last_close, price.as_of) == (HOURS.candles.close[-1], utc(NOON))
    assert price.age_seconds == 47 * 60
    assert price.warnings == ()


async def test_the_change_is_that_of_the_24_hours_until_now():
    price = await price_now(Market(), "BTC-USD")
    day_ago = float(LATER.candles.close[-25])  # closed at 12:45 a day ago
    assert price.change_24h_pct == pytest.approx(100 * (64_123.45 / day_ago - 1))


async def test_without_five_minutes_the_change_is_told_from_the_nearest_full_hour():
    price = await price_now(Market(ending=None), "BTC-USD")
    assert price.change_24h_pct == pytest.approx(100 * (64_123.45 / float(HOURS.candles.close[-24]) - 1))


async def test_without_a_price_of_a_day_ago_no_change_is_told():
    young = replace(HOURS, candles=HOURS.candles[-20:])
    assert (await price_now(Market(young, ending=None), "BTC-USD")).change_24h_pct is None
    assert (await price_now(Market(young, None, None), "BTC-USD")).change_24h_pct is None


async def test_without_a_trade_the_newest_close_stands_in_and_says_so():
    price = await price_now(Market(quote=None), "BTC-USD")
    assert price.price == price.last_close == HOURS.candles.close[-1]
    assert price.time == price.as_of == utc(NOON)
    assert NO_TRADE in price.notes
    assert price.change_24h_pct == pytest.approx(100 * (price.price / float(HOURS.candles.close[-25]) - 1))


async def test_without_candles_there_is_no_price():
    with pytest.raises(NoCandles):
        await price_now(Market(hours=None), "BTC-USD")


@pytest.mark.parametrize("simulated", ["candles", "trade"])
async def test_a_simulated_price_never_stands_beside_real_candles(simulated):
    hours = replace(HOURS, source="demo", warnings=DEMO[0], notes=DEMO[1]) if simulated == "candles" else HOURS
    quote = replace(TRADE, source="demo", warnings=DEMO[0], notes=DEMO[1]) if simulated == "trade" else TRADE
    price = await price_now(Market(hours, quote), "BTC-USD")
    assert price.price == price.last_close
    assert (price.source, price.warnings) == (hours.source, hours.warnings)


async def test_currencies_are_never_mixed_and_each_is_named():
    dollars = replace(TRADE, source="binance", quote="USDT")
    price = await price_now(Market(quote=dollars), "BTC-USD")
    assert (price.source, price.quote) == ("binance", "USDT")
    assert price.change_24h_pct is None
    assert "the newest close is that of bitstamp, in USD" in price.notes


async def test_warnings_of_either_are_told_once():
    stale = (ForecastWarning.STALE_CANDLES,), ("the newest candle is old",)
    hours, quote = (replace(each, warnings=stale[0], notes=stale[1]) for each in (HOURS, TRADE))
    price = await price_now(Market(hours, quote), "BTC-USD")
    assert (price.warnings, price.notes) == stale


@pytest.mark.parametrize("minute", [0, 5, 47, 59])
async def test_on_the_simulated_tape_the_price_lies_within_the_forming_hour(minute):
    source = DemoSource(lambda: NOON + 60.0 * minute + 7)
    price = await price_now(source, "SOL-USD")
    later = await DemoSource(lambda: NOON + 2 * HOUR).latest("SOL-USD", 2)
    forming = later.candles[:1]
    assert forming.low[0] <= price.price <= forming.high[0]
    assert price.as_of == utc(NOON)
    assert price.warnings == (ForecastWarning.DEMO_DATA,)
    assert await asyncio.gather(price_now(source, "SOL-USD")) == [price]
