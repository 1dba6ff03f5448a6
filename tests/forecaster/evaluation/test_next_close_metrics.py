"""Evaluation: metrics against values worked out by hand, and 'no change' scoring exactly nothing."""

import numpy as np
import pytest

from forecaster.calibration.residual_bands import BANDS, GRID, ResidualBands
from forecaster.evaluation.metrics import coverage, grade, mae_skill, metrics
from forecaster.schema import HOUR
from tests.support.fakes import NOON

RANDOM = np.random.default_rng(7)
LAST = 60_000 * np.exp(RANDOM.normal(0, 0.005, 2000).cumsum())
ACTUAL = LAST * np.exp(RANDOM.normal(0, 0.005, 2000))


def test_metrics_equal_values_worked_out_by_hand():
    row = metrics("x", np.array([102.0, 96.0]), np.array([100.0, 100.0]), np.array([99.0, 98.0]))
    assert row.mae == 3.0
    assert row.rmse == pytest.approx(np.sqrt(10))
    assert row.mape_pct == pytest.approx(3.0)
    assert row.direction == 0.5


def test_no_change_has_no_skill_and_no_direction():
    assert mae_skill(LAST, ACTUAL, LAST).value == 0.0
    assert metrics("persistence", LAST, ACTUAL, LAST).direction is None


def test_a_forecaster_that_peeks_is_seen_at_once():
    skill = mae_skill(0.5 * LAST + 0.5 * ACTUAL, ACTUAL, LAST)
    assert skill.value == pytest.approx(0.5)
    assert skill.ci_low > 0.4


def test_the_skill_interval_holds_the_skill_and_narrows_with_more_hours():
    noisy = LAST * np.exp(RANDOM.normal(0, 0.002, 2000))
    short, long = mae_skill(noisy[:500], ACTUAL[:500], LAST[:500]), mae_skill(noisy, ACTUAL, LAST)
    assert long.ci_low < long.value < long.ci_high
    assert long.ci_high - long.ci_low < short.ci_high - short.ci_low


def test_coverage_counts_the_hours_inside_each_band():
    inside = coverage({"50": (np.array([1.0, 5.0]), np.array([3.0, 6.0]))}, np.array([2.0, 7.0]))
    assert inside == {"50": 0.5}


def test_bands_hold_on_their_own_hours_what_they_promise():
    volatility = np.full(2000, 0.005)
    bands = ResidualBands.of(LAST, ACTUAL, volatility)
    held = coverage({name: bands.band(name, LAST, volatility) for name in BANDS}, ACTUAL)
    assert held == pytest.approx({"50": 0.5, "80": 0.8, "95": 0.95}, abs=0.01)


def test_bands_are_ordered_and_centred_on_the_point():
    bands = ResidualBands(spread=tuple(np.linspace(0, 3, GRID)))
    offsets = [bands.offset(level) for level in (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)]
    assert offsets == sorted(offsets)
    assert bands.offset(0.5) == 0
    prices = bands.prices(100.0, 0.01)
    assert np.median(prices) == pytest.approx(100.0)
    assert (np.diff(prices) > 0).all()


def test_the_report_names_its_hours_and_grades_both_on_the_same_ones():
    time = NOON + HOUR * np.arange(2000)
    report = grade("BTC-USD", "classic", time, LAST, ACTUAL, LAST, {"80": (LAST * 0.9, LAST * 1.1)})
    assert report.n == 2000
    assert report.model.mae == report.persistence.mae
    assert (report.graded_to - report.graded_from).total_seconds() == 2000 * HOUR
