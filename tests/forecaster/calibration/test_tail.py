"""Beyond the outer quantiles: a heavy tail that is fitted, and a probability for every outcome."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.calibration.tail import Pareto, Tail
from forecaster.errors import DataFileError
from forecaster.quantiles import LEVELS, MEDIAN

RANDOM = np.random.default_rng(5)
LEVEL = np.array(LEVELS)
SIDE = np.sign(LEVEL - 0.5)
STUDENT = SIDE * np.sqrt((2 * (LEVEL - 0.5)) ** 2 / (2 * LEVEL * (1 - LEVEL)))  # Student's t, 2 degrees of freedom
TAIL = Tail(below=Pareto(shape=0.3, scale=1.0), above=Pareto(shape=0.1, scale=0.5))
FINITE = st.floats(-1e300, 1e300)


def pareto(shape, scale, n):
    return scale / shape * (RANDOM.uniform(size=n) ** -shape - 1)


def probability(outcome, quantiles=STUDENT, tail=TAIL):
    outcome = np.atleast_1d(np.asarray(outcome, dtype=float))
    return tail.probability(np.tile(quantiles, (len(outcome), 1)), outcome)


@pytest.mark.parametrize(("shape", "scale"), [(0.05, 2.0), (0.2, 0.8), (0.4, 0.1)])
def test_the_fit_recovers_a_known_tail(shape, scale):
    fitted = Pareto.of(pareto(shape, scale, 20_000))
    assert fitted.shape == pytest.approx(shape, abs=0.04)
    assert fitted.scale == pytest.approx(scale, rel=0.05)


def test_a_tail_is_never_lighter_than_exponential_nor_without_a_variance():
    assert Pareto.of(RANDOM.uniform(size=1_000)).shape == 0.01
    assert Pareto.of(pareto(0.9, 1.0, 5_000)).shape == 0.5
    assert Pareto.of(np.full(10, 2.0)).scale == pytest.approx(2 * 0.99)


def test_survival_begins_at_one_and_halves_where_the_median_is():
    median = 0.8 / 0.2 * (2**0.2 - 1)
    assert Pareto(shape=0.2, scale=0.8).survival(np.array([-1.0, 0.0, median])) == pytest.approx([1, 1, 0.5])


def test_probabilities_are_uniform_on_outcomes_that_follow_the_forecast():
    n = 40_000
    sigma = np.exp(0.5 * RANDOM.normal(size=n))[:, None]
    quantiles, outcome = sigma * STUDENT, sigma[:, 0] * RANDOM.standard_t(2, n)
    half = n // 2
    later = Tail.of(quantiles[:half], outcome[:half]).probability(quantiles[half:], outcome[half:])
    for share in (0.002, 0.01, 0.05, 0.1, 0.5, 0.9):
        error = 4 * np.sqrt(share * (1 - share) / half) + 0.1 * share * (share < 0.05)
        assert (later <= share).mean() == pytest.approx(share, abs=error)


def test_the_farther_from_the_median_the_less_probable():
    outcome = np.linspace(-30, 30, 20_001)
    below = outcome <= 0
    told = probability(outcome)
    assert (np.diff(told[below]) > 0).all() and (np.diff(told[~below]) < 0).all()
    assert probability(0.0) == pytest.approx([1.0])


@pytest.mark.parametrize("edge", [0, -1])
def test_the_tail_goes_on_where_the_quantiles_end(edge):
    around = probability(STUDENT[edge] + np.array([-1e-9, 0.0, 1e-9]))
    assert around == pytest.approx([0.05] * 3, abs=1e-7)


def test_each_level_is_as_probable_as_it_says():
    assert probability(STUDENT) == pytest.approx(2 * np.minimum(LEVEL, 1 - LEVEL))


@pytest.mark.parametrize("factor", [1e-6, 1e3])
def test_the_unit_of_outcome_and_quantiles_changes_nothing(factor):
    outcome = np.array([-30.0, -4.0, 0.1, 2.0, 50.0])
    assert probability(factor * outcome, factor * STUDENT) == pytest.approx(probability(outcome))


@given(st.lists(st.floats(-1e3, 1e3), min_size=len(LEVELS), max_size=len(LEVELS)).map(sorted), FINITE)
def test_every_outcome_has_a_probability_above_zero(quantiles, outcome):
    told = probability(outcome, np.array(quantiles))
    assert np.isfinite(told).all() and 0 < told[0] <= 1


def test_an_outcome_that_is_not_known_has_none_and_is_not_fitted():
    assert np.isnan(probability(np.nan)).all()
    assert np.isnan(probability([np.nan, 0.0], np.full(len(LEVELS), np.nan))).all()
    quantiles, outcome = np.tile(STUDENT, (2_000, 1)), RANDOM.standard_t(2, 2_000)
    unknown = np.concatenate([outcome, [np.nan] * 3])
    assert Tail.of(np.vstack([quantiles, quantiles[:3]]), unknown) == Tail.of(quantiles, outcome)


def test_too_few_outcomes_beyond_a_quantile_are_refused():
    quantiles = np.tile(STUDENT, (4, 1))
    with pytest.raises(DataFileError, match="Only 0 outcomes lie beyond an outer quantile, and a tail needs 5"):
        Tail.of(quantiles, quantiles[:, MEDIAN])


def test_a_tail_survives_its_own_json():
    assert Tail.model_validate_json(TAIL.model_dump_json()) == TAIL
