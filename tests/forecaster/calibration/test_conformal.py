"""Calibration: bands hold what they say on the hours they were fitted on."""

import numpy as np
import pytest

from forecaster.calibration.adaptive import Tracker
from forecaster.calibration.conformal import Calibration, Conformal
from forecaster.quantiles import HORIZONS, MEDIAN
from tests.support.artifacts.planted import ACTUAL, SIGMA, TRUE, coverage


@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_wrong_bands_hold_what_they_promise_after_calibration(width):
    narrow = width * TRUE + 0.001
    held = Conformal.of(narrow, ACTUAL).apply(narrow)
    for name in ("50", "80", "95"):
        assert coverage(held, name) == pytest.approx(int(name) / 100, abs=0.015)
    assert (np.diff(held, axis=-1) >= 0).all()


def test_a_median_that_tells_nothing_is_not_trusted_and_one_that_does_is():
    noise = TRUE + 0.5 * SIGMA[:, :, None] * np.random.default_rng(12).normal(size=(len(TRUE), HORIZONS, 1))
    assert max(Conformal.of(noise, ACTUAL).trust) <= 0.15
    assert min(Conformal.of(TRUE + 0.5 * ACTUAL[:, :, None], ACTUAL).trust) == 1.0


def test_outcomes_that_are_not_known_are_left_out():
    unknown = ACTUAL.copy()
    unknown[-24:] = np.nan
    assert Conformal.of(TRUE, unknown) == Conformal.of(TRUE[:-24], ACTUAL[:-24])


def test_a_calibration_survives_its_own_json():
    full, closes = Conformal.of(TRUE, ACTUAL), Conformal.of(2 * TRUE, ACTUAL)
    saved = Calibration.model_validate_json(Calibration(full=full, closes_only=closes).model_dump_json())
    assert (saved.of("full"), saved.of("closes_only")) == (full, closes)


def test_a_tracker_goes_on_from_the_widths_of_its_symbol_and_kind_of_input():
    one = Conformal.of(TRUE[:500], ACTUAL[:500])
    widths = (*Tracker().widths[:-1], (0.25,) * MEDIAN)
    calibration = Calibration(full=one, closes_only=one, widths={"full": {"BTC-USD": widths}})
    saved = Calibration.model_validate_json(calibration.model_dump_json())
    assert saved.tracker("full", "BTC-USD").widths == widths
    assert not saved.tracker("full", "ETH-USD").width.any() and not saved.tracker("closes_only", "BTC-USD").width.any()
