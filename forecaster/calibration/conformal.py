"""Makes quantiles keep their word on validation hours; adaptive.py goes on from there.

A quantile is shifted by a multiple of the forecast's own interquartile range, so the shift holds at every price and
volatility. The median moves only by the validation's shrinkage: calibration is about width, not about direction.

By hand: it is one quantile a level. crepes gives the same shifts to 0.0013 interquartile ranges and keeps every
residual for it; MAPIE shifts one band of one horizon at a time, by returns and not by the forecast's own width.
"""

from typing import Self

import numpy as np
from pydantic import Field

from forecaster.calibration.adaptive import Tracker, Widths
from forecaster.calibration.detector import Detectors
from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, Floats, ascending, interquartile
from forecaster.schema import Frozen, InputKind

METHOD = "conformal shifts of ensemble quantiles per horizon, in interquartile ranges, fitted on validation hours"
TRUSTS = np.linspace(0, 1, 21)  # shares of the median's move that are tried

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
        """Calibrated quantiles (n, 24, Q), ascending; or of the first hours alone (n, h, Q)."""
        hours = quantiles.shape[1]
        trusted = quantiles + ((np.array(self.trust[:hours]) - 1) * quantiles[:, :, MEDIAN])[:, :, None]
        return ascending(trusted + np.array(self.shift[:hours]) * interquartile(trusted))


class Calibration(Frozen):
    """A calibration for each kind of input: bands from 60 closes err otherwise than bands from candles."""

    full: Conformal
    closes_only: Conformal
    widths: dict[InputKind, dict[str, Widths]] = Field(
        default={}, description="by symbol, where a tracker goes on: its widths after the hours that were graded"
    )
    detectors: Detectors | None = Field(default=None, description="what tells anomalies, fitted on the same hours")

    def of(self, kind: InputKind) -> Conformal:
        """The one for that kind of input."""
        return self.full if kind == "full" else self.closes_only

    def tracker(self, kind: InputKind, symbol: str) -> Tracker:
        """A tracker that goes on from the widths at the end of the graded hours, or begins at none."""
        return Tracker.of(self.widths.get(kind, {}).get(symbol))
