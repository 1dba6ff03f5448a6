"""Makes quantiles keep their word on validation hours; adaptive.py goes on from there.

A quantile is shifted by a multiple of the forecast's own interquartile range, so the shift holds at every price and
volatility. The median moves only by the validation's shrinkage: calibration is about width, not about direction.

By hand: it is one quantile a level. crepes gives the same shifts to 0.0013 interquartile ranges and keeps every
residual for it; MAPIE shifts one band of one horizon at a time, by returns and not by the forecast's own width.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from forecaster.calibration.adaptive import Tracker, Widths
from forecaster.calibration.detector import Detectors
from forecaster.calibration.touch import Touch
from forecaster.calibration.within import TRUSTS, Shifts, Within
from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN, Floats, ascending, interquartile
from forecaster.schema import Frozen, InputKind

METHOD = "conformal shifts of ensemble quantiles per horizon, in interquartile ranges, fitted on validation hours"


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
        trust, shift = zip(*(_fitted(quantiles[:, row], actual[:, row]) for row in range(HORIZONS)), strict=True)
        return cls(trust=trust, shift=shift)

    def apply(self, quantiles: Floats) -> Floats:
        """Calibrated quantiles (n, 24, Q), ascending; or of the first hours alone (n, h, Q)."""
        hours = quantiles.shape[1]
        return _shifted(quantiles, np.array(self.trust[:hours]), np.array(self.shift[:hours]))


def _fitted(quantiles: Floats, actual: Floats) -> tuple[float, Shifts]:
    """One horizon's trust and shifts, from log returns (n, Q) and (n,)."""
    known = np.isfinite(actual)
    issued, outcome = quantiles[known], actual[known]
    losses = [np.abs(outcome - share * issued[:, MEDIAN]).mean() for share in TRUSTS]
    trust = float(TRUSTS[int(np.argmin(losses))])
    issued = issued + (trust - 1) * issued[:, MEDIAN : MEDIAN + 1]
    miss = (outcome[:, None] - issued) / interquartile(issued)
    shift = [float(np.quantile(miss[:, i], level)) for i, level in enumerate(LEVELS)]
    shift[MEDIAN] = 0.0
    return trust, tuple(shift)


def _shifted(quantiles: Floats, trust: Floats, shift: Floats) -> Floats:
    """Quantiles (n, h, Q) with trusts (h,) and shifts (h, Q) applied, ascending."""
    trusted = quantiles + ((trust - 1) * quantiles[:, :, MEDIAN])[:, :, None]
    return ascending(trusted + shift * interquartile(trusted))


class Calibration(Frozen):
    """A calibration for each kind of input: bands from 60 closes err otherwise than bands from candles."""

    full: Conformal
    closes_only: Conformal
    widths: dict[InputKind, dict[str, Widths]] = Field(
        default={}, description="by symbol, where a tracker goes on: its widths after the hours that were graded"
    )
    within: Within | None = Field(default=None, description="for the horizons within an hour")
    detectors: Detectors | None = Field(default=None, description="what tells anomalies, fitted on the same hours")
    touch: Touch | None = Field(default=None, description="how often prices are touched on the way; older ones lack it")

    @property
    def fresh(self) -> Self:
        """What was fitted, without the widths that were learned since."""
        return self.model_copy(update={"widths": {}, "within": self.within and self.within.fresh})

    def apply(self, kind: InputKind, quantiles: Floats, mark: NDArray[np.int64]) -> Floats:
        """Quantiles (n, h, Q) of the first hours, issued at marks (n,), that keep their word."""
        calibrated = self.of(kind).apply(quantiles)
        if self.within and kind == "full":
            calibrated[:, 0] = self.within.first_hour(calibrated[:, 0], mark)
        return calibrated

    def of(self, kind: InputKind) -> Conformal:
        """The one for that kind of input."""
        return self.full if kind == "full" else self.closes_only

    def tracker(self, kind: InputKind, symbol: str) -> Tracker:
        """A tracker that goes on from the widths at the end of the graded hours, or begins at none."""
        return Tracker.of(self.widths.get(kind, {}).get(symbol))
