"""The simulated tape: never another hour than before, and returns that behave as a market's do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.errors import UnsupportedSymbol
from forecaster.market.candles import Candles
from forecaster.market.simulated import BLOCK, MOST_HOURS, DemoSource, simulated
from forecaster.schema import HOUR, SYMBOLS, ForecastWarning
from tests.support.fakes import NOON

NOW_HOUR = NOON // HOUR
BTC_AT_NOON = (NOON, 63375.17, 63517.09, 63180.65, 63304.26, 480.5939)
ETH_AT_NOON = (NOON, 2618.94, 2622.87, 2611.9, 2617.06, 1762.4407)
hours_of_the_tape = st.integers(350_000, 1_100_000)  # 2009 to 2095
both = pytest.mark.parametrize("symbol", SYMBOLS)


def autocorrelation(values: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(values[:-lag], values[lag:])[0, 1])


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(SYMBOLS), hours_of_the_tape, st.integers(1, 3000), st.data())
def test_an_hour_is_the_same_whatever_window_shows_it(symbol, first, hours, data):
    start = data.draw(st.integers(0, hours - 1))
    count = data.draw(st.integers(1, hours - start))
    whole, part = simulated(symbol, first, hours), simulated(symbol, first + start, count)
    assert part.rows() == whole[start : start + count].rows()


def test_known_hours_have_the_prices_that_they_always_had():
    (btc,) = simulated("BTC-USD", NOW_HOUR, 1).rows()
    (eth,) = simulated("ETH-USD", NOW_HOUR, 1).rows()
    assert btc == pytest.approx(BTC_AT_NOON, abs=0.011)
    assert eth == pytest.approx(ETH_AT_NOON, abs=0.011)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(SYMBOLS), hours_of_the_tape)
def test_candles_are_plausible_and_each_opens_where_the_last_one_closed(symbol, first):
    candles = simulated(symbol, first, 200)
    assert Candles.from_rows(candles.rows()).rows() == candles.rows()  # the check that live candles pass
    assert candles.time.tolist() == [HOUR * hour for hour in range(first, first + 200)]
    assert candles.open[1:].tolist() == candles.close[:-1].tolist()
    assert (candles.volume > 0).all()


@both
def test_blocks_meet_without_a_jump(symbol):
    seams = [simulated(symbol, BLOCK * block - 1, 2) for block in range(450, 500)]
    assert all(pair.close[0] == pair.open[1] for pair in seams)
    moves = np.array([np.log(pair.close[1] / pair.open[1]) for pair in seams])
    assert moves.std() < 0.02


@both
def test_returns_have_fat_tails_and_clustered_volatility_but_no_memory(symbol):
    returns = np.diff(np.log(simulated(symbol, NOW_HOUR - 20_000, 20_000).close))  # (19999,)
    size = np.abs(returns)
    centred = returns - returns.mean()
    assert 0.003 < returns.std() < 0.009
    assert (centred**4).mean() / (centred**2).mean() ** 2 > 5
    assert autocorrelation(size, 1) > 0.15 and autocorrelation(size, 24) > 0.05
    assert abs(autocorrelation(returns, 1)) < 0.04 and abs(autocorrelation(returns, 24)) < 0.04


@both
def test_volume_grows_with_range(symbol):
    candles = simulated(symbol, NOW_HOUR - 5000, 5000)
    reach = np.log(candles.high / candles.low)
    assert np.corrcoef(np.log(candles.volume), np.log(reach))[0, 1] > 0.5


@pytest.mark.parametrize(("symbol", "low", "high"), [("BTC-USD", 35_000, 120_000), ("ETH-USD", 1_200, 5_500)])
def test_the_price_stays_plausible_for_decades(symbol, low, high):
    for year in range(2010, 2095, 12):
        close = simulated(symbol, 8766 * (year - 1970), 8766).close
        assert low < close.min() and close.max() < high


def test_the_coins_move_together_as_real_ones_do():
    btc, eth = (np.diff(np.log(simulated(symbol, NOW_HOUR - 5000, 5000).close)) for symbol in SYMBOLS)
    assert 0.7 < np.corrcoef(btc, eth)[0, 1] < 0.9


@pytest.mark.parametrize("seconds", [0, 1, 1800, 3599])
async def test_only_closed_candles_are_given(seconds):
    snapshot = await DemoSource(lambda: NOON + seconds).latest("BTC-USD", 60)
    assert len(snapshot.candles) == 60
    assert (snapshot.as_of, snapshot.age, snapshot.now) == (NOON, seconds, NOON + seconds)


async def test_it_says_that_it_is_simulated():
    source = DemoSource(lambda: NOON)
    snapshot = await source.latest("ETH-USD", 1)
    await source.close()
    assert (snapshot.symbol, snapshot.source, snapshot.quote) == ("ETH-USD", "demo", "USD")
    assert snapshot.warnings == (ForecastWarning.DEMO_DATA,)
    assert snapshot.notes == ("simulated, not market data",)


async def test_an_hour_later_the_same_tape_has_one_hour_more():
    before = await DemoSource(lambda: NOON).latest("BTC-USD", 60)
    after = await DemoSource(lambda: NOON + HOUR).latest("BTC-USD", 61)
    assert after.candles[:-1].rows() == before.candles.rows()


async def test_what_is_asked_for_at_once_is_bounded():
    assert len((await DemoSource(lambda: NOON).latest("BTC-USD", 10**9)).candles) == MOST_HOURS


async def test_another_symbol_is_refused():
    with pytest.raises(UnsupportedSymbol):
        await DemoSource().latest("PEPE-USD", 60)
