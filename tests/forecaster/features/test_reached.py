"""The farthest points on the way to a close: of candles between its issue and it, and none that are to come."""

import numpy as np
import pytest

from forecaster.features import Market
from tests.support.artifacts.markets import market

CANDLES = market(400, seed=4)
BTC = Market.of("BTC-USD", CANDLES, CANDLES)
ROWS = np.array([300, 350, 390])


def test_the_highest_and_the_lowest_are_those_of_the_hours_ahead():
    highest, lowest = BTC.reached(ROWS, float("inf"))
    for row, high, low in zip(ROWS, highest, lowest, strict=True):
        for hours in (1, 5, 24):
            part = slice(row + 1, row + 1 + hours)
            if row + hours < len(BTC.close):
                assert high[hours - 1] == pytest.approx(np.log(CANDLES.high[part].max() / BTC.close[row]))
                assert low[hours - 1] == pytest.approx(np.log(CANDLES.low[part].min() / BTC.close[row]))
            else:
                assert np.isnan([high[hours - 1], low[hours - 1]]).all()


def test_a_way_that_is_not_over_by_then_is_not_known():
    stop = float(BTC.time[310] + 3600)
    highest, lowest = BTC.reached(ROWS[:1], stop)
    assert np.isfinite(highest[0, :10]).all() and np.isnan(highest[0, 10:]).all()
    assert (np.isnan(lowest) == np.isnan(highest)).all()
