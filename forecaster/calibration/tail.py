"""How unlikely an outcome was under a forecast's quantiles, beyond the outer ones too, where quantiles say nothing.

    below 0.025          generalised Pareto, fitted
    0.025 ... 0.975      uniform between neighbouring levels, as in quantiles.py
    above 0.975          generalised Pareto, fitted

Exceedances count in interquartile ranges of their own forecast, so a tail holds at every price and volatility. By hand:
SciPy fits by maximum likelihood, which took 100 times as long, and on 20 exceedances was three times as far off.
"""

from typing import Self

import numpy as np
from pydantic import Field

from forecaster.errors import DataFileError
from forecaster.quantiles import LEVELS, Floats, interquartile, level_of
from forecaster.schema import Frozen

FEWEST = 5  # exceedances on a side from which a tail is fitted
LIGHTEST, HEAVIEST = 0.01, 0.5  # shapes: nearly exponential; infinite variance
LEAST = 1e-12  # the smallest probability told: no data speak of rarer outcomes
NARROWEST = 1e-12  # log return: an interquartile range that cannot be told from none


class Pareto(Frozen):
    """Generalised Pareto distribution of exceedances z >= 0: P(Z > z) = (1 + shape * z / scale) ** (-1 / shape).

    Pickands (1975), "Statistical inference using extreme order statistics".
    """

    shape: float = Field(ge=LIGHTEST, le=HEAVIEST, description="the larger, the heavier the tail")
    scale: float = Field(gt=0, description="in interquartile ranges of the forecast")

    @classmethod
    def of(cls, exceedances: Floats) -> Self:
        """Fit (n,) positive exceedances by probability-weighted moments. Raises DataFileError below 5.

        Hosking, Wallis (1987), "Parameter and quantile estimation for the generalized Pareto distribution".
        """
        n = len(exceedances)
        if n < FEWEST:
            raise DataFileError(
                f"Only {n} outcomes lie beyond an outer quantile, and a tail needs {FEWEST}.",
                "Give files with more hours between training and the graded hours.",
            )
        mean = float(exceedances.mean())
        weighted = float((np.sort(exceedances) * (n - 0.65 - np.arange(n)) / n).mean())  # E[Z * P(Z' > Z)]
        shape = float(np.clip(2 - mean / max(mean - 2 * weighted, 1e-12 * mean), LIGHTEST, HEAVIEST))
        return cls(shape=shape, scale=mean * (1 - shape))  # the scale that keeps the mean

    def survival(self, exceedance: Floats) -> Floats:
        """P(Z > z) of exceedances (n,); 1 where there is none."""
        with np.errstate(over="ignore"):  # an absurd one is infinitely far off
            relative = self.shape / self.scale * np.maximum(exceedance, 0.0)
        survival: Floats = np.exp(-np.log1p(relative) / self.shape)
        return survival


class Tail(Frozen):
    """One horizon's distribution beyond its outer quantiles."""

    below: Pareto
    above: Pareto

    @classmethod
    def of(cls, quantiles: Floats, outcome: Floats) -> Self:
        """Fit on calibrated quantiles (n, Q) and the log returns that followed (n,), NaN where unknown."""
        known = np.isfinite(outcome)
        under, over = _exceedances(quantiles[known], outcome[known])
        return cls(below=Pareto.of(under[under > 0]), above=Pareto.of(over[over > 0]))

    def probability(self, quantiles: Floats, outcome: Floats) -> Floats:
        """Two-sided tail probability 2 * min(F, 1 - F) of log returns (n,) under quantiles (n, Q): (n,).

        From 1 at the median down to 1e-12; uniform on outcomes that follow the forecast. NaN where one is NaN.
        """
        under, over = _exceedances(quantiles, outcome)
        below = level_of(quantiles, outcome)
        inside = 2 * np.minimum(below, 1 - below)
        outside = 2 * LEVELS[0] * np.where(under > 0, self.below.survival(under), self.above.survival(over))
        return np.maximum(np.where((under > 0) | (over > 0), outside, inside), LEAST)


def _exceedances(quantiles: Floats, outcome: Floats) -> tuple[Floats, Floats]:
    """How far outcomes (n,) lie under the lowest and over the highest quantile, in interquartile ranges."""
    width = np.maximum(interquartile(quantiles)[:, 0], NARROWEST)
    with np.errstate(over="ignore"):
        return (quantiles[:, 0] - outcome) / width, (outcome - quantiles[:, -1]) / width
