"""Distributions between horizons: in a straight line over the square root of time, ascending, and exact where known."""

from itertools import pairwise

import numpy as np
import pytest

from forecaster.inference.interpolation import at_minutes, between, standard
from forecaster.inference.window import Window
from forecaster.market.sources import Snapshot
from forecaster.quantiles import LEVELS
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON

HOURS = [60 * hour for hour in range(1, 25)]


def returns(seed=1):
    """Quantiles (24, Q) of log returns, ascending, wider with every hour."""
    rng = np.random.default_rng(seed)
    spread = 0.005 * np.sqrt(np.arange(1, 25))[:, None]
    return np.sort(spread * rng.standard_normal((24, len(LEVELS))), axis=1)


def test_a_forecast_of_all_horizons_has_quarters_of_the_first_hour_and_each_hour():
    assert standard(24) == (15, 30, 45, *HOURS)
    assert standard(1) == (15, 30, 45, 60)


def test_before_the_first_hour_a_distribution_grows_with_the_square_root_of_time():
    found = between(HOURS, returns(), [15, 30, 45, 60])
    for row, minutes in zip(found, (15, 30, 45, 60), strict=True):
        assert row == pytest.approx(returns()[0] * np.sqrt(minutes / 60), rel=1e-12)


def test_between_two_hours_the_nearer_one_weighs_more_by_the_square_root_of_time():
    known = returns()
    share = (np.sqrt(90) - np.sqrt(60)) / (np.sqrt(120) - np.sqrt(60))
    assert between(HOURS, known, [90])[0] == pytest.approx((1 - share) * known[0] + share * known[1], rel=1e-12)


def test_what_is_known_is_given_back_to_the_last_bit():
    assert (between(HOURS, returns(), HOURS) == returns()).all()


def test_every_minute_of_a_day_has_quantiles_that_ascend():
    for seed in range(5):
        found = between(HOURS, returns(seed), range(1, 1441))
        assert (np.diff(found, axis=1) >= 0).all()


def test_many_distributions_are_interpolated_at_once():
    many = np.stack([returns(seed) for seed in range(3)])
    together = between(HOURS, many, [20, 100])
    assert together.shape == (3, 2, len(LEVELS))
    for row, one in zip(together, many, strict=True):
        assert (row == between(HOURS, one, [20, 100])).all()


@pytest.fixture(scope="module")
def standing(shipped):
    return shipped.standing(Window(Snapshot("BTC-USD", "bitstamp", "USD", market(300), NOON + 240.0)))


def test_a_standing_forecast_has_27_horizons_of_which_the_hours_are_those_of_the_network(shipped, standing):
    assert [each.minutes for each in standing.horizons] == [*standard(24)]
    assert [each.hours for each in standing.horizons] == [None, None, None, *range(1, 25)]
    hours = shipped.forecast(Snapshot("BTC-USD", "bitstamp", "USD", market(300), NOON + 240.0), 24)
    assert standing.horizons[3:] == hours.horizons
    assert standing.id == hours.id


def test_a_minute_between_horizons_lies_between_them_and_is_named_by_its_target(standing):
    (at,) = at_minutes(standing, [100])
    before, after = standing.horizons[3:5]
    assert (at.minutes, at.hours) == (100, None)
    assert (at.target_time - standing.as_of).total_seconds() == 6000
    assert before.quantiles["0.975"] < at.quantiles["0.975"] < after.quantiles["0.975"]
    assert list(at.quantiles) == list(before.quantiles)
    assert all(low <= high for low, high in pairwise(at.quantiles.values()))
    assert before.expected_move_pct < at.expected_move_pct < after.expected_move_pct


def test_horizons_that_a_forecast_has_are_told_as_they_are(standing):
    assert at_minutes(standing, [15, 60, 1440]) == tuple(standing.horizons[i] for i in (0, 3, 26))


def test_a_quarter_of_an_hour_is_about_half_as_wide_as_the_hour_and_shifted_as_calibration_says(standing, shipped):
    quarter, hour = standing.horizons[0], standing.horizons[3]
    wide, narrow = (np.log([*each.quantiles.values()]) - np.log(standing.last_close) for each in (hour, quarter))
    within = shipped.detection.calibration.within
    assert narrow == pytest.approx(within.apply(wide[None], np.array([0]), [15], "BTC-USD")[0, 0], abs=1e-9)
    assert quarter.expected_move_pct == pytest.approx(
        hour.expected_move_pct / 2, rel=0.2
    )  # hours begin wilder than they end


def test_minutes_between_the_quarters_are_told_by_the_clock_too(shipped, standing):
    [five, twenty] = shipped.ahead(standing, [5, 20]).horizons
    wide = np.log([*standing.horizons[3].quantiles.values()]) - np.log(standing.last_close)
    told = shipped.detection.calibration.within.apply(wide[None], np.array([0]), [5, 20], "BTC-USD")[0]
    for horizon, returns in zip((five, twenty), told, strict=True):
        known = np.log([*horizon.quantiles.values()]) - np.log(standing.last_close)
        assert known == pytest.approx(returns, abs=1e-9)
    assert five.expected_move_pct < standing.horizons[0].expected_move_pct < twenty.expected_move_pct


def test_the_classic_model_tells_minutes_up_to_its_one_hour(classic):
    issued = classic.standing(Window(Snapshot("BTC-USD", "bitstamp", "USD", market(60), NOON + 240.0)))
    assert [each.minutes for each in issued.horizons] == [15, 30, 45, 60]
    widths = [each.quantiles["0.90"] - each.quantiles["0.10"] for each in issued.horizons]
    assert all(narrow < wide for narrow, wide in pairwise(widths))
