"""Makes quantiles keep their word: once on validation hours, then online by what issued forecasts turned out to be.

Both shift a quantile by a multiple of the forecast's own interquartile range, so they hold at every price and
volatility. The median moves only by the validation's shrinkage: calibration is about width, not about direction.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, Floats, ascending, interquartile
from forecaster.schema import Frozen, InputKind

METHOD = "conformal shifts of ensemble quantiles per horizon, in interquartile ranges, fitted on validation hours"
TRUSTS = np.linspace(0, 1, 21)  # shares of the median's move that are tried
RATE = 0.01  # interquartile ranges, the most a band moves per outcome at 1 h
LIMIT = 1.0  # interquartile ranges, the most it may have moved

Shifts = tuple[float, ...]


class Conformal(Frozen):
    """Per horizon: how far to trust the median, and how far to shift each quantile."""

    trust: tuple[float, ...] = Field(
        min_length=HORIZONS, max_length=HORIZONS, description="share of the median's move, 0..1; 0 is 'no change'"
    )
    shift: tuple[Shifts, ...] = Field(
        min_length=HORIZONS, max_length=HORIZONS, description="for each quantile, in interquartile ranges"
    )

    @classmethod
    def of(cls, quantiles: Floats, actual: Floats) -> Self:
        """Fit on validation hours: log returns (n, 24, Q) and (n, 24), NaN where the future is unknown.

        Romano, Patterson, Candès (2019), "Conformalized quantile regression", one side at a time.
        """
        trust, shift = np.empty(HORIZONS), np.empty((HORIZONS, len(LEVELS)))
        for row in range(HORIZONS):
            known = np.isfinite(actual[:, row])
            issued, outcome = quantiles[known, row], actual[known, row]
            losses = [np.abs(outcome - share * issued[:, MEDIAN]).mean() for share in TRUSTS]
            trust[row] = TRUSTS[int(np.argmin(losses))]
            issued = issued + (trust[row] - 1) * issued[:, MEDIAN : MEDIAN + 1]
            miss = (outcome[:, None] - issued) / interquartile(issued)
            shift[row] = [np.quantile(miss[:, i], level) for i, level in enumerate(LEVELS)]
        shift[:, MEDIAN] = 0.0
        return cls(trust=tuple(trust.tolist()), shift=tuple(tuple(row) for row in shift.tolist()))

    def apply(self, quantiles: Floats) -> Floats:
        """Calibrated quantiles (n, 24, Q), ascending."""
        trusted = quantiles + ((np.array(self.trust) - 1) * quantiles[:, :, MEDIAN])[:, :, None]
        return ascending(trusted + np.array(self.shift) * interquartile(trusted))


class Calibration(Frozen):
    """A calibration for each kind of input: bands from 60 closes err otherwise than bands from candles."""

    full: Conformal
    closes_only: Conformal

    def of(self, kind: InputKind) -> Conformal:
        """The one for that kind of input."""
        return self.full if kind == "full" else self.closes_only


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

    def apply(self, quantiles: Floats) -> Floats:
        """One forecast's quantiles (24, Q) with what is known now; ascending."""
        moved = np.concatenate([-self.width, np.zeros((HORIZONS, 1)), self.width[:, ::-1]], axis=1)
        return ascending(quantiles + moved * interquartile(quantiles))

    def settle(self, horizon: NDArray[np.int64], issued: Floats, actual: Floats) -> None:
        """Learn from forecasts (k, Q) for `horizon` (k,) hours, each once, that have closed at log returns (k,)."""
        row = horizon - 1
        missed = (actual[:, None] < issued[:, :MEDIAN]) | (actual[:, None] > issued[:, :MEDIAN:-1])
        step = self._step[row][:, None] * (missed - self._outside)
        self.width[row] = np.clip(self.width[row] + step, -LIMIT, LIMIT)


def tracked(quantiles: Floats, actual: Floats, rate: float = RATE) -> Floats:
    """What a tracker would have issued for consecutive hours (n, 24, Q), told each outcome (n, 24) when it closed."""
    tracker, issued = Tracker(rate), np.empty_like(quantiles)
    ahead = np.arange(1, HORIZONS + 1)
    for hour in range(len(quantiles)):
        due = ahead[: min(hour, HORIZONS)]  # the forecast issued h hours ago for h hours closes now
        outcome = actual[hour - due, due - 1]
        known = np.isfinite(outcome)
        tracker.settle(due[known], issued[hour - due, due - 1][known], outcome[known])
        issued[hour] = tracker.apply(quantiles[hour])
    return issued
