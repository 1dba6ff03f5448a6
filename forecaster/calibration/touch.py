"""How often a price is touched on the way, beside how often a close lies beyond it.

A random walk that is watched all the time touches a price twice as often as it ends beyond it: the reflection principle
(Karatzas, Shreve, "Brownian motion and stochastic calculus", 2.6). Prices are no such walk, so the rule gets a factor
for each horizon and side, fitted on validation hours.
"""

from typing import Literal, Self

import numpy as np

from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, Floats
from forecaster.schema import TouchFactors

HOUR = 60  # minutes
FEWEST = 100  # forecasts without which nothing is fitted at a level

Way = Literal["up", "down"]


DECIMALS = 4  # of a factor, which is known no better


class Touch(TouchFactors):
    """The factors, as they are fitted and used."""

    @classmethod
    def of(cls, quantiles: Floats, highest: Floats, lowest: Floats) -> Self:
        """Fit on validation hours: quantiles (n, 24, Q) of the log return as told, and the highest and lowest log
        return (n, 24) on the way, NaN where the way is not over."""
        hours = range(HORIZONS)
        return cls(
            up=tuple(_factor(*touched(quantiles[:, hour], highest[:, hour], "up")) for hour in hours),
            down=tuple(_factor(*touched(quantiles[:, hour], lowest[:, hour], "down")) for hour in hours),
        )

    def chance(self, way: Way, minutes: int, beyond: float) -> float:
        """Chance of a touch within so many minutes, where a close beyond has the chance `beyond`: never less than that.

        Before the first hour its factor holds; between two hours, a straight line over the square root of time.
        """
        times = np.sqrt(np.arange(HOUR, HOUR * HORIZONS + 1, HOUR))
        factor = float(np.interp(np.sqrt(minutes), times, self.up if way == "up" else self.down))
        return min(1.0, max(beyond, 2 * factor * beyond))


def touched(quantiles: Floats, reached: Floats, way: Way) -> tuple[Floats, Floats]:
    """Chances (k,) told of a close beyond a quantile that lies ahead, and the shares (k,) of ways that touched it.

    Of one horizon: quantiles (n, Q) and the farthest log returns (n,). Levels that lie ahead too seldom are left out.
    """
    told, shares = [], []
    levels = LEVELS[MEDIAN + 1 :] if way == "up" else LEVELS[:MEDIAN]
    for level in levels:
        edge = quantiles[:, LEVELS.index(level)]
        ahead = np.isfinite(reached) & ((edge > 0) if way == "up" else (edge < 0))
        if ahead.sum() >= FEWEST:
            told.append(1 - level if way == "up" else level)
            shares.append(((reached >= edge) if way == "up" else (reached <= edge))[ahead].mean())
    return np.array(told), np.array(shares)


def _factor(told: Floats, shares: Floats) -> float:
    """Least squares through the origin, each level weighed by how surely its share is known; 1 where nothing is."""
    rule = 2 * told
    weight = 1 / np.maximum(shares * (1 - shares), 1e-3)
    if not len(told):
        return 1.0
    return round(float((weight * rule * shares).sum() / (weight * rule**2).sum()), DECIMALS)
