"""Forecasters and outcomes that were planted, to see what grading and calibration make of them."""

import numpy as np

from forecaster.calibration.conformal import Calibration, Conformal
from forecaster.quantiles import HORIZONS, LEVELS, band

_RANDOM = np.random.default_rng(11)
_ROOT = np.arange(1, HORIZONS + 1) ** 0.5
SIGMA = 0.005 * np.exp(0.3 * _RANDOM.normal(size=4_000))[:, None] * _ROOT  # (n, 24)
ACTUAL = SIGMA * _RANDOM.laplace(0, 0.7, SIGMA.shape)
STANDARD = np.sign(np.array(LEVELS) - 0.5) * -np.log(1 - np.abs(2 * np.array(LEVELS) - 1))  # of a Laplace's
TRUE = 0.7 * SIGMA[:, :, None] * STANDARD  # (n, 24, Q): the distribution that ACTUAL follows
SPREAD = 0.001 * (np.array(LEVELS) - 0.5)  # (Q,) log returns, of a narrow band


class Known:
    """An engine that gives quantiles (n, 24, Q) of its own, in order, whatever it is asked."""

    def __init__(self, quantiles):
        self.left = quantiles

    def run(self, inputs):
        count = len(inputs["known"])
        part, self.left = self.left[:count], self.left[count:]
        return part.astype(np.float32)


def nothing_moves() -> Calibration:
    """A calibration that leaves every quantile where it is."""
    one = Conformal(trust=(1.0,) * HORIZONS, shift=((0.0,) * len(LEVELS),) * HORIZONS)
    return Calibration(full=one, closes_only=one)


def coverage(quantiles, name, actual=ACTUAL):
    """Share of outcomes (n, 24) inside the band of that name of quantiles (n, 24, Q): (24,)."""
    low, high = band(quantiles, name)
    return ((low <= actual) & (actual <= high)).mean(axis=0)
