"""Features: one code path for training and serving, and nothing in it from the future."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.errors import InvalidInput
from forecaster.features.closes import VOLATILITY_FLOOR, MinMaxScaling, close_windows, window_volatility
from forecaster.market.candles import Candles
from forecaster.market.gaps import gapless
from forecaster.schema import WINDOW
from tests.support.fakes import candles_ending

SCALING = MinMaxScaling(low=100.0, high=300.0)
CLOSES = np.exp(np.random.default_rng(1).normal(0, 0.01, 200).cumsum()) * 200


def test_each_window_holds_sixty_closes_oldest_first():
    windows = close_windows(CLOSES, SCALING)
    assert windows.shape == (141, WINDOW, 1)
    assert windows.dtype == np.float32
    assert np.allclose(windows[3, :, 0], SCALING.to_unit(CLOSES[3:63]))


def test_scaling_is_fitted_on_what_it_is_given_and_maps_back():
    scaling = MinMaxScaling.of(CLOSES[:100])
    assert (scaling.low, scaling.high) == (CLOSES[:100].min(), CLOSES[:100].max())
    assert np.allclose(scaling.to_price(scaling.to_unit(CLOSES)), CLOSES, rtol=1e-5)


def test_volatility_of_a_window_does_not_depend_on_what_surrounds_it():
    whole = window_volatility(CLOSES)
    assert whole.shape == (141,)
    assert window_volatility(CLOSES[40:100])[0] == pytest.approx(whole[40], rel=1e-12)


def test_volatility_of_equal_moves_is_that_move():
    closes = 100 * np.exp(0.01 * (np.arange(WINDOW) % 2))
    assert window_volatility(closes)[0] == pytest.approx(0.01)


def test_constant_prices_have_the_smallest_volatility_not_none():
    assert window_volatility(np.full(WINDOW, 5.0))[0] == VOLATILITY_FLOOR


@given(st.floats(1e-6, 1e6))
def test_volatility_does_not_depend_on_the_price_level(factor):
    assert window_volatility(CLOSES * factor) == pytest.approx(window_volatility(CLOSES), rel=1e-6)


def without(candles: Candles, hours: range) -> Candles:
    return Candles.from_rows([row for index, row in enumerate(candles.rows()) if index not in hours])


def test_a_whole_history_needs_no_filling():
    candles = candles_ending(hours=80)
    whole, filled = gapless(candles, WINDOW)
    assert filled == 0
    assert np.array_equal(whole.close, candles.close[-WINDOW:])


def test_up_to_six_hours_in_a_row_are_filled_and_counted():
    whole, filled = gapless(without(candles_ending(hours=80), range(60, 66)), WINDOW)
    assert filled == 6
    assert len(whole) == WINDOW


def test_seven_hours_in_a_row_without_a_candle_are_refused():
    with pytest.raises(InvalidInput, match="More than 6 hours in a row"):
        gapless(without(candles_ending(hours=80), range(60, 67)), WINDOW)


def test_a_gap_before_the_window_does_not_matter():
    _, filled = gapless(without(candles_ending(hours=80), range(3, 15)), WINDOW)
    assert filled == 0


def test_too_short_a_history_is_refused_with_the_number_needed():
    with pytest.raises(InvalidInput, match="needs 60 hours of candles and got 59"):
        gapless(candles_ending(hours=59), WINDOW)
