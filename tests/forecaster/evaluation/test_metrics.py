"""Scores: metrics against values worked out by hand, and planted forecasters that must be seen for what they are."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.evaluation.metrics import CHUNK, below, metrics, qlike, score, variance
from forecaster.evaluation.record import Scores
from forecaster.quantiles import LEVELS, MEDIAN, crps

N = 3000
RANDOM = np.random.default_rng(11)
SIGMA = 0.005 * np.exp(RANDOM.normal(0, 0.5, N))  # (n,) of each hour's log return
OUTCOME = SIGMA * RANDOM.normal(size=N)
LAST = 60_000 * np.exp(RANDOM.normal(0, 0.005, N).cumsum())
NORMAL = np.array([NormalDist().inv_cdf(level) for level in LEVELS])  # (Q,)
TRUE = SIGMA[:, None] * NORMAL  # (n, Q)
ROLLING = np.repeat(0.006 * NORMAL[None], N, axis=0)
ROLLING[:, MEDIAN] = 1e-5  # calls a move, always up
ROLLING_CRPS = crps(ROLLING, OUTCOME)
UNIFORM = np.array(LEVELS)[None] - 0.5  # of a return uniform on -0.5 ... 0.5

QUANTILES = st.lists(st.floats(-0.5, 0.5), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted)


def graded(quantiles, ahead=1):
    return score(quantiles, OUTCOME, LAST, ROLLING_CRPS, 200.0, ahead)


def flat(*returns):
    """Distributions without width at these log returns: (n, Q)."""
    return np.repeat(np.array(returns)[:, None], len(LEVELS), axis=1)


def test_the_points_scores_equal_values_worked_out_by_hand():
    outcome, last = np.log([1.01, 0.98]), np.array([100.0, 100.0])
    scores = score(flat(*np.log([1.02, 0.96])), outcome, last, np.array([0.02, 0.02]), 0.5, 1)
    assert scores.n == 2
    assert scores.mae == pytest.approx(1.5)
    assert scores.rmse == pytest.approx(np.sqrt(2.5))
    assert scores.mape_pct == pytest.approx(100 * (1 / 101 + 2 / 98) / 2)
    assert scores.mase == pytest.approx(3.0)
    assert scores.mae_skill == pytest.approx(0.0)  # 'no change' errs by 1 and 2 as well
    assert scores.direction == scores.direction_surest == 1.0
    assert scores.crps == pytest.approx(1e4 * np.abs(outcome - np.log([1.02, 0.96])).mean())
    assert scores.crps_skill == pytest.approx(1 - scores.crps / 200)


def test_the_shapes_scores_are_those_of_the_log_return():
    scores = graded(TRUE)
    own = crps(TRUE, OUTCOME)
    assert scores.crps == pytest.approx(1e4 * own.mean())
    assert scores.crps_skill == pytest.approx(1 - own.mean() / ROLLING_CRPS.mean())
    assert scores.crps_skill_low < scores.crps_skill < scores.crps_skill_high
    assert scores.crps_p < 1e-6


def test_more_forecasts_than_are_taken_at_a_time_have_the_scores_of_all():
    times = CHUNK // N + 1
    quantiles, outcome, last = np.tile(TRUE, (times, 1)), np.tile(OUTCOME, times), np.tile(LAST, times)
    many, once = score(quantiles, outcome, last, np.tile(ROLLING_CRPS, times), 200.0, 1), graded(TRUE)
    assert many.n == times * N > CHUNK
    assert (many.crps, many.qlike, many.mae) == pytest.approx((once.crps, once.qlike, once.mae))


def test_the_direction_is_counted_as_the_report_counts_it():
    quantiles, outcome = TRUE.copy(), OUTCOME.copy()
    quantiles += (0.1 * OUTCOME + 0.3 * SIGMA * RANDOM.normal(size=N))[:, None]
    quantiles[:100] -= quantiles[:100, MEDIAN, None]  # no move called
    outcome[50:200] = 0.0  # no move made
    scores = score(quantiles, outcome, LAST, ROLLING_CRPS, 200.0, 1)
    row = metrics("", LAST * np.exp(quantiles[:, MEDIAN]), LAST * np.exp(outcome), LAST)
    assert scores.direction == row.direction
    assert 0.5 < scores.direction_low < scores.direction < scores.direction_high
    assert scores.direction_surest > scores.direction + 0.05


def test_the_interval_of_coin_flips_holds_a_half():
    scores = graded(TRUE + (1e-4 * RANDOM.choice([-1, 1], N))[:, None])
    assert scores.direction_low < 0.5 < scores.direction_high
    assert scores.direction_high - scores.direction_low < 0.06


def test_the_surest_fifth_are_the_moves_whose_chance_is_farthest_from_a_half():
    # ten calls up, the second and the seventh the surest and wrong
    shift = np.full(10, 0.001)
    shift[[1, 6]] = 0.004
    outcome = np.full(10, 0.002)
    outcome[[1, 6]] = -0.002
    scores = score(0.005 * NORMAL + shift[:, None], outcome, LAST[:10], ROLLING_CRPS[:10], 200.0, 1)
    assert (scores.direction, scores.direction_surest) == (0.8, 0.0)


def test_equally_sure_moves_count_together():
    outcome = np.where(np.arange(10) < 5, 0.002, -0.002)
    scores = score(np.repeat(0.005 * NORMAL[None] + 0.001, 10, 0), outcome, LAST[:10], ROLLING_CRPS[:10], 200.0, 1)
    assert scores.direction == scores.direction_surest == 0.5


def test_coverage_counts_a_bound_as_inside_and_width_is_in_percent():
    quantiles = np.repeat(UNIFORM, 4, axis=0)  # bounds -0.25, 0.25; -0.4, 0.4; -0.475, 0.475
    outcome = np.array([quantiles[0, LEVELS.index(0.75)], 0.3, -0.45, 0.5])
    scores = score(quantiles, outcome, LAST[:4], ROLLING_CRPS[:4], 200.0, 1)
    assert scores.coverage == {"50": 0.25, "80": 0.5, "95": 0.75}
    width = {"50": np.sinh(0.25), "80": np.sinh(0.4), "95": np.sinh(0.475)}
    assert scores.width_pct == pytest.approx({name: 200 * half for name, half in width.items()})


def test_rolling_quantiles_have_no_skill_against_themselves():
    scores = graded(ROLLING)
    assert (scores.crps_skill, scores.crps_skill_low, scores.crps_skill_high) == (0.0, 0.0, 0.0)
    assert scores.crps_p is None
    assert 0 <= scores.mae_p <= 1


def test_a_planted_persistence_has_no_skill_and_no_direction():
    scores = graded(TRUE - TRUE[:, MEDIAN, None], ahead=24)
    assert (scores.mae_skill, scores.mae_skill_low, scores.mae_skill_high) == (0.0, 0.0, 0.0)
    assert scores.mae_p is None
    assert (scores.direction, scores.direction_low, scores.direction_high) == (None, None, None)
    assert scores.direction_surest is None


def test_a_planted_leak_is_seen_at_once():
    scores = graded(0.01 * TRUE + OUTCOME[:, None])
    assert scores.mae_skill > 0.999 and scores.mae_skill_low > 0.999
    assert scores.crps_skill > 0.98
    assert scores.direction == scores.direction_low == scores.direction_surest == 1.0
    assert scores.mae_p < 1e-6 and scores.crps_p < 1e-6


def test_reliability_is_the_share_below_each_quantile_and_a_tie_counts_half():
    shares = below(flat(0.0, 0.0, 0.0, 0.0), np.array([-1.0, -1.0, 0.0, 1.0]))
    assert shares == (0.625,) * len(LEVELS)
    assert below(TRUE, OUTCOME) == pytest.approx(LEVELS, abs=0.03)


@given(rows=st.lists(st.tuples(QUANTILES, st.floats(-0.5, 0.5)), min_size=1, max_size=9))
def test_reliability_rises_with_the_level_and_mirrors(rows):
    quantiles, outcome = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    shares = np.array(below(quantiles, outcome))
    assert (np.diff(shares) >= 0).all() and shares[0] >= 0 and shares[-1] <= 1
    assert 1 - shares[::-1] == pytest.approx(np.array(below(-quantiles[:, ::-1], -outcome)))


def test_the_variance_of_a_uniform_distribution_is_exact():
    inside, outside = 2 * 0.475**3 / 3, 2 * 0.025 * 0.475**2
    assert variance(UNIFORM) == pytest.approx([inside + outside], rel=1e-12)
    assert variance(0.01 * UNIFORM + 3) == pytest.approx([1e-4 * (inside + outside)], rel=1e-9)
    assert (variance(flat(0.2, -0.1)) == 0).all()


@settings(deadline=None)
@given(quantiles=QUANTILES)
def test_the_variance_is_that_of_equally_likely_returns_from_the_distribution(quantiles):
    drawn = np.interp((np.arange(200_000) + 0.5) / 200_000, LEVELS, quantiles)
    assert variance(np.array([quantiles])) == pytest.approx([drawn.var()], rel=1e-5, abs=1e-9)


def test_qlike_equals_a_value_worked_out_by_hand():
    assert qlike(np.array([4.0, 1.0]), np.array([2.0, 3.0])) == pytest.approx((1 + np.log(4) + 9) / 2)
    assert graded(TRUE).qlike == pytest.approx(qlike(variance(TRUE), OUTCOME))


def test_qlike_is_least_at_the_true_variance():
    factors = [0.5, 0.8, 1.0, 1.25, 2.0]
    losses = [qlike(factor * SIGMA**2, OUTCOME) for factor in factors]
    assert int(np.argmin(losses)) == factors.index(1.0)


@given(returns=st.lists(st.floats(0.001, 0.5), min_size=1, max_size=50), factor=st.floats(0.1, 10))
def test_no_single_variance_beats_the_mean_square_of_the_returns(returns, factor):
    outcome = np.array(returns)
    best = np.full(len(outcome), (outcome**2).mean())
    assert qlike(best, outcome) <= qlike(factor * best, outcome) + 1e-12


def test_prices_that_stand_still_have_finite_scores():
    last, still = np.full(400, 100.0), np.zeros(400)
    scores = score(flat(*still), still, last, still, 0.0, 24)
    assert (scores.mae, scores.mase, scores.crps, scores.mae_skill, scores.crps_skill) == (0, 0, 0, 0, 0)
    assert scores.direction is scores.mae_p is scores.crps_p is None
    assert Scores.model_validate_json(scores.model_dump_json()) == scores


@pytest.mark.parametrize("n", [1, 2, 3, 30, 167, 169])
def test_few_hours_can_be_graded(n):
    scores = score(TRUE[:n] + 1e-4, OUTCOME[:n], LAST[:n], ROLLING_CRPS[:n], 200.0, 24)
    assert scores.n == n
    assert scores.mae_skill_low <= scores.mae_skill_high and scores.crps_skill_low <= scores.crps_skill_high
    assert (scores.mae_p is None) == (scores.crps_p is None) == (n <= 48)
