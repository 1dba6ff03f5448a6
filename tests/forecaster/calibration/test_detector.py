"""The detector: budgets are kept, one event raises one alarm, and what is recent never looks ahead."""

import numpy as np
import pytest

from forecaster.calibration.detector import (
    HALF_LIFE,
    LOW,
    Detectors,
    Recent,
    Usual,
    alarms,
    lagged,
    limit_for,
    moves,
    score,
)
from forecaster.errors import DataFileError
from forecaster.quantiles import HORIZONS, LEVELS

RANDOM = np.random.default_rng(3)
LEVEL = np.array(LEVELS)
SIGMA = 0.005
SUMS = np.random.default_rng(1).standard_t(4, (200_000, 6)).cumsum(axis=1)  # of one to six hours
ISSUED = np.zeros((HORIZONS, len(LEVELS)))
ISSUED[:6] = SIGMA * np.quantile(SUMS, LEVEL, axis=0).T
ISSUED[6:] = ISSUED[5]


def part(hours, scale=1.0):
    """Forecasts of a market whose returns follow them, or are `scale` times as far in the tails."""
    returns = RANDOM.standard_t(4, hours)
    far = np.abs(returns) > 2.776
    returns[far] *= scale
    return np.tile(ISSUED, (hours, 1, 1)), moves(np.exp(np.concatenate([[0.0], (SIGMA * returns).cumsum()])))


def scores(detectors, issued, moved):
    return score(detectors.full.probabilities(lagged(issued), moved))


@pytest.fixture(scope="module")
def detectors():
    fitted = [part(12_000), part(12_000)]
    return Detectors.of({"full": fitted, "closes_only": fitted})


@pytest.mark.parametrize("days", [1, 2, 10, 30])
def test_hours_like_those_of_validation_keep_the_budget(detectors, days):
    later = scores(detectors, *part(40_000))
    allowed = 40_000 / 24 / days
    raised = len(alarms(later, detectors.full.limit(days)))
    assert raised == pytest.approx(allowed, abs=4 * np.sqrt(allowed * (1 + 40 / 24)))  # both counts are random


def test_a_heavier_tail_breaks_the_budget_of_scores_that_do_not_follow_it_and_not_of_those_that_do(detectors):
    wild = scores(detectors, *part(20_000, scale=1.6))
    recent, _ = detectors.usual.recent(wild, detectors.usual.past)
    allowed, limit = (20_000 - HALF_LIFE) / 24 / 10, detectors.full.limit(10)
    blind, following = (len(alarms(each[HALF_LIFE:], limit)) for each in (wild, recent.adjusted(wild)))
    assert blind > 1.5 * allowed
    assert following < 1.35 * allowed


def test_what_is_recent_knows_nothing_of_the_hour_itself_or_of_later_ones():
    usual = Usual(share=0.2, depth=1.0)
    told = RANDOM.uniform(size=500)
    rewritten = told.copy()
    rewritten[200:] = 1e-6
    (seen, _), (other, _) = (usual.recent(each, usual.past) for each in (told, rewritten))
    assert np.array_equal(seen.share[:201], other.share[:201]) and np.array_equal(seen.power[:201], other.power[:201])
    assert not np.array_equal(seen.share[201:], other.share[201:])


def test_following_goes_on_from_the_past_as_if_it_had_not_stopped():
    usual, told = Usual(share=0.2, depth=1.0), RANDOM.uniform(size=600) ** 2
    whole, end = usual.recent(told, usual.past)
    _, half = usual.recent(told[:250], usual.past)
    rest, same = usual.recent(told[250:], half)
    assert rest.power == pytest.approx(whole.power[250:]) and rest.share == pytest.approx(whole.share[250:])
    assert same.model_dump() == pytest.approx(end.model_dump())


