"""The only place where candles become model input, in training and in serving alike.

closes.py   the classic recipe's: 60 closes on a min-max scale
tape.py     candles of both symbols side by side
hours.py    the quantile recipe's: a tape as log quantities
bare.py     the same from 60 closes alone, for less
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
from forecaster.features.hours import CHANNELS, CONTEXT, LOOKBACK, Hours, hours_of
from forecaster.features.tape import Tape

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
