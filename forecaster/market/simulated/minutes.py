"""The simulated tape in five-minute candles: twelve that make up each hour, with its open, high, low, close and volume.

Within an hour the log price walks from its open to its close and keeps between its low and high, which the highest
and the lowest of the twelve reach. All of it is a function of the symbol and the hour, as the hours themselves are.
"""

from functools import lru_cache

import numpy as np

from forecaster.market.candles import Candles
from forecaster.market.simulated.hours import BLOCK, Values, coin_of, normals, rounded, simulated
from forecaster.schema import FIVE_MINUTES, HOUR

PARTS = HOUR // FIVE_MINUTES
LANE = 1  # of the random numbers, apart from those of hours
MOST = 2 * BLOCK * PARTS  # candles given at once


def simulated_minutes(symbol: str, first: int, count: int) -> Candles:
    """`count` five-minute candles from the `first`, counted in five minutes since 1970. Raises UnsupportedSymbol."""
    size = BLOCK * PARTS
    blocks = range(first // size, (first + count - 1) // size + 1)
    table = np.concatenate([_block(symbol, block) for block in blocks], axis=1)  # (5, blocks * size)
    skipped = first - blocks.start * size
    columns = (np.ascontiguousarray(column[skipped : skipped + count]) for column in table)
    return Candles(FIVE_MINUTES * np.arange(first, first + count, dtype=np.int64), *columns, step=FIVE_MINUTES)


@lru_cache(maxsize=32)
def _block(symbol: str, block: int) -> Values:
    """Those of one block of hours as (5, BLOCK * PARTS): open, high, low, close in USD, volume in coins."""
    coin = coin_of(symbol)
    hours = simulated(symbol, block * BLOCK, BLOCK)
    steps, up, down, eagerness = normals(coin.stream, block, LANE, 4 * BLOCK * PARTS).reshape(4, BLOCK, PARTS)
    low, high = np.log(hours.low)[:, None], np.log(hours.high)[:, None]
    start, end = np.log(hours.open)[:, None], np.log(hours.close)[:, None]
    spread = (high - low) / 6
    walk = np.cumsum(spread * steps, axis=1)  # (BLOCK, PARTS)
    path = start + walk + (end - start - walk[:, -1:]) * np.arange(1, PARTS + 1) / PARTS
    close = np.clip(rounded(np.exp(np.clip(path, low, high)), coin), hours.low[:, None], hours.high[:, None])
    close[:, -1] = hours.close
    open_ = np.concatenate([hours.open[:, None], close[:, :-1]], axis=1)
    top, bottom = np.maximum(open_, close), np.minimum(open_, close)
    reach = spread / 2
    above = np.minimum(rounded(top * np.exp(reach * np.abs(up)), coin), hours.high[:, None])
    below = np.maximum(rounded(bottom * np.exp(-reach * np.abs(down)), coin), hours.low[:, None])
    row = np.arange(BLOCK)
    above[row, top.argmax(axis=1)] = hours.high
    below[row, bottom.argmin(axis=1)] = hours.low
    shares = np.exp(0.5 * eagerness)
    volume = (hours.volume[:, None] * shares / shares.sum(axis=1, keepdims=True)).round(4)
    volume[:, -1] = np.maximum(0.0, (hours.volume - volume[:, :-1].sum(axis=1)).round(4))
    return np.stack([column.ravel() for column in (open_, above, below, close, volume)])