def test_hours_like_validation_leave_scores_alone_and_a_freak_hour_counts_once():
    usual = Usual(share=0.2, depth=1.0)
    fresh, _ = usual.recent(np.array([1e-12, 0.5]), usual.past)
    told = np.array([0.001, 0.5])
    assert fresh.at(np.array([0])).adjusted(told[:1]) == pytest.approx(told[:1])
    assert 0.99 < fresh.power[1] < 1.0


def test_the_order_of_scores_is_kept_whatever_is_recent():
    told = np.geomspace(1e-12, 1, 500)
    for share, power in ((0.5, 0.5), (0.5, 2.0), (2.0, 0.5), (2.0, 2.0)):
        adjusted = Recent(np.full(500, share), np.full(500, power)).adjusted(told)
        assert (np.diff(adjusted) >= 0).all() and adjusted[0] > 0 and adjusted[-1] <= 1
        assert np.interp(LOW, told, adjusted) == pytest.approx(share * LOW, rel=0.1)


@pytest.mark.parametrize("days", [1, 1.5, 3, 7, 10, 30, 365])
def test_the_limit_of_a_budget_comes_once_in_its_days(detectors, days):
    limit = detectors.closes_only.limit(days)
    assert detectors.closes_only.once_in(np.array([limit])) == pytest.approx([days])


def test_rarer_scores_come_once_in_more_days_and_never_in_more_than_a_thousand(detectors):
    once_in = detectors.full.once_in(np.geomspace(1e-12, 1, 200))
    assert (np.diff(once_in) <= 0).all()
    assert once_in[0] == 1000 and once_in[-1] == pytest.approx(1 / 24)


def test_one_event_raises_one_alarm():
    hours = np.ones(40)
    hours[[3, 4, 9, 10, 17, 25]] = 0.001
    assert alarms(hours, 0.01).tolist() == [3, 10, 17, 25]
    assert alarms(hours, 0.0001).tolist() == []


@pytest.mark.parametrize("most", [1, 7, 50])
def test_a_limit_lets_no_more_alarms_pass_than_it_may(most):
    told = [RANDOM.uniform(size=900), RANDOM.uniform(size=700)]
    limit = limit_for(told, most)
    assert sum(len(alarms(each, limit)) for each in told) <= most
    next_one = min(each[each > limit].min() for each in told)
    assert sum(len(alarms(each, next_one)) for each in told) > most


def test_a_move_meets_the_forecast_that_was_issued_when_it_began():
    close = np.exp(RANDOM.normal(0, 0.01, 21).cumsum())
    issued = RANDOM.normal(size=(20, HORIZONS, len(LEVELS)))
    spoken, moved = lagged(issued), moves(close)
    assert np.array_equal(spoken[11, 0], issued[11, 0]) and np.array_equal(spoken[11, 1], issued[6, 5])
    assert moved[11] == pytest.approx([np.log(close[12] / close[11]), np.log(close[12] / close[6])])
    assert np.isnan(spoken[:5, 1]).all() and np.isnan(moved[:5, 1]).all()
    assert np.isfinite(spoken[5:]).all() and np.isfinite(moved[5:]).all()


def test_the_score_is_the_smaller_probability_of_those_that_are_known():
    assert score(np.array([[0.2, 0.1], [0.3, np.nan]])).tolist() == [0.1, 0.3]


def test_few_hours_give_the_nominal_limits_and_too_few_none():
    short = [part(440)]
    few = Detectors.of({"full": short, "closes_only": short})
    assert few.full.limits == ((1 / 24, 1.0),)
    assert few.full.limit(10) == pytest.approx(1 / 240)
    with pytest.raises(DataFileError, match="a tail needs 5"):
        Detectors.of({"full": [part(20)], "closes_only": short})


def test_detectors_survive_their_own_json(detectors):
    followed = detectors.model_copy(update={"past": {"BTC-USD": detectors.usual.past}})
    assert Detectors.model_validate_json(followed.model_dump_json()) == followed
    assert followed.past_of("BTC-USD") == followed.past_of("ETH-USD") == detectors.usual.past
