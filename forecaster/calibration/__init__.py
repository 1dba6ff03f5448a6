"""What validation hours and live outcomes teach about a network's quantiles: shifts, widths, tails, limits."""

from forecaster.calibration.adaptive import Tracker, Widths, tracked
from forecaster.calibration.conformal import METHOD, Calibration, Conformal
from forecaster.calibration.detector import (
    HALF_LIFE,
    RAREST,
    SPANS,
    Detector,
    Detectors,
    Past,
    Recent,
    alarms,
    lagged,
    limit_for,
    moves,
    score,
)
from forecaster.calibration.residual_bands import BANDS, LEVELS, RESIDUAL_METHOD, ResidualBands
from forecaster.calibration.touch import Touch, Way, touched
from forecaster.calibration.within import MARKS, MINUTES, Within, widths_of

__all__ = [
    "BANDS",
    "HALF_LIFE",
    "LEVELS",
    "MARKS",
    "METHOD",
    "MINUTES",
    "RAREST",
    "RESIDUAL_METHOD",
    "SPANS",
    "Calibration",
    "Conformal",
    "Detector",
    "Detectors",
    "Past",
    "Recent",
    "ResidualBands",
    "Touch",
    "Tracker",
    "Way",
    "Widths",
    "Within",
    "alarms",
    "lagged",
    "limit_for",
    "moves",
    "score",
    "touched",
    "tracked",
    "widths_of",
]
