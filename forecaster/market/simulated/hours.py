"""A simulated tape for when there is no market to ask: it looks like hourly candles, and says that it is not.

Hour t of a symbol is a pure function of the symbol and t. Hours come in blocks of 1024. A block draws its
random numbers from a counter-based generator keyed by its own position, walks from its first price to its
last, and both of these are drawn from their own positions too. So any hour costs at most one block, a
replayed hour never changes, and the price stays near its level for decades.

The returns have what matters to a forecaster of hours: no memory of their own, a volatility that
clusters over hours and days and follows the time of day, and fat tails.
"""

from functools import lru_cache
from math import floor, log10

import numpy as np
from numpy.typing import NDArray

from forecaster.market.candles import Candles
from forecaster.market.symbols import Simulation, catalogue, unsupported
from forecaster.schema import HOUR

BLOCK = 1024  # hours
MOST_HOURS = 20 * BLOCK  # given at once
Values = NDArray[np.float64]


MARKET = 0  # the stream that all coins share: they move together, and are restless at the same time
COMMON = 0.9  # weight of the market's move in a coin's: coins correlate at 0.81
LEVEL_SPREAD = 0.04  # standard deviation of the log price where blocks meet
# Log-volatility is a sum of fading echoes of past shocks: (shocks fade by 1/e in hours, standard deviation).
ECHOES = ((10.0, 0.30), (100.0, 0.40))
MEMORY = 512  # hours after which a shock is forgotten; at most one block
TIME_OF_DAY = 0.15  # log-volatility is this much higher at BUSIEST, and lower 12 h from it
BUSIEST = 15  # hour of the day, UTC
SURPRISE = (0.07, 2.5)  # this share of hours moves this many times as far: tails beyond those of clustering
LONGEST_MOVE = 0.15  # log return of an hour at most


def simulated(symbol: str, first: int, hours: int) -> Candles:
    """Simulated candles of `hours` hours from the `first`, counted in hours since 1970. Raises UnsupportedSymbol."""
    coin_of(symbol)
    blocks = range(first // BLOCK, (first + hours - 1) // BLOCK + 1)
    table = np.concatenate([_block(symbol, block) for block in blocks], axis=1)  # (5, blocks * BLOCK)
    skipped = first - blocks.start * BLOCK
    columns = (np.ascontiguousarray(column[skipped : skipped + hours]) for column in table)
    return Candles(HOUR * np.arange(first, first + hours, dtype=np.int64), *columns)


def coin_of(symbol: str) -> Simulation:
    """What tells this coin from others. Raises UnsupportedSymbol."""
    if symbol not in catalogue():
        raise unsupported(symbol, catalogue())
    return catalogue()[symbol].simulated


def rounded(prices: Values, coin: Simulation) -> Values:
    """Prices in cents, or with six digits for a cheap coin: the last bits, in which machines may differ, are hidden."""
    return prices.round(max(2, 5 - floor(log10(coin.level / 2))))


@lru_cache(maxsize=2 * MOST_HOURS // BLOCK)
def _block(symbol: str, block: int) -> Values:
    """One block as (5, BLOCK): open, high, low, close in USD, volume in coins."""
    coin = coin_of(symbol)
    common = _normals(MARKET, block)[2]
    own, up_x, up_y, down_x, down_y, eagerness, *_ = _normals(coin.stream, block)
    spread = _spread(coin, block)
    moves = np.clip(spread * (COMMON * common + np.sqrt(1 - COMMON**2) * own), -LONGEST_MOVE, LONGEST_MOVE)
    path = _tied(moves, _seam(coin, block), _seam(coin, block + 1))
    start, end = path[:-1], path[1:]
    # How far a random walk of known ends strays above and below them has this exact law (Rayleigh, bent by the ends).
    high = (start + end + np.hypot(end - start, spread * np.hypot(up_x, up_y))) / 2
    low = (start + end - np.hypot(end - start, spread * np.hypot(down_x, down_y))) / 2
    usual_range = 1.6 * coin.volatility
    volume = coin.volume * (0.2 + 0.8 * (high - low) / usual_range) * np.exp(0.35 * eagerness)
    prices = rounded(np.exp(np.stack((start, high, low, end))), coin)
    return np.vstack((prices, volume.round(4)))


def _spread(coin: Simulation, block: int) -> Values:
    """Standard deviation of each hour's log return, (BLOCK,): restless hours follow restless hours."""
    before, now = _normals(MARKET, block - 1), _normals(MARKET, block)
    shocks = np.concatenate((before[:, BLOCK - MEMORY + 1 :], now), axis=1)  # (8, MEMORY - 1 + BLOCK)
    hour = np.arange(block * BLOCK, (block + 1) * BLOCK)
    log = TIME_OF_DAY * np.cos(2 * np.pi * (hour - BUSIEST) / 24)
    for shock, (fade, size) in zip(shocks, ECHOES, strict=False):
        weights = np.exp(-np.arange(MEMORY) / fade)
        log += size * np.convolve(shock, weights / np.linalg.norm(weights), mode="valid") - size**2
    share, factor = SURPRISE
    surprised = np.hypot(now[3], now[4]) > np.sqrt(-2 * np.log(share))  # true with probability `share`
    scale = np.where(surprised, factor, 1.0) / np.sqrt(1 + share * (factor**2 - 1))
    spread: Values = coin.volatility * scale * np.exp(log)
    return spread


def _tied(moves: Values, start: float, end: float) -> Values:
    """The walk of `moves` bent evenly so that it leads from start to end: (BLOCK + 1,) log prices."""
    walk = np.concatenate(([0.0], np.cumsum(moves)))
    path: Values = start + walk + (end - start - walk[-1]) * np.linspace(0, 1, len(walk))
    path[-1] = end  # to the last bit: the next block opens there
    return path


def _seam(coin: Simulation, block: int) -> float:
    """Log price at which a block begins and the one before it ends."""
    return float(np.log(coin.level) + LEVEL_SPREAD * _normals(coin.stream, block)[7, 0])


@lru_cache(maxsize=4 * MOST_HOURS // BLOCK)
def _normals(stream: int, block: int) -> Values:
    """Standard normals that belong to a block, (8, BLOCK)."""
    return normals(stream, block, 0, 8 * BLOCK).reshape(8, BLOCK)


def normals(stream: int, block: int, lane: int, count: int) -> Values:
    """So many standard normals, of a block and of what they are used for: (count,), of an even count.

    Made from raw bits: NumPy promises these for every version, but not what its distributions make of them.
    """
    bits = np.random.Philox(key=stream, counter=[0, 0, lane, block]).random_raw((2, count // 2))
    uniform = ((bits >> np.uint64(11)) + 0.5) * 2.0**-53  # in (0, 1)
    radius, angle = np.sqrt(-2 * np.log(uniform[0])), 2 * np.pi * uniform[1]
    pairs: Values = np.concatenate((radius * np.cos(angle), radius * np.sin(angle)))
    return pairs
