"""A made-up market, so that every measurement runs without a download."""

import numpy as np

from forecaster.market.candles import Candles
from forecaster.schema import HOUR

END = 1_772_323_200  # 2026-03-01 00:00 UTC


def candles(hours: int, seed: int, start: float) -> Candles:
    """Gapless hourly candles that end at END, a walk of fat-tailed returns from the price `start`."""
    random = np.random.default_rng(seed)
    sigma = 0.005 * np.exp(0.5 * random.standard_normal(hours))  # log return per hour
    close = start * np.exp((sigma * random.standard_t(4, hours)).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * np.exp(sigma * random.random(hours))
    low = np.minimum(open_, close) * np.exp(-sigma * random.random(hours))
    time = END - HOUR * np.arange(hours, 0, -1)
    return Candles(time, open_, high, low, close, random.lognormal(3, 1, hours))
