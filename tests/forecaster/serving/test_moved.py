"""A forecast moved to the newest price: from it, narrower by the time gone, never by a price that cannot be."""

from itertools import pairwise

import numpy as np
import pytest

from forecaster.market.candles import utc
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.serving.moved import shrunk
from tests.support.fakes import NOON
from tests.support.marks import FINE, MOVED, Marks

AT = NOON + 43 * 60
MARK = NOON + 40 * 60
STALE = ForecastWarning.STALE_QUOTE


@pytest.fixture
def source():
    return Marks(AT)


@pytest.fixture
def backend(source, shipped):
    return LocalBackend(source, shipped)


@pytest.fixture
async def still(shipped):
    """The same forecasts where no trade is known."""
    alone = Marks(AT)
    alone.broken = {("quote", "BTC-USD")}
    return LocalBackend(alone, shipped)


async def test_a_forecast_starts_now(backend):
    told = await backend.forecast("BTC-USD", 2)
    close = float(FINE["BTC-USD"].closed_at(AT).close[-1])
    assert told.as_of == utc(MARK)
    assert told.last_close == close
    assert (told.last_price, told.price_time) == (pytest.approx(close * MOVED), utc(AT - 2))
    assert [each.target_time for each in told.horizons] == [utc(MARK + HOUR), utc(MARK + 2 * HOUR)]
    assert (told.age_seconds, told.warnings) == (180, ())


async def test_it_is_the_standing_one_moved_to_the_last_trade_with_the_time_gone_taken_off(backend, still):
    told, before = await backend.forecast("BTC-USD", 24), await still.forecast("BTC-USD", 24)
    assert told.id == before.id
    assert (before.last_price, before.price_time) == (before.last_close, before.as_of)
    for now, then in zip(told.horizons, before.horizons, strict=True):
        left = 1 - 178 / (60 * then.minutes)
        old, new = (
            {level: np.log(price / start) for level, price in each.quantiles.items()}
            for each, start in ((then, before.last_close), (now, told.last_price))
        )
        assert new["0.50"] == pytest.approx(left * old["0.50"], abs=1e-12)
        for level in old:
            spread = np.sqrt(left) * (old[level] - old["0.50"])
            assert new[level] - new["0.50"] == pytest.approx(spread, abs=1e-12)
        assert now.median == now.quantiles["0.50"]
        assert now.target_time == then.target_time
        assert now.expected_move_pct < then.expected_move_pct
        assert all(low <= high for low, high in pairwise(now.quantiles.values()))


async def test_its_chance_of_a_rise_is_that_from_the_newest_price(backend, still):
    told, before = await backend.forecast("BTC-USD", 1), await still.forecast("BTC-USD", 1)
    assert told.horizons[0].probability_up == pytest.approx(before.horizons[0].probability_up, abs=0.02)


async def test_a_minute_between_horizons_is_interpolated_before_it_is_moved(backend, still):
    told, before = await backend.forecast("BTC-USD", minutes=20), await still.forecast("BTC-USD", minutes=20)
    assert [each.minutes for each in told.horizons] == [15, 20]
    now, then = (np.log([*each.quantiles.values()]) for each in (told.horizons[1], before.horizons[1]))
    left = 1 - 178 / 1200
    assert now[-1] - now[0] == pytest.approx(np.sqrt(left) * (then[-1] - then[0]), rel=1e-9)


async def test_a_moment_is_counted_from_the_mark_and_may_not_be_over(backend):
    told = await backend.forecast("BTC-USD", until=utc(NOON + HOUR))
    assert [each.minutes for each in told.horizons] == [15, 20]
    assert told.horizons[-1].target_time == utc(NOON + HOUR)


