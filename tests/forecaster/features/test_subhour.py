"""What five-minute candles tell: nothing from the future, no price level, the same when served as in a backtest."""

import numpy as np
import pytest

from forecaster.features.dataset import Market, all_markets, returns_within
from forecaster.features.hourly import LOOKBACK
from forecaster.features.subhour import FINE_LOOKBACK, SUBHOUR, Minutes
from forecaster.market.candles import Candles
from forecaster.market.hours_ending import hours_ending
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.artifacts.markets import five_minutes, rewritten_after, scaled

DAYS = 16
FINE = five_minutes(DAYS, seed=1)
MOMENTS = FINE.time + FIVE_MINUTES
WHOLE = Minutes.of(FINE, MOMENTS)
COINS = {
    symbol: five_minutes(DAYS, seed=seed, start=start)
    for seed, (symbol, start) in enumerate(
        {"BTC-USD": 60_000.0, "ETH-USD": 3_000.0, "SOL-USD": 150.0, "XRP-USD": 0.5, "DOGE-USD": 0.1}.items()
    )
}


CUTS = 200
WHOLES = {symbol: Minutes.of(fine, MOMENTS) for symbol, fine in COINS.items()}


def columns(market: Market) -> tuple[np.ndarray, ...]:
    """All that is read of each hour."""
    hours = market.hours
    return hours.channels, hours.context, hours.other, hours.minutes.values, hours.minutes.known


def value(name: str, minutes: Minutes = WHOLE) -> np.ndarray:
    return minutes.values[:, SUBHOUR.index(name)]


def without(candles: Candles, gone: np.ndarray) -> Candles:
    kept = ~np.isin(np.arange(len(candles)), gone)
    return Candles(*(column[kept] for column in candles.columns()), step=candles.step)


def market_of(symbol: str, coins: dict[str, Candles], offset: int) -> Market:
    fine, other = coins[symbol], coins["ETH-USD" if symbol == "BTC-USD" else "BTC-USD"]
    end = FINE.end - HOUR + 60 * offset
    own, others = (hours_ending(each, end, DAYS * 24) for each in (fine, other))
    return Market.of(symbol, own, others, fine)


def test_minutes_are_known_once_a_day_of_candles_is():
    assert WHOLE.values.shape == (DAYS * 288, len(SUBHOUR)) and WHOLE.values.dtype == np.float32
    assert not WHOLE.known[: FINE_LOOKBACK - 1].any() and WHOLE.known[FINE_LOOKBACK - 1 :].all()
    assert not WHOLE.values[: FINE_LOOKBACK - 1].any()


def test_a_move_is_the_log_return_of_its_minutes_over_the_root_of_hours():
    move = np.log(FINE.close[1_000] / FINE.close[997])
    assert value("fine_move_15m")[1_000] == pytest.approx(move / np.sqrt(0.25), rel=1e-5)
    assert value("fine_move_5m")[1_000] == pytest.approx(np.log(FINE.close[1_000] / FINE.close[999]) / np.sqrt(1 / 12))


def test_a_volatility_is_per_hour_and_of_its_minutes_alone():
    calm = Candles(*(column.copy() for column in FINE.columns()), step=FIVE_MINUTES)
    calm.high[-2:] = calm.low[-2:] = calm.close[-2:] = calm.close[-3]
    told = Minutes.of(calm, MOMENTS[-1:])
    assert value("fine_range_10m", told)[0] == pytest.approx(np.log(1e-6))
    assert value("fine_range_180m", told)[0] < value("fine_range_180m")[-1]
    spread = np.log(FINE.high[-2:] / FINE.low[-2:]) ** 2 / (4 * np.log(2))
    step = 0.36 * np.diff(np.log(FINE.close[-3:])) ** 2
    assert np.exp(2 * value("fine_range_10m")[-1]) == pytest.approx(12 * np.maximum(spread, step).mean(), rel=1e-4)


@pytest.mark.parametrize("moment", [400, 1_503, DAYS * 288 - 1])
def test_three_hundred_served_candles_give_what_the_backtest_had(moment):
    served = Minutes.of(FINE[moment - 299 : moment + 1], MOMENTS[moment : moment + 1])
    assert served.known[0] == 1
    assert served.values[0] == pytest.approx(WHOLE.values[moment], abs=1e-5)
    less = Minutes.of(FINE[moment + 2 - FINE_LOOKBACK : moment + 1], MOMENTS[moment : moment + 1])
    assert less.known[0] == 0 and not less.values.any()


