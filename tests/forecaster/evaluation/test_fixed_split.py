"""The record on hours after one split: planted forecasters are seen for what they are."""

import numpy as np
import pytest

from forecaster.calibration import Touch
from forecaster.evaluation.fixed_split import fixed_split
from forecaster.evaluation.record import OURS, UNTRACKED, Evaluation
from forecaster.features.dataset import markets_of
from forecaster.inference.backtest import backtest
from forecaster.quantiles import HORIZONS, LEVELS
from tests.support.artifacts import markets
from tests.support.artifacts.markets import BTC, ETH
from tests.support.artifacts.planted import SPREAD, Known, nothing_moves

MARKETS = markets_of(BTC, ETH)
TEST = markets.TEST.timestamp()
ROWS = MARKETS[0].issued(TEST, float("inf"))


def graded(quantiles):
    """The record of the first market, of forecasts (n, 24, Q) that are the same for both kinds of input."""
    engine = Known(np.concatenate([quantiles, quantiles]))
    return fixed_split(engine, nothing_moves(), MARKETS[:1], TEST, ("a remark",), lambda doing, share: None)


@pytest.fixture(scope="module")
def no_change():
    return graded(np.zeros((len(ROWS), HORIZONS, 1)) + SPREAD)


@pytest.fixture(scope="module")
def peeking():
    return graded(0.5 * np.nan_to_num(MARKETS[0].target[ROWS])[:, :, None] + SPREAD)


def test_a_planted_no_change_model_has_no_skill(no_change):
    assert no_change.report.skill.value == pytest.approx(0, abs=1e-9)
    assert all(abs(row.mae_skill.value) < 1e-9 for row in no_change.report.table)
    assert all(
        row.scores.mae_skill == pytest.approx(0, abs=1e-9) and row.scores.mae_p is None
        for row in no_change.evaluation.graded
        if row.forecaster in (OURS, UNTRACKED, "persistence")
    )


def test_a_planted_model_that_peeks_is_seen_at_once(peeking):
    assert peeking.report.skill.value == pytest.approx(0.5, abs=0.01)
    assert all(row.mae_skill.ci_low > 0.4 and row.direction > 0.99 for row in peeking.report.table)
    assert all(row.crps < row.crps_rolling_quantiles for row in peeking.report.table)
    assert all(row.scores.mae_p < 1e-6 for row in peeking.evaluation.graded if row.forecaster == OURS)


def test_every_forecaster_is_graded_on_the_same_hours(no_change):
    for hours in (1, 6, 24):
        rows = [row for row in no_change.evaluation.graded if row.hours == hours and row.period == "all"]
        assert {row.forecaster for row in rows} == {
            *(OURS, UNTRACKED, "persistence", "drift", "seasonal_naive", "rolling_quantiles", "ewma", "har")
        }
        assert {row.scores.n for row in rows} == {len(ROWS) + 1 - hours}


def test_all_24_hours_are_graded_and_the_years_of_three(no_change):
    ours = {(row.hours, row.period) for row in no_change.evaluation.graded if row.forecaster == OURS}
    assert {hours for hours, period in ours if period == "all"} == set(range(1, 25))
    assert {hours for hours, period in ours if period == "2026"} == {1, 6, 24}


def test_the_table_says_what_the_evaluation_says(peeking):
    for row in peeking.report.table:
        scores = peeking.evaluation.find(OURS, row.symbol, row.hours, kind=row.input)
        assert (row.mae, row.crps, row.coverage) == (scores.mae, scores.crps, scores.coverage)


def test_widths_are_those_with_which_the_last_hour_left_the_tracker(no_change):
    """Bands of a thousandth miss nearly every outcome, so they have widened as far as 300 hours let them."""
    width = np.array(no_change.widths["full"]["BTC-USD"])
    assert width.shape == (HORIZONS, len(LEVELS) // 2)
    assert (width[0] > 0).all()


def test_a_backtest_gives_what_the_engine_gives_in_order():
    quantiles = np.random.default_rng(0).normal(size=(len(ROWS), HORIZONS, len(LEVELS)))
    assert backtest(Known(quantiles), MARKETS[0], ROWS, "full") == pytest.approx(quantiles, abs=1e-6)


def test_touches_are_told_beside_how_often_they_came(no_change):
    assert no_change.evaluation.touches == ()  # of a calibration that was taught none
    engine = Known(np.concatenate([np.zeros((len(ROWS), HORIZONS, 1)) + SPREAD] * 2))
    neutral = Touch(up=(1.0,) * HORIZONS, down=(0.5,) * HORIZONS)
    calibration = nothing_moves().model_copy(update={"touch": neutral})
    record = fixed_split(engine, calibration, MARKETS[:1], TEST, (), lambda doing, share: None)
    rows = {(row.hours, row.way): row for row in record.evaluation.touches}
    assert set(rows) == {(hours, way) for hours in (1, 6, 24) for way in ("up", "down")}
    assert rows[1, "up"].told == pytest.approx([2 * chance for chance in rows[1, "up"].beyond])
    assert list(rows[1, "up"].touched) == sorted(rows[1, "up"].touched, reverse=True)  # dearer ones less often
    assert rows[24, "up"].touched[0] > rows[1, "up"].touched[0] > 0.2
    assert rows[1, "down"].told == pytest.approx(rows[1, "down"].beyond)
    assert Evaluation.expanded(record.evaluation.compact()).touches[0].hours == 1
