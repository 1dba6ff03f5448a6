"""The competitors are fitted well and see nothing of what they forecast: else beating them would say nothing."""

from datetime import timedelta
from statistics import NormalDist

import numpy as np
import pytest

from benchmarks.boosting import FITTED, Table, _everywhere, _places, boosted
from benchmarks.garch import Garch, _likeliest
from forecaster.evaluation.baselines.volatility import Har
from forecaster.evaluation.panel import SHOWN
from forecaster.features.dataset import Market, all_markets, markets_of
from forecaster.market.candles import Candles, utc
from forecaster.quantiles import LEVELS, band
from forecaster.schema import HOUR
from forecaster.training.quantile import Split
from tests.support.artifacts.markets import five_minutes, market, rewritten_after
from tests.support.fakes import NOON

OMEGA, ALPHA, BETA = 0.01, 0.08, 0.90  # of returns in percent
HOURS = 40_000
CUT = 20_000  # the first hour that no competitor has seen


BTC, ETH = market(900, seed=1), market(900, seed=2, start=1_500.0)
FINE = {"BTC-USD": five_minutes(25, seed=5), "ETH-USD": five_minutes(25, seed=6, start=1_500.0)}


@pytest.fixture(scope="module")
def clustered() -> Candles:
    """A market that is a GARCH(1,1) with Student's t of 5 degrees of freedom."""
    random = np.random.default_rng(4)
    shocks, variance, returns = random.standard_t(5, HOURS) / np.sqrt(5 / 3), OMEGA / (1 - ALPHA - BETA), []
    for shock in shocks:
        returns.append(np.sqrt(variance) * shock)
        variance = OMEGA + ALPHA * returns[-1] ** 2 + BETA * variance
    close = 20_000 * np.exp(np.cumsum(returns) / 100)
    open_ = np.concatenate([close[:1], close[:-1]])
    time = NOON - HOUR * np.arange(HOURS, 0, -1)
    return Candles(time, open_, np.maximum(open_, close), np.minimum(open_, close), close, np.ones(HOURS))


def _of(candles: Candles) -> Market:
    return Market.of("BTC-USD", candles, candles)


def test_garch_finds_the_parameters_of_a_garch_market(clustered):
    omega, alpha, beta = _likeliest(100 * np.diff(np.log(clustered.close)))
    assert omega == pytest.approx(OMEGA, abs=0.01)
    assert alpha == pytest.approx(ALPHA, abs=0.03)
    assert beta == pytest.approx(BETA, abs=0.04)


@pytest.mark.parametrize("ahead", SHOWN)
def test_garch_bands_hold_what_they_say_in_a_garch_market(clustered, ahead):
    seen = _of(clustered)
    garch = Garch()
    garch.fit(seen, 0.0, float(seen.time[CUT]))
    rows = np.arange(CUT, HOURS - 24)
    low, high = band(garch.quantiles(seen, rows, ahead), "80")
    outcome = seen.target[rows, ahead - 1]
    assert ((low <= outcome) & (outcome <= high)).mean() == pytest.approx(0.8, abs=0.04)
    assert np.corrcoef(np.log(high - low), np.abs(outcome))[0, 1] > 0.1  # wide where much happens


def test_garch_sees_nothing_after_the_hour_it_forecasts_at(clustered):
    issued = []
    for candles in (clustered, rewritten_after(clustered, CUT + 1, seed=1)):
        garch = Garch()
        garch.fit(_of(candles), 0.0, float(clustered.time[CUT]))
        issued.append(garch.quantiles(_of(candles), np.array([CUT - 500, CUT]), 6))
    np.testing.assert_array_equal(*issued)


def test_levels_between_the_fitted_ones_are_those_of_a_normal_where_these_are():
    def of(levels):
        return np.array([NormalDist(0.1, 2).inv_cdf(level) for level in levels])

    fitted = np.tile(of(FITTED), (2, len(SHOWN), 1))
    crossed = fitted[..., ::-1]
    for given in (fitted, crossed):
        np.testing.assert_allclose(_everywhere(given, _places(SHOWN)), np.tile(of(LEVELS), (2, 24, 1)))


