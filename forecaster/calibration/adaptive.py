"""Widths of bands that follow what issued forecasts turned out to be, without looking ahead.

A width is a multiple of the forecast's own interquartile range, so it holds at every price and volatility. By hand:
MAPIE follows one level of one horizon through an estimator, which took 30 times as long as all ten bands do here.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, Floats, ascending, interquartile

RATE = 0.01  # interquartile ranges, the most a band moves per outcome at 1 h
LIMIT = 1.0  # interquartile ranges, the most it may have moved
DECIMALS = 5  # kept of a width

Widths = tuple[tuple[float, ...], ...]  # (24, Q // 2) interquartile ranges, outermost band first


class Tracker:
    """Widths that follow the coverage of issued forecasts; an outcome counts once it has closed.

    Adaptive conformal inference (Gibbs, Candès 2021), as quantile tracking: after each outcome outside a band the
    band widens on both sides by RATE * (share it should hold), after one inside it narrows by RATE * (the rest), so
    that in the long run it holds what it says. Both sides move alike: chasing each side follows past trends. The
    outcomes of neighbouring hours overlap at horizon h, so a step is smaller by sqrt(h).
    """

    def __init__(self, rate: float = RATE) -> None:
        self.width = np.zeros((HORIZONS, MEDIAN))  # interquartile ranges, outermost band first
        self._step = rate / np.sqrt(np.arange(1, HORIZONS + 1))
        self._outside = 2 * np.array(LEVELS[:MEDIAN])  # share of outcomes that a band may miss

    @classmethod
    def of(cls, widths: Widths | None) -> Self:
        """A tracker that goes on from `widths`, or begins at none."""
        tracker = cls()
        if widths is not None:
            tracker.width[:] = widths
        return tracker

    @property
    def widths(self) -> Widths:
        """What `of` takes."""
        return tuple(tuple(row) for row in np.round(self.width, DECIMALS).tolist())

    def apply(self, quantiles: Floats) -> Floats:
        """Quantiles (..., 24, Q) with what is known now, ascending; or of the first hours alone (..., h, Q)."""
        width = self.width[: quantiles.shape[-2]]
        moved = np.concatenate([-width, np.zeros((len(width), 1)), width[:, ::-1]], axis=1)
        return ascending(quantiles + moved * interquartile(quantiles))

    def settle(self, horizon: NDArray[np.int64], issued: Floats, actual: Floats) -> None:
        """Learn from forecasts (k, Q) for `horizon` (k,) hours, each once, that have closed at log returns (k,)."""
        row = horizon - 1
        missed = (actual[:, None] < issued[:, :MEDIAN]) | (actual[:, None] > issued[:, :MEDIAN:-1])
        step = self._step[row][:, None] * (missed - self._outside)
        self.width[row] = np.clip(self.width[row] + step, -LIMIT, LIMIT)


def tracked(quantiles: Floats, actual: Floats, tracker: Tracker | None = None) -> Floats:
    """What a tracker would have issued for consecutive hours (n, 24, Q), told each outcome (n, 24) when it closed.

    Or for the first hours ahead alone: (n, h, Q) and (n, h). `tracker` is left with what it knows at the last hour.
    """
    tracker, issued = tracker or Tracker(), np.empty_like(quantiles)
    ahead = np.arange(1, quantiles.shape[1] + 1)
    for hour in range(len(quantiles)):
        due = ahead[:hour]  # the forecast issued h hours ago for h hours closes now
        outcome = actual[hour - due, due - 1]
        known = np.isfinite(outcome)
        tracker.settle(due[known], issued[hour - due, due - 1][known], outcome[known])
        issued[hour] = tracker.apply(quantiles[hour])
    return issued
