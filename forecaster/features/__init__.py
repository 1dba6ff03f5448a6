"""The only place where candles become model input, in training and in serving alike.

closes.py   the classic recipe's: 60 closes on a min-max scale
hours.py    the quantile recipe's: candles of both symbols as log quantities
gaps.py     hours without a trade
"""

from forecaster.features.closes import (
    VOLATILITY_FLOOR,
    VOLATILITY_HALF_LIFE,
    WINDOW,
    MinMaxScaling,
    close_windows,
    window_volatility,
)
from forecaster.features.gaps import LONGEST_GAP, gapless
from forecaster.features.hours import CHANNELS, CONTEXT, LOOKBACK, Hours, Tape, hours_of

__all__ = [
    "CHANNELS",
    "CONTEXT",
    "LONGEST_GAP",
    "LOOKBACK",
    "VOLATILITY_FLOOR",
    "VOLATILITY_HALF_LIFE",
    "WINDOW",
    "Hours",
    "MinMaxScaling",
    "Tape",
    "close_windows",
    "gapless",
    "hours_of",
    "window_volatility",
]
