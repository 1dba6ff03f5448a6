"""The baselines: what each one's distribution is, and that nothing in it comes from the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.errors import DataFileError
from forecaster.evaluation.baselines.catalogue import baselines
from forecaster.evaluation.baselines.empirical import rolling_quantiles
from forecaster.features.dataset import Market
from forecaster.features.hourly import LOOKBACK
from forecaster.market.candles import Candles
from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN
from forecaster.schema import HOUR
from tests.support.artifacts.markets import market, rewritten_after, scaled

NAMES = ("persistence", "drift", "seasonal_naive", "rolling_quantiles", "ewma", "har")
HOURS, FITTED, WINDOW = 2_900, 1_400, 2_160
CANDLES, OTHER = market(HOURS, seed=5), market(HOURS, seed=6, start=1_500.0)
BTC = Market.of("BTC-USD", CANDLES, OTHER)
STOP = float(BTC.time[FITTED])  # the first hour that no baseline is fitted on
ROWS = BTC.issued(STOP, float("inf"))
ASKED = (1, 7, 24)  # hours ahead


def fitted(on, names=NAMES, start=0.0):
    """Baselines by name."""
    fresh = {each.name: each for each in baselines() if each.name in names}
    for each in fresh.values():
        each.fit(on, start, STOP)
    return fresh


BASELINES = fitted(BTC)


@pytest.fixture(params=NAMES)
def baseline(request):
    return BASELINES[request.param]


def reference(close, rows, ahead):
    """Rolling quantiles in the plainest way."""
    log = np.log(close)
    returns = log[ahead:] - log[:-ahead]
    windows = np.maximum(rows[:, None] + np.arange(1 - WINDOW, 1) - ahead, 0)
    return np.quantile(returns[windows], LEVELS, axis=1).T


def test_the_reports_order():
    assert tuple(each.name for each in baselines()) == NAMES


@pytest.mark.parametrize("ahead", [1, 5, 24])
@pytest.mark.parametrize("step", [0.01, 200.0])  # quote currency; with the coarse one many returns are equal
def test_rolling_quantiles_are_numpys_to_the_last_bit(ahead, step):
    close = np.round(BTC.close / step + 1) * step
    rows = np.concatenate([np.arange(2_300, 2_900), [300, 2_159, 2_160, 300, 24], np.arange(700, 500, -1)])
    assert np.array_equal(rolling_quantiles(close, rows, ahead), reference(close, rows, ahead))


def test_rolling_quantiles_of_no_rows_are_none():
    assert rolling_quantiles(BTC.close, ROWS[:0], 6).shape == (0, len(LEVELS))


@settings(max_examples=12, deadline=None)
@given(row=st.integers(FITTED, HOURS - 2), seed=st.integers(0, 2**32 - 1))
def test_no_forecast_depends_on_what_comes_after_it(row, seed):
    rewritten = Market.of("BTC-USD", rewritten_after(CANDLES, row + 1, seed), rewritten_after(OTHER, row + 1, seed + 1))
    rows = np.arange(max(row - 50, FITTED), row + 1)
    for ahead in ASKED:
        for each in BASELINES.values():
            assert np.array_equal(each.quantiles(BTC, rows, ahead), each.quantiles(rewritten, rows, ahead)), each.name


def test_the_last_hour_does_matter(baseline):
    row = np.array([2_000])
    rewritten = Market.of("BTC-USD", rewritten_after(CANDLES, 2_000, 1), rewritten_after(OTHER, 2_000, 2))
    assert not np.array_equal(baseline.quantiles(BTC, row, 24), baseline.quantiles(rewritten, row, 24))


def test_nothing_from_stop_on_is_learned():
    rewritten = fitted(Market.of("BTC-USD", rewritten_after(CANDLES, FITTED, 1), rewritten_after(OTHER, FITTED, 2)))
    for ahead in range(1, HORIZONS + 1):
        for name, each in BASELINES.items():
            assert np.array_equal(each.quantiles(BTC, ROWS, ahead), rewritten[name].quantiles(BTC, ROWS, ahead)), name


@pytest.mark.parametrize("name", ["ewma", "har"])
def test_the_hours_just_before_stop_are_learned(name):
    rewritten = fitted(Market.of("BTC-USD", rewritten_after(CANDLES, FITTED - 1, 1), OTHER), [name])[name]
    assert not np.array_equal(BASELINES[name].quantiles(BTC, ROWS, 24), rewritten.quantiles(BTC, ROWS, 24))


def test_nothing_before_start_is_learned():
    start = 600
    random = np.random.default_rng(7)
    noise = np.concatenate([random.lognormal(0, 2, start - LOOKBACK - 1), np.ones(HOURS - start + LOOKBACK + 1)])
    other = Candles(CANDLES.time, *(noise * column for column in (CANDLES.open, CANDLES.high, CANDLES.low)),
                    noise * CANDLES.close, CANDLES.volume)  # fmt: skip
    first = float(BTC.time[start])
    one, two = (fitted(each, ["har"], first)["har"] for each in (BTC, Market.of("BTC-USD", other, OTHER)))
    for ahead in ASKED:
        assert np.array_equal(one.quantiles(BTC, ROWS, ahead), two.quantiles(BTC, ROWS, ahead))
        assert not np.array_equal(one.quantiles(BTC, ROWS, ahead), BASELINES["har"].quantiles(BTC, ROWS, ahead))


@pytest.mark.parametrize("ahead", ASKED)
def test_quantiles_ascend(baseline, ahead):
    quantiles = baseline.quantiles(BTC, ROWS, ahead)
    assert quantiles.shape == (len(ROWS), len(LEVELS))
    assert np.isfinite(quantiles).all() and (np.diff(quantiles, axis=1) >= 0).all()
    assert (quantiles[:, -1] > quantiles[:, 0]).all()


def test_the_unit_of_price_changes_nothing():
    dearer = Market.of("BTC-USD", scaled(CANDLES, 1_000), OTHER)
    for name, each in fitted(dearer).items():
        for ahead in ASKED:
            expected = BASELINES[name].quantiles(BTC, ROWS, ahead)
            assert np.allclose(each.quantiles(dearer, ROWS, ahead), expected, rtol=1e-5, atol=1e-9), name


def test_constant_prices_are_finite():
    still = np.full(HOURS, 100.0)
    frozen = Market.of("BTC-USD", replace(CANDLES, open=still, high=still, low=still, close=still), OTHER)
    for each in fitted(frozen).values():
        assert np.array_equal(each.quantiles(frozen, ROWS, 6), np.zeros((len(ROWS), len(LEVELS)))), each.name


def test_a_market_that_freezes_after_the_fit_is_finite(baseline):
    at = np.minimum(np.arange(HOURS), FITTED)
    close = CANDLES.close[at]
    high, low = (np.where(at < FITTED, column, close) for column in (CANDLES.high, CANDLES.low))
    frozen = Market.of("BTC-USD", replace(CANDLES, open=close, high=high, low=low, close=close), OTHER)
    assert np.isfinite(baseline.quantiles(frozen, ROWS, 6)).all()


@pytest.mark.parametrize("ahead", ASKED)
def test_persistence_says_no_change_with_the_spread_of_90_days(ahead):
    quantiles, rolling = (BASELINES[name].quantiles(BTC, ROWS, ahead) for name in ("persistence", "rolling_quantiles"))
    assert (quantiles[:, MEDIAN] == 0).all()
    assert np.diff(quantiles, axis=1) == pytest.approx(np.diff(rolling, axis=1))
    assert np.array_equal(rolling, rolling_quantiles(BTC.close, ROWS, ahead))


def test_drift_is_the_mean_hourly_return_of_90_days_times_the_hours():
    row = 2_500
    hourly = np.diff(np.log(CANDLES.close[row - WINDOW : row + 1]))
    assert len(hourly) == 90 * 24
    median = BASELINES["drift"].quantiles(BTC, np.array([row]), 6)[0, MEDIAN]
    assert median == pytest.approx(6 * hourly.mean())


def test_drift_with_less_history_is_the_mean_of_what_there_is():
    median = BASELINES["drift"].quantiles(BTC, np.array([1_500]), 1)[0, MEDIAN]
    assert median == pytest.approx(np.diff(np.log(CANDLES.close[:1_501])).mean())


@pytest.mark.parametrize(("ahead", "then"), [(1, 1_977), (6, 1_982), (24, 2_000)])
def test_seasonal_naive_repeats_the_same_hours_of_the_day_before(ahead, then):
    median = BASELINES["seasonal_naive"].quantiles(BTC, np.array([2_000]), ahead)[0, MEDIAN]
    assert median == pytest.approx(np.log(CANDLES.close[then] / CANDLES.close[1_976]))


def width(quantiles):
    return quantiles[:, -1] - quantiles[:, 0]


def made(sigma) -> Market:
    """A market of independent hours with volatility `sigma` (n,)."""
    random = np.random.default_rng(11)
    close = 1_000 * np.exp((sigma * random.normal(size=HOURS)).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    above, below = (np.exp(sign * 0.3 * sigma * np.abs(random.normal(size=HOURS))) for sign in (1, -1))
    candles = replace(
        CANDLES, open=open_, high=np.maximum(open_, close) * above, low=np.minimum(open_, close) * below, close=close
    )
    return Market.of("BTC-USD", candles, OTHER)


def test_a_volatile_hour_of_the_day_is_found_by_har_and_not_by_ewma():
    volatile = (CANDLES.time // HOUR) % 24 == 15
    planted = made(np.where(volatile, 0.020, 0.004))
    before = volatile[ROWS + 1]
    ratio = {}
    for name in ("ewma", "har"):
        widths = width(fitted(planted, [name])[name].quantiles(planted, ROWS, 1))
        ratio[name] = np.median(widths[before]) / np.median(widths[~before])
    assert ratio["har"] > 4
    assert ratio["ewma"] < 1.2


@pytest.mark.parametrize("name", ["ewma", "har"])
def test_bands_widen_with_the_markets_volatility(name):
    wild = (np.arange(HOURS) // 200) % 2 == 1
    planted = made(np.where(wild, 0.012, 0.003))
    each = fitted(planted, [name])[name]
    for ahead in ASKED:
        widths = width(each.quantiles(planted, ROWS, ahead))
        settled = (ROWS % 200 > 100) & (ROWS % 200 < 170)
        ratio = np.median(widths[settled & wild[ROWS]]) / np.median(widths[settled & ~wild[ROWS]])
        assert 2 < ratio < 8


@pytest.mark.parametrize(("ahead", "tolerance"), [(1, 0.05), (7, 0.10)])
@pytest.mark.parametrize("name", ["ewma", "har"])
def test_bands_hold_what_they_say_where_the_market_stays_as_it_was(name, ahead, tolerance):
    planted, rows = made(np.full(HOURS, 0.005)), ROWS[:-ahead]
    quantiles = fitted(planted, [name])[name].quantiles(planted, rows, ahead)
    below = (planted.target[rows, ahead - 1, None] < quantiles).mean(axis=0)
    assert below == pytest.approx(np.array(LEVELS), abs=tolerance)


def test_too_few_hours_to_learn_from_are_named():
    for each in baselines()[4:]:
        with pytest.raises(DataFileError, match=r"BTC-USD has \d+ hours to fit a baseline on, and 200 are needed"):
            each.fit(BTC, 0.0, float(BTC.time[LOOKBACK + 200]))


def test_a_baseline_does_not_hand_out_what_others_rest_on():
    four = baselines()[:4]
    expected = [each.quantiles(BTC, ROWS, 3) for each in four]
    for each in four:
        each.quantiles(BTC, ROWS, 3)[:] = 0
    assert all(np.array_equal(each.quantiles(BTC, ROWS, 3), one) for each, one in zip(four, expected, strict=True))


@pytest.mark.parametrize("name", NAMES[:4])
def test_other_rows_get_their_own_quantiles(name):
    each = {fresh.name: fresh for fresh in baselines()}[name]
    whole = each.quantiles(BTC, ROWS, 3)
    first, last = (each.quantiles(BTC, part, 3) for part in (ROWS[:100], ROWS[-100:]))
    assert np.array_equal(first, whole[:100]) and np.array_equal(last, whole[-100:])