def test_lightgbm_is_given_nothing_from_after_an_hour():
    btc, eth = market(900, seed=1), market(900, seed=2, start=1_500.0)
    cut = float(btc.time[800])
    tables = [
        Table.asked(markets_of(*pair), float(btc.time[500]), cut)
        for pair in ((btc, eth), (rewritten_after(btc, 800, seed=1), rewritten_after(eth, 800, seed=2)))
    ]
    np.testing.assert_array_equal(*(table.known for table in tables))
    np.testing.assert_array_equal(*(table.target for table in tables))  # what closes later is not told


def test_lightgbm_is_given_what_the_last_minutes_were_like_where_they_are_known():
    cut = float(BTC.time[800])
    markets = all_markets({"BTC-USD": BTC, "ETH-USD": ETH}, FINE, (15,))
    changed = {symbol: rewritten_after(each, int(np.searchsorted(each.time, cut)), 7) for symbol, each in FINE.items()}
    rewritten = {"BTC-USD": rewritten_after(BTC, 800, 1), "ETH-USD": rewritten_after(ETH, 800, 2)}
    later = all_markets(rewritten, changed, (15,))
    told, hourly = (Table.asked(markets, float(BTC.time[290]), cut, minutes) for minutes in (True, False))
    assert told.known.shape[1] == hourly.known.shape[1] + 11  # ten of the minutes, and which mark
    assert np.array_equal(told.known[:, : hourly.known.shape[1]], hourly.known)
    minutes = told.known[:, hourly.known.shape[1] :]
    assert np.isnan(minutes[0]).all() and set(minutes[np.isfinite(minutes[:, 0]), -1]) == {0, 3}
    again = Table.asked(later, float(BTC.time[290]), cut, minutes=True)
    np.testing.assert_array_equal(again.known, told.known)


def test_har_is_given_the_last_minutes_and_nothing_later():
    [btc, _] = all_markets({"BTC-USD": BTC, "ETH-USD": ETH}, FINE)
    rows = btc.issued(float(BTC.time[700]), float("inf"))
    bare, told = Har(), Har(minutes=True)
    for har in (bare, told):
        har.fit(btc, 0.0, float(BTC.time[700]))
    assert (bare.name, told.name) == ("har", "har_minutes")
    assert not np.array_equal(bare.quantiles(btc, rows, 1), told.quantiles(btc, rows, 1))
    changed = {
        **FINE,
        "BTC-USD": rewritten_after(FINE["BTC-USD"], int(np.searchsorted(FINE["BTC-USD"].time, BTC.time[801])), 7),
    }
    [later, _] = all_markets({"BTC-USD": BTC, "ETH-USD": ETH}, changed)
    known = rows[btc.time[rows] + HOUR <= BTC.time[801]]
    np.testing.assert_array_equal(told.quantiles(later, known, 1), told.quantiles(btc, known, 1))


def test_lightgbm_forecasts_every_hour_of_the_test_in_ascending_quantiles():
    markets = markets_of(market(1_600, seed=1), market(1_550, seed=2, start=1_500.0))
    split = Split(validation=utc(NOON) - timedelta(hours=600), test=utc(NOON) - timedelta(hours=300))
    issued = boosted(markets, split)
    [one, _] = boosted(markets, split, (1,))
    np.testing.assert_allclose(one[:, 0], issued[0][:, 0], atol=1e-12)
    rows = [market.issued(split.test.timestamp(), float("inf")) for market in markets]
    assert [each.shape for each in issued] == [(len(each), len(SHOWN), len(LEVELS)) for each in rows]
    for each in issued:
        assert np.isfinite(each).all()
        assert (np.diff(each, axis=2) >= 0).all()
        assert (np.diff(band(each, "80"), axis=0)[0].mean(axis=0) > 0).all()
