"""How often a price is touched on the way: by the rule on a walk that it holds for, and by what was measured else."""

import numpy as np
import pytest

from forecaster.calibration import Calibration, Conformal, Touch, touched
from forecaster.quantiles import HORIZONS, LEVELS
from forecaster.schema import TouchFactors

STEPS = 60  # an hour


def walks(count, seed=1, drift=0.0):
    """The highest and lowest points (n, 24) of random walks by each hour, watched each minute, and their ends."""
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.normal(drift, 1 / np.sqrt(STEPS), (count, HORIZONS * STEPS)), axis=1)
    hours = np.arange(STEPS - 1, HORIZONS * STEPS, STEPS)
    return np.maximum.accumulate(path, axis=1)[:, hours], np.minimum.accumulate(path, axis=1)[:, hours], path[:, hours]


@pytest.fixture(scope="module")
def seen():
    highest, lowest, ends = walks(4_000)
    quantiles = np.quantile(ends, LEVELS, axis=0).T  # (24, Q): what such a walk does
    return np.broadcast_to(quantiles, (len(ends), *quantiles.shape)), highest, lowest


def test_a_walk_that_is_watched_all_the_time_needs_no_factor(seen):
    told = Touch.of(*seen)
    assert np.array(told.up) == pytest.approx(np.ones(24), abs=0.12)
    assert np.array(told.down) == pytest.approx(np.ones(24), abs=0.12)
    assert np.mean(told.up[12:]) == pytest.approx(1, abs=0.06)  # each minute is not all the time


def test_a_price_that_turns_before_it_gets_there_is_touched_less_often(seen):
    quantiles, highest, lowest = seen
    shy = Touch.of(quantiles, 0.8 * highest, lowest)
    assert max(shy.up) < 0.9 and shy.down == Touch.of(*seen).down


def test_ways_that_are_not_over_teach_nothing(seen):
    quantiles, highest, lowest = (each.copy() for each in seen)
    highest[-500:], lowest[-500:] = np.nan, np.nan
    quantiles[-500:] = 0.001
    assert Touch.of(quantiles, highest, lowest) == Touch.of(*(each[:-500] for each in (quantiles, highest, lowest)))


def test_levels_that_are_behind_the_price_are_left_out(seen):
    quantiles, highest, _ = seen
    told, shares = touched(quantiles[:, 0] + 10.0, highest[:, 0], "up")
    assert len(told) == 10 and (shares < 0.01).all()
    assert len(touched(quantiles[:, 0] - 10.0, highest[:, 0], "up")[0]) == 0
    nothing = Touch.of(quantiles - 10.0, highest, seen[2])
    assert nothing.up == (1.0,) * HORIZONS


def test_a_calibration_from_before_there_were_any_is_read():
    neutral = Conformal(trust=(1.0,) * HORIZONS, shift=((0.0,) * len(LEVELS),) * HORIZONS)
    old = Calibration(full=neutral, closes_only=neutral).model_dump(exclude={"touch"})
    assert Calibration.model_validate(old).touch is None
    taught = Calibration.model_validate(old | {"touch": {"up": [1.0] * HORIZONS, "down": [1.1] * HORIZONS}})
    assert taught.touch.chance("down", 60, 0.1) == pytest.approx(0.22)
    assert isinstance(taught.touch, TouchFactors)
