"""Made-up markets: two symbols whose hours are jagged, whose volatility changes, and which move together."""

from datetime import timedelta

import numpy as np

from forecaster.features.tape import Tape
from forecaster.market.candles import Candles, utc
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.fakes import NOON


def market(
    hours: int, seed: int = 3, start: float = 20_000.0, close_time: int = NOON, step: int = HOUR, sigma: float = 0.004
) -> Candles:
    """Candles of hours, or of a shorter step, that end at `close_time`; `sigma` is a step's volatility at first."""
    random = np.random.default_rng(seed)
    sigmas = sigma * np.exp(random.normal(0, 0.05, hours).cumsum() / 3)
    close = start * np.exp((sigmas * random.standard_t(4, hours)).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * np.exp(np.abs(random.normal(0, 0.3, hours)) * sigmas)
    low = np.minimum(open_, close) * np.exp(-np.abs(random.normal(0, 0.3, hours)) * sigmas)
    time = close_time - step * np.arange(hours, 0, -1)
    rows = np.column_stack([time, open_, high, low, close, random.lognormal(3, 1, hours)])
    return Candles.from_rows(rows.tolist(), step)


def five_minutes(days: int, seed: int = 3, start: float = 20_000.0, **options: int) -> Candles:
    """Five-minute candles of so many days."""
    return market(288 * days, seed, start, step=FIVE_MINUTES, sigma=0.0012, **options)


def scaled(candles: Candles, factor: float) -> Candles:
    """The same market priced in another unit."""
    prices = (factor * column for column in (candles.open, candles.high, candles.low, candles.close))
    return Candles(candles.time, *prices, candles.volume, step=candles.step)


def rewritten_after(candles: Candles, count: int, seed: int) -> Candles:
    """The same market up to its first `count` hours, and nonsense after them."""
    random = np.random.default_rng(seed)
    columns = []
    for column in (candles.open, candles.high, candles.low, candles.close, candles.volume):
        columns.append(np.concatenate([column[:count], column[count:] * random.lognormal(0, 2, len(column) - count)]))
    return Candles(candles.time, *columns, step=candles.step)


def tape_of_closes(close: np.ndarray) -> Tape:
    """Closes (n,) and nothing else: for the input 'closes_only' alone."""
    time, unknown = HOUR * np.arange(len(close)), np.full(len(close), np.nan)
    return Tape(time, close, close, close, np.zeros(len(close)), unknown, unknown, unknown)


# what networks of tests are trained on, until VALIDATION, and judged on, from TEST
HOURS = 1_600
VALIDATION, TEST = utc(NOON) - timedelta(hours=600), utc(NOON) - timedelta(hours=300)
BTC, ETH = market(HOURS, seed=1), market(HOURS - 50, seed=2, start=1_500.0)