@pytest.mark.parametrize("factor", [1e-8, 1e3, 1e8])
def test_the_price_level_changes_nothing(factor):
    there = scaled(FINE, factor)
    assert Minutes.of(there, MOMENTS).values == pytest.approx(WHOLE.values, abs=1e-5)


def test_a_late_candle_and_too_many_missing_ones_leave_the_minutes_unknown():
    assert Minutes.of(FINE[:-1], MOMENTS[-1:]).known[0] == 0
    assert Minutes.of(without(FINE, np.array([len(FINE) - 20])), MOMENTS[-1:]).known[0] == 1
    assert Minutes.of(without(FINE, np.arange(len(FINE) - 200, len(FINE) - 10)), MOMENTS[-1:]).known[0] == 0
    assert Minutes.of(FINE, MOMENTS[-1:] + 60).known[0] == 0
    assert Minutes.of(FINE, MOMENTS[-1:] + FIVE_MINUTES).known[0] == 0


@pytest.mark.parametrize("symbol", COINS)
def test_what_comes_after_a_minute_changes_no_input_before_it(symbol):
    random, pair = np.random.default_rng(list(COINS).index(symbol)), (symbol, *{"BTC-USD", "ETH-USD"} - {symbol})
    whole = {offset: market_of(symbol, COINS, offset) for offset in range(0, 60, 5)}
    for cut in random.integers(300 * 12, DAYS * 288 - 24, CUTS):
        offset = int(random.integers(12)) * 5
        before = whole[offset]
        later = {name: rewritten_after(COINS[name], cut, seed) for seed, name in enumerate(pair)}
        after = market_of(symbol, later, offset)
        known = int((before.time + HOUR <= FINE.time[cut]).sum())  # hours that had closed before what is rewritten
        assert LOOKBACK <= known < len(before.time)
        rows = np.array([LOOKBACK - 1, known - 2, known - 1])
        for kind in ("full", "closes_only"):
            old, new = before.hours.inputs(rows, kind), after.hours.inputs(rows, kind)
            assert all(np.array_equal(old[name], new[name]) for name in old)
        for one, other in zip(columns(before), columns(after), strict=True):
            assert np.array_equal(one[:known], other[:known])
        assert not np.array_equal(before.hours.minutes.values[known:], after.hours.minutes.values[known:])
        moments = MOMENTS[
            cut - 12 : cut
        ]  # the last hour's, the newest of which closes as the first rewritten one opens
        assert np.array_equal(Minutes.of(later[symbol], moments).values, WHOLES[symbol].values[cut - 12 : cut])


def test_returns_within_the_hour_are_those_of_its_minutes_and_unknown_where_a_close_is():
    told = returns_within(FINE, MOMENTS[[500, len(FINE) - 4, len(FINE) - 1]], (15, 30, 45))
    assert told[0] == pytest.approx(np.log(FINE.close[[503, 506, 509]] / FINE.close[500]))
    assert np.isfinite(told[1]).tolist() == [True, False, False] and np.isnan(told[2]).all()
    assert np.isnan(returns_within(without(FINE, np.array([503])), MOMENTS[[500]], (15,))[0, 0])


def test_there_is_a_market_for_each_coin_of_the_clock_and_each_offset_of_five_minute_candles():
    hours = {symbol: hours_ending(each, FINE.end, DAYS * 24) for symbol, each in COINS.items()}
    fine = {symbol: COINS[symbol] for symbol in ("BTC-USD", "ETH-USD")}
    markets = all_markets(hours, fine, (15, 50))
    assert [(market.symbol, market.time[0] % HOUR // 60) for market in markets] == [
        *((symbol, 0) for symbol in COINS),
        *((symbol, offset) for symbol in fine for offset in (15, 50)),
    ]
    assert markets[0].hours.minutes.known[-1] == 1 and not markets[2].hours.minutes.known.any()
    assert all(market.hours.other[-1] == 1 for market in markets)
