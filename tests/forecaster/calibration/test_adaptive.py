"""A tracker: bands go on holding what they say, without looking ahead."""

import numpy as np
import pytest

from forecaster.calibration.adaptive import Tracker, tracked
from forecaster.quantiles import HORIZONS, MEDIAN
from tests.support.artifacts.planted import ACTUAL, TRUE, coverage


def test_a_tracker_restores_the_coverage_of_bands_that_became_too_narrow():
    issued = tracked(0.6 * TRUE, ACTUAL)
    before, after = coverage(0.6 * TRUE, "80")[0], coverage(issued[1_000:], "80", ACTUAL[1_000:])[0]
    assert before < 0.7
    assert after == pytest.approx(0.8, abs=0.02)


def test_a_tracker_leaves_the_median_alone():
    assert np.array_equal(tracked(TRUE[:200], ACTUAL[:200])[..., MEDIAN], TRUE[:200, :, MEDIAN])


def test_a_tracker_knows_an_outcome_only_when_it_has_closed():
    hour = 100
    later = ACTUAL.copy()
    for ahead in range(1, HORIZONS + 1):  # everything that closes after this hour is rewritten
        later[hour + 1 - ahead :, ahead - 1] = 9.9
    seen, other = tracked(TRUE[:200], ACTUAL[:200]), tracked(TRUE[:200], later[:200])
    assert np.array_equal(seen[: hour + 1], other[: hour + 1])
    assert not np.array_equal(seen[hour + 1], other[hour + 1])


def test_a_band_widens_after_a_miss_by_more_than_it_narrows_after_a_hit():
    tracker, one = Tracker(), np.array([1])
    tracker.settle(one, TRUE[:1, 0], np.array([10.0]))
    wider = tracker.width[0].copy()
    tracker.settle(one, TRUE[:1, 0], np.array([0.0]))
    assert (wider > 0).all() and (tracker.width[0] < wider).all()
    assert tracker.width[0, 0] > 0
    assert not tracker.width[1:].any()


def test_a_tracker_that_goes_on_forecasts_as_one_that_never_stopped():
    whole, first = tracked(TRUE[:300], ACTUAL[:300]), Tracker()
    tracked(TRUE[:200], ACTUAL[:200], first)
    on = Tracker.of(first.widths)
    assert np.abs(on.width - first.width).max() <= 5e-6
    assert on.apply(TRUE[199]) == pytest.approx(whole[199], rel=1e-3)
