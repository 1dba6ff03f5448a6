"""An engine that knows no more than the volatility of its window: forecasts whose quality is known beforehand."""

import numpy as np

from forecaster.calibration.conformal import Calibration, Conformal
from forecaster.features.closes import window_volatility
from forecaster.quantiles import HORIZONS, LEVELS

LEVEL = np.array(LEVELS)
NORMAL = np.array(
    [-1.96, -1.645, -1.282, -1.036, -0.842, -0.674, -0.524, -0.385, -0.253, -0.126, 0.0]
)  # quantiles of the standard normal distribution up to the median
STANDARD = np.concatenate([NORMAL, -NORMAL[-2::-1]])  # (Q,)
ROOT = np.sqrt(np.arange(1, HORIZONS + 1))

_SAME = Conformal(trust=(1.0,) * HORIZONS, shift=((0.0,) * len(LEVELS),) * HORIZONS)
UNCHANGED = Calibration(full=_SAME, closes_only=_SAME)


class VolatilityEngine:
    """An Engine that forecasts a random walk with the EWMA volatility of the window's returns."""

    def run(self, inputs):
        returns = np.cumsum(inputs["window"][:, :, 0].astype(np.float64), axis=1)  # (n, 60), log of the close
        sigma = np.array([window_volatility(np.exp(each))[0] for each in returns])
        return (sigma[:, None, None] * ROOT[:, None] * STANDARD).astype(np.float32)
