"""The only place where candles become model input, in training and in serving alike."""

from forecaster.features.closes import (
    VOLATILITY_FLOOR,
    VOLATILITY_HALF_LIFE,
    MinMaxScaling,
    close_windows,
    window_volatility,
)
from forecaster.features.closes_only import bare_inputs, read_closes
from forecaster.features.dataset import YEAR, Examples, Market, all_markets, markets_of, returns_within
from forecaster.features.hourly import (
    CANDLES_KNOWN,
    CHANNELS,
    CONTEXT,
    FLAGS,
    FROM_CLOSES,
    KINDS,
    LOOKBACK,
    OTHER_KNOWN,
    SUBHOUR_KNOWN,
    Hours,
    hours_of,
)
from forecaster.features.novelty import Familiarity
from forecaster.features.subhour import FINE_LOOKBACK, SUBHOUR, Minutes
from forecaster.features.tape import FLOOR, RANGE_TO_SIGMA, Tape

__all__ = [
    "CANDLES_KNOWN",
    "CHANNELS",
    "CONTEXT",
    "FINE_LOOKBACK",
    "FLAGS",
    "FLOOR",
    "FROM_CLOSES",
    "KINDS",
    "LOOKBACK",
    "OTHER_KNOWN",
    "RANGE_TO_SIGMA",
    "SUBHOUR",
    "SUBHOUR_KNOWN",
    "VOLATILITY_FLOOR",
    "VOLATILITY_HALF_LIFE",
    "YEAR",
    "Examples",
    "Familiarity",
    "Hours",
    "Market",
    "MinMaxScaling",
    "Minutes",
    "Tape",
    "all_markets",
    "bare_inputs",
    "close_windows",
    "hours_of",
    "markets_of",
    "read_closes",
    "returns_within",
    "window_volatility",
]
