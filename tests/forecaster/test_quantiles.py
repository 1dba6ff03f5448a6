"""Quantiles: what follows from them, against a distribution whose answers are known."""

import numpy as np
import pytest

from forecaster.quantiles import KEYS, LEVELS, MEDIAN, ascending, band, crps, level_of, median_move, probability_up

UNIFORM = (np.array(LEVELS) - 0.5)[None]  # of a return uniform on -0.5 ... 0.5


def test_the_levels_of_the_wire_format_are_among_the_keys():
    assert {"0.025", "0.10", "0.25", "0.50", "0.75", "0.90", "0.975"} <= set(KEYS)
    assert [float(key) for key in KEYS] == list(LEVELS)
    assert LEVELS[MEDIAN] == 0.5


@pytest.mark.parametrize("centre", [-0.3, 0.0, 0.07, 0.2])
def test_the_chance_of_going_up_is_the_share_above_no_change(centre):
    assert probability_up(UNIFORM + centre) == pytest.approx(0.5 + centre)


def test_the_chance_of_going_up_ends_with_the_outer_levels():
    assert probability_up(UNIFORM + 5) == pytest.approx(0.975)
    assert probability_up(UNIFORM - 5) == pytest.approx(0.025)


def test_the_level_of_a_quantile_is_its_own_and_the_highest_where_several_are_equal():
    assert [level_of(UNIFORM, value)[0] for value in UNIFORM[0]] == pytest.approx(LEVELS)
    assert level_of(UNIFORM + 100, np.array([100.07])) == pytest.approx([0.57])
    flat = np.zeros((3, len(LEVELS)))
    assert level_of(flat, np.array([-1.0, 0.0, 1.0])).tolist() == [LEVELS[0], LEVELS[-1], LEVELS[-1]]


def test_a_value_or_a_forecast_that_is_not_known_has_no_level():
    assert np.isnan(level_of(UNIFORM, np.nan)).all()
    assert np.isnan(level_of(np.full_like(UNIFORM, np.nan), 0.0)).all()


def test_the_median_move_is_that_of_the_distribution():
    assert median_move(0.01 * UNIFORM) == pytest.approx(0.0025, rel=0.02)


@pytest.mark.parametrize("count", [1, 27, 1000])
@pytest.mark.parametrize("centre", [-9.0, -0.05, -0.003, 0.0, 0.01, 9.0])
def test_the_median_move_is_the_middle_one_of_all_moves_in_order(count, centre):
    returns = np.sort(0.01 * np.random.default_rng(5).standard_t(2, (count, 3, len(LEVELS))), axis=-1) + centre
    returns[0, 0] = centre
    levels = (np.arange(199) + 0.5) / 199
    drawn = np.array([[np.interp(levels, LEVELS, row) for row in each] for each in returns])
    assert median_move(returns) == pytest.approx(np.median(np.abs(np.expm1(drawn)), axis=-1), rel=1e-12)


def test_the_score_of_a_uniform_distribution_is_the_known_one():
    actual = np.array([-0.3, 0.0, 0.4])
    assert crps(np.repeat(UNIFORM, 3, axis=0), actual) == pytest.approx(actual**2 + 1 / 12, abs=2e-3)


def test_the_score_of_a_certain_forecast_is_its_absolute_error():
    assert crps(np.zeros((2, len(LEVELS))), np.array([0.2, -0.1])) == pytest.approx([0.2, 0.1])


def test_crossed_quantiles_are_put_in_order_from_the_median_outwards():
    crossed = UNIFORM.copy()
    crossed[0, 3], crossed[0, -2] = 0.4, -0.4
    mended = ascending(crossed)[0]
    assert (np.diff(mended) >= 0).all()
    assert mended[MEDIAN] == 0 and mended[3] == UNIFORM[0, 4] and mended[-2] == UNIFORM[0, -3]


def test_a_band_lies_between_its_two_levels():
    low, high = band(UNIFORM, "80")
    assert (low[0], high[0]) == pytest.approx((-0.4, 0.4))
