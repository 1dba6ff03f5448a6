"""Significance: intervals and p as well-known libraries have them, and as often right as they say."""

import numpy as np
import pytest
from arch.bootstrap import MovingBlockBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.stattools import diebold_mariano_test

from forecaster.evaluation.metrics import mae_skill
from forecaster.evaluation.significance import BLOCK, DRAWS, LEAST, diebold_mariano, share, skill

LOSSES = st.lists(st.tuples(st.floats(1e-6, 1e6), st.floats(1e-6, 1e6)), min_size=1, max_size=120)


def overlapping(random, n, hours=24):
    """Sums of `hours` neighbouring shocks: what errors of forecasts that far ahead look like."""
    return np.convolve(random.normal(size=n + hours - 1), np.ones(hours), "valid")


@pytest.mark.parametrize("n", [5, BLOCK, 6 * BLOCK])
def test_the_intervals_are_those_of_arch(n):
    loss, baseline = np.random.default_rng(n).exponential(size=(2, n))

    def interval(measure, *series):
        drawn = MovingBlockBootstrap(min(n, BLOCK), *series, seed=np.random.default_rng(3))
        return drawn.conf_int(measure, reps=DRAWS, method="percentile").ravel()

    skills = interval(lambda loss, baseline: 1 - loss.mean() / baseline.mean(), loss, baseline)
    assert skill(loss, baseline, seed=3) == pytest.approx((1 - loss.mean() / baseline.mean(), *skills))
    assert share(loss, seed=3) == pytest.approx((loss.mean(), *interval(np.mean, loss)))


def test_hours_that_are_no_whole_weeks_are_drawn_as_whole_weeks():
    loss, baseline = np.random.default_rng(8).exponential(size=(2, 1000))
    starts = np.random.default_rng(3).integers(0, 1000 - BLOCK + 1, size=(DRAWS, 6))
    drawn = [np.concatenate([np.arange(start, start + BLOCK) for start in row]) for row in starts]
    skills = [1 - loss[hours].mean() / baseline[hours].mean() for hours in drawn]
    assert skill(loss, baseline, seed=3)[1:] == pytest.approx(np.quantile(skills, [0.025, 0.975]))


def test_the_skill_of_prices_is_that_of_their_absolute_errors():
    random = np.random.default_rng(1)
    last = 60_000 * np.exp(random.normal(0, 0.005, 900).cumsum())
    actual, predicted = last * np.exp(random.normal(0, 0.005, 900)), last * np.exp(random.normal(0, 0.001, 900))
    graded, measured = mae_skill(predicted, actual, last), skill(np.abs(predicted - actual), np.abs(last - actual))
    assert (graded.value, graded.ci_low, graded.ci_high) == measured


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        difference = overlapping(random, 4000) / 24
        measured = skill(10 + difference, np.full(4000, 10.0))
        held += measured.low <= 0 <= measured.high
    assert 86 <= held <= 99


def test_hits_that_come_in_runs_widen_the_interval_of_their_share():
    coins = np.random.default_rng(3).integers(0, 2, 4800).astype(float)
    alone, in_runs = share(coins), share(np.repeat(coins[:200], 24))
    assert alone.low < 0.5 < alone.high
    assert alone.high - alone.low == pytest.approx(2 * 1.96 * 0.5 / np.sqrt(4800), rel=0.25)
    assert in_runs.high - in_runs.low > 3 * (alone.high - alone.low)


def test_a_share_of_nothing_but_hits_is_certain():
    assert share(np.ones(500)) == (1.0, 1.0, 1.0)


def test_a_baseline_that_never_errs_can_be_equalled_but_not_beaten():
    still = np.zeros(300)
    assert skill(still, still) == (0.0, 0.0, 0.0)
    assert skill(still + 1, still) == (LEAST, LEAST, LEAST)
    assert diebold_mariano(still, still, 1) is None


@pytest.mark.parametrize(("n", "ahead", "lags"), [(60, 1, 24), (400, 24, 24), (1000, 6, 50), (9000, 24, 167)])
def test_the_p_is_that_of_statsmodels(n, ahead, lags):
    loss, baseline = np.random.default_rng(n).exponential(size=(2, n))
    theirs = diebold_mariano_test(
        loss, loss, baseline, lags=lags, criterion=lambda actual, loss: loss, harvey_adj=True, horizon=ahead
    )
    assert diebold_mariano(loss, baseline, ahead) == pytest.approx(theirs.pvalue)


def test_equally_good_forecasters_are_told_apart_about_as_often_as_the_level_says():
    random, level = np.random.default_rng(4), np.full(8760, 100.0)
    p = np.array([diebold_mariano(level + overlapping(random, 8760), level, 24) for _ in range(400)])
    assert 0.02 <= (p < 0.05).mean() <= 0.09
    assert 0.40 <= (p < 0.5).mean() <= 0.60


def test_a_clearly_better_forecaster_is_told_apart():
    random = np.random.default_rng(5)
    baseline = random.exponential(size=8760)
    assert diebold_mariano(0.9 * baseline + 0.05 * random.exponential(size=8760), baseline, 1) < 1e-6
    assert diebold_mariano(baseline - 1, baseline, 1) < 1e-6


def test_losses_that_differ_by_rounding_alone_are_not_tested():
    loss = np.random.default_rng(6).exponential(size=500)
    assert diebold_mariano(loss, loss, 1) is None
    assert diebold_mariano(loss * (1 + 1e-15), loss, 1) is None
    assert diebold_mariano(loss * (1 + 1e-6), loss, 1) is not None


def test_too_few_forecasts_are_not_tested():
    loss, baseline = np.random.default_rng(7).exponential(size=(2, 49))
    assert diebold_mariano(loss[:48], baseline[:48], 24) is None
    assert diebold_mariano(loss, baseline, 24) is not None


@settings(max_examples=60, deadline=None)
@given(losses=LOSSES, unit=st.sampled_from([1e-4, 1.0, 1e4]), ahead=st.integers(1, 24))
def test_neither_the_unit_nor_who_comes_first_changes_a_verdict(losses, unit, ahead):
    loss, baseline = np.array(losses).T
    measured = skill(loss, baseline)
    assert measured == pytest.approx(skill(unit * loss, unit * baseline), rel=1e-6, abs=1e-6)
    assert measured.low <= measured.high <= 1
    p = diebold_mariano(loss, baseline, ahead)
    assert p == diebold_mariano(baseline, loss, ahead)
    assert p is None or 0 <= p <= 1
