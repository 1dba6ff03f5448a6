"""A new model takes the place of the one that answers only when it is not worse on weeks that neither saw."""

import pytest

from forecaster.errors import InvalidInput
from forecaster.evaluation.challenge import verdict
from forecaster.schema import HOUR
from tests.support.artifacts.altered import widened
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON

WEEKS = 4 * 7 * 24
HOURS = {
    "BTC-USD": market(900 + WEEKS, seed=7, close_time=NOON + WEEKS * HOUR),
    "ETH-USD": market(900 + WEEKS, seed=8, start=1_500.0, close_time=NOON + WEEKS * HOUR),
}


@pytest.fixture(scope="module")
def fitting(trained_quantile, tmp_path_factory):
    """The model with bands that suit these markets, by trying: a test's own, and no way to calibrate."""
    folder = tmp_path_factory.mktemp("fitting")
    tries = [widened(trained_quantile, folder / str(step), step / 10) for step in range(-4, 12)]
    missed = [abs(verdict(each, each, HOURS, NOON).challenger.coverage["80"] - 0.8) for each in tries]
    return tries[missed.index(min(missed))]


def test_a_model_that_is_no_worse_is_promoted_and_both_are_graded_on_the_same_hours(fitting):
    found = verdict(fitting, fitting, HOURS, NOON)
    assert found.champion == found.challenger
    assert found.champion.n == 2 * (WEEKS - 1) or found.champion.n == 2 * WEEKS
    assert found.promoted == all(
        abs(held - float(name) / 100) <= 0.02 for name, held in found.champion.coverage.items()
    )


def test_a_model_with_bands_that_do_not_hold_what_they_say_is_refused_and_the_band_is_named(fitting, tmp_path):
    wide = widened(fitting, tmp_path / "wide", 2.0)
    found = verdict(wide, wide, HOURS, NOON)
    assert not found.promoted and "% band held" in found.why


def test_a_model_whose_crps_is_higher_by_no_accident_is_refused(fitting, tmp_path):
    wide = widened(fitting, tmp_path / "wide", 2.0)
    found = verdict(fitting, wide, HOURS, NOON)
    assert not found.promoted and "its CRPS is higher" in found.why and found.challenger.crps > found.champion.crps
    back = verdict(wide, fitting, HOURS, NOON)
    assert "CRPS is higher" not in back.why


def test_hours_that_a_model_learned_from_grade_nothing(fitting):
    with pytest.raises(InvalidInput, match="has learned from the hours"):
        verdict(fitting, fitting, HOURS, NOON - HOUR)


def test_too_few_hours_decide_nothing(fitting):
    few = {symbol: candles.closed_at(NOON + 100 * HOUR) for symbol, candles in HOURS.items()}
    with pytest.raises(InvalidInput, match="too few hours"):
        verdict(fitting, fitting, few, NOON)
