"""The classic recipe's input: windows of 60 closes in training units, and the volatility within each."""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.schema import WINDOW, Frozen

VOLATILITY_HALF_LIFE = 24  # hours
VOLATILITY_FLOOR = 1e-6  # log return per hour: constant prices still get a band of positive width


class MinMaxScaling(Frozen):
    """Prices mapped so that the training part's lowest close is 0 and its highest 1."""

    low: float
    high: float

    @classmethod
    def of(cls, close: NDArray[np.float64]) -> Self:
        """Fit on `close` (n,), which must be the training part alone."""
        from sklearn.preprocessing import MinMaxScaler

        scaler = MinMaxScaler().fit(close.reshape(-1, 1))
        return cls(low=float(scaler.data_min_[0]), high=float(scaler.data_max_[0]))

    def to_unit(self, price: NDArray[np.float64]) -> NDArray[np.float32]:
        """Prices of any shape to training units, float32; outside 0..1 where training never was."""
        return ((price - self.low) / (self.high - self.low)).astype(np.float32)

    def to_price(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        """Training units of any shape back to prices, float64."""
        return unit.astype(np.float64) * (self.high - self.low) + self.low


def close_windows(close: NDArray[np.float64], scaling: MinMaxScaling) -> NDArray[np.float32]:
    """Every run of 60 closes, oldest first: (n,) prices -> (n - 59, 60, 1) float32, a view."""
    unit = scaling.to_unit(close)
    return np.lib.stride_tricks.sliding_window_view(unit, WINDOW)[:, :, None]


def window_volatility(close: NDArray[np.float64]) -> NDArray[np.float64]:
    """Volatility of the hourly log return within each window of 60 closes: (n,) -> (n - 59,) per hour.

    The root of the exponentially weighted mean of the window's 59 squared log returns, half-life 24 h.
    It sees nothing but the window, so a forecast from 60 closes and one from a long history agree.
    """
    squared = np.diff(np.log(close)) ** 2  # (n - 1,)
    age = np.arange(WINDOW - 1)[::-1]  # (59,) hours before the newest return
    weight = 0.5 ** (age / VOLATILITY_HALF_LIFE)
    runs = np.lib.stride_tricks.sliding_window_view(squared, WINDOW - 1)  # (n - 59, 59)
    volatility: NDArray[np.float64] = np.maximum(np.sqrt(runs @ (weight / weight.sum())), VOLATILITY_FLOOR)
    return volatility
