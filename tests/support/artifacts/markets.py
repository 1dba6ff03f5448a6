"""Made-up markets: two symbols whose hours are jagged, whose volatility changes, and which move together."""

import numpy as np

from forecaster.features.tape import Tape
from forecaster.market.candles import Candles
from forecaster.schema import HOUR
from tests.support.fakes import NOON


def market(hours: int, seed: int = 3, start: float = 20_000.0, close_time: int = NOON) -> Candles:
    """Hourly candles that end at `close_time`."""
    random = np.random.default_rng(seed)
    sigma = 0.004 * np.exp(random.normal(0, 0.05, hours).cumsum() / 3)
    close = start * np.exp((sigma * random.standard_t(4, hours)).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, 0.3, hours)) * sigma)
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, 0.3, hours)) * sigma)
    time = close_time - HOUR * np.arange(hours, 0, -1)
    return Candles.from_rows(np.column_stack([time, open_, high, low, close, random.lognormal(3, 1, hours)]).tolist())


def scaled(candles: Candles, factor: float) -> Candles:
    """The same market priced in another unit."""
    prices = (factor * column for column in (candles.open, candles.high, candles.low, candles.close))
    return Candles(candles.time, *prices, candles.volume)


def rewritten_after(candles: Candles, count: int, seed: int) -> Candles:
    """The same market up to its first `count` hours, and nonsense after them."""
    random = np.random.default_rng(seed)
    columns = []
    for column in (candles.open, candles.high, candles.low, candles.close, candles.volume):
        columns.append(np.concatenate([column[:count], column[count:] * random.lognormal(0, 2, len(column) - count)]))
    return Candles(candles.time, *columns)


def tape_of_closes(close: np.ndarray) -> Tape:
    """Closes (n,) and nothing else: for the input 'closes_only' alone."""
    time, unknown = HOUR * np.arange(len(close)), np.full(len(close), np.nan)
    return Tape(time, close, close, close, np.zeros(len(close)), unknown, unknown, unknown)
