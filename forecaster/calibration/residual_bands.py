"""Bands around a point forecast, from how far off the model was on validation hours.

By hand: crepes' normalized bands are the same to 0.02 %, and need all residuals where an artifact keeps 199 numbers.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.schema import Frozen

LEVELS = ("0.025", "0.10", "0.25", "0.50", "0.75", "0.90", "0.975")
BANDS = {"50": ("0.25", "0.75"), "80": ("0.10", "0.90"), "95": ("0.025", "0.975")}
GRID = 199  # points kept of the residuals' distribution
RESIDUAL_METHOD = "quantiles of absolute validation residuals, in log returns over the window's EWMA volatility"

Values = NDArray[np.float64]


class ResidualBands(Frozen):
    """The distribution of log(actual / predicted), in units of volatility, taken as symmetric.

    ``spread`` is the quantile function of its absolute value at i / 198, i = 0 ... 198: on the
    validation hours a band of half-width spread[p] around the point holds the share p of closes.
    """

    spread: tuple[float, ...] = Field(min_length=GRID, max_length=GRID)

    @classmethod
    def of(cls, predicted: Values, actual: Values, volatility: Values) -> Self:
        """Fit on validation hours: prices (n,), prices (n,), log return per hour (n,)."""
        residual = np.abs(np.log(actual / predicted)) / volatility
        return cls(spread=tuple(np.quantile(residual, np.linspace(0, 1, GRID)).tolist()))

    def offset(self, level: float) -> float:
        """Quantile of the residual at `level`, in units of volatility; 0 at level 0.5."""
        side = 2 * level - 1
        return float(np.sign(side) * np.interp(abs(side), np.linspace(0, 1, GRID), self.spread))

    def band(self, name: str, predicted: Values, volatility: Values) -> tuple[Values, Values]:
        """Lower and upper price (n,) of the band '50', '80' or '95' around `predicted` (n,)."""
        low, high = (self.offset(float(level)) for level in BANDS[name])
        return predicted * np.exp(low * volatility), predicted * np.exp(high * volatility)

    def prices(self, predicted: float, volatility: float) -> Values:
        """397 equally likely prices, ascending: the whole forecast distribution."""
        offsets = np.array([*(-value for value in reversed(self.spread[1:])), *self.spread])  # (397,)
        prices: Values = predicted * np.exp(offsets * volatility)
        return prices
