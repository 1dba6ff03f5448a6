"""The only place where candles become model input, in training and in serving alike."""

from forecaster.features.closes import (
    VOLATILITY_FLOOR,
    VOLATILITY_HALF_LIFE,
    MinMaxScaling,
    close_windows,
    window_volatility,
)
from forecaster.features.closes_only import bare_inputs, read_closes
from forecaster.features.dataset import YEAR, Examples, Market, markets_of
from forecaster.features.hourly import (
    CANDLES_KNOWN,
    CHANNELS,
    CONTEXT,
    FLOOR,
    FROM_CLOSES,
    KINDS,
    LOOKBACK,
    OTHER_KNOWN,
    RANGE_TO_SIGMA,
    Hours,
    hours_of,
)
from forecaster.features.novelty import Familiarity
from forecaster.features.tape import Tape

__all__ = [
    "CANDLES_KNOWN",
    "CHANNELS",
    "CONTEXT",
    "FLOOR",
    "FROM_CLOSES",
    "KINDS",
    "LOOKBACK",
    "OTHER_KNOWN",
    "RANGE_TO_SIGMA",
    "VOLATILITY_FLOOR",
    "VOLATILITY_HALF_LIFE",
    "YEAR",
    "Examples",
    "Familiarity",
    "Hours",
    "Market",
    "MinMaxScaling",
    "Tape",
    "bare_inputs",
    "close_windows",
    "hours_of",
    "markets_of",
    "read_closes",
    "window_volatility",
]