@pytest.mark.parametrize(
    ("trade", "words"),
    [
        ({"quote": "USDT"}, "the last trade is in USDT and the candles are in USD, so"),
        ({"warnings": (ForecastWarning.DEMO_DATA,)}, "is simulated, and the other is not, so"),
        ({"price": 2.0}, "% off the newest close, which no candle explains, so"),
        ({"time": AT + HOUR, "now": AT + HOUR + 1.0}, "is dated 63 minutes after the newest candle, so"),
    ],
)
async def test_a_trade_that_cannot_be_the_price_now_is_told_and_not_used(backend, source, still, trade, words):
    source.of_trade = trade
    told, before = await backend.forecast("BTC-USD", 3), await still.forecast("BTC-USD", 3)
    assert told.horizons == before.horizons
    assert (told.last_price, told.price_time) == (told.last_close, told.as_of)
    assert told.warnings == (STALE,)
    assert words in told.notes[-1]


async def test_a_trade_of_more_than_a_minute_ago_is_used_and_told(backend, source):
    source.of_trade = {"time": float(MARK + 60)}
    told = await backend.forecast("BTC-USD", 1)
    assert told.price_time == utc(MARK + 60)
    assert told.warnings == (STALE,)
    assert told.notes == ("the last trade known, from bitstamp, is 2 minutes old",)


async def test_a_trade_before_the_newest_close_is_no_news(backend, source, still):
    source.of_trade = {"time": float(MARK - 10), "now": float(AT)}
    told = await backend.forecast("BTC-USD", 1)
    assert told == await still.forecast("BTC-USD", 1)


async def test_a_trade_of_another_exchange_is_named(backend, source):
    source.of_trade = {"source": "kraken"}
    told = await backend.forecast("BTC-USD", 1)
    assert (told.warnings, told.notes) == ((), ("the last trade is that of kraken",))


async def test_a_forecast_from_full_hours_stays_at_the_full_hour(backend, source):
    source.broken = {("five_minutes", "BTC-USD")}
    told = await backend.forecast("BTC-USD", 1)
    assert (told.as_of, told.last_price, told.price_time) == (utc(NOON), told.last_close, told.as_of)
    assert told.warnings == (ForecastWarning.HOURLY,)


async def test_horizons_that_are_over_are_left_out(backend, source):
    source.late = {"BTC-USD": 2, "ETH-USD": 2}
    source.of_trade = {"time": float(MARK - 2 * FIVE_MINUTES + 16 * 60), "now": float(AT + 240)}
    told = await backend.forecast("BTC-USD", minutes=40)
    assert [each.minutes for each in told.horizons] == [30, 40]


async def test_every_five_minutes_has_a_forecast_of_its_own_and_none_is_issued_twice(backend, source):
    first = await backend.forecast("BTC-USD", 1)
    source.moment += 60
    again = await backend.forecast("BTC-USD", 1)
    source.moment += 240
    later = await backend.forecast("BTC-USD", 1)
    assert first.id == again.id != later.id
    assert (later.as_of - first.as_of).total_seconds() == FIVE_MINUTES
    source.broken = {("five_minutes", "BTC-USD")}
    hourly = await backend.forecast("BTC-USD", 1)
    source.broken = set()
    assert (await backend.forecast("BTC-USD", 1)).id == later.id != hourly.id


def test_what_is_left_of_the_time_keeps_quantiles_in_order():
    returns = np.sort(np.random.default_rng(1).standard_normal((50, 21)), axis=1)
    for share in (1.0, 0.5, 1e-6):
        assert (np.diff(shrunk(returns, np.full(50, share), 10), axis=1) >= 0).all()
    assert shrunk(returns, np.ones(50), 10) == pytest.approx(returns)


async def test_a_clock_that_is_set_back_finds_the_forecast_that_was_issued_then(backend, source):
    first = await backend.forecast("BTC-USD", 1)
    source.moment += 300
    later = await backend.forecast("BTC-USD", 1)
    source.moment -= 300
    source.broken = {("hours_ending", "ETH-USD"), ("latest", "ETH-USD")}  # another one would not be the same
    assert await backend.forecast("BTC-USD", 1) == first != later
