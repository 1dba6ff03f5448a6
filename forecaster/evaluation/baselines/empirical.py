"""The last 90 days' returns as a forecast: their quantiles as they were, or around a median of another kind."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecaster.features import Market
from forecaster.quantiles import LEVELS, MEDIAN, Floats

DAYS = 90
DAYS_90 = 24 * DAYS  # returns
BLOCK = 256  # hours whose windows are cut from the same sorted returns: 0.6 million places at a time

Median = Callable[[Market, NDArray[np.int64], int], Floats]


def rolling_quantiles(close: Floats, rows: NDArray[np.int64], ahead: int) -> Floats:
    """Quantiles (m, Q) of the `ahead`-hour log returns that closed in the 90 days up to each of `rows` (m,).

    Where there are fewer days before, the first return stands for those that are missing. Interpolated as by
    numpy.quantile, to the last bit: Hyndman, Fan (1996), "Sample quantiles in statistical packages", type 7.
    """
    log = np.log(close)
    returns = log[ahead:] - log[:-ahead]  # (n - ahead,), the i-th closes at i + ahead
    returns = np.concatenate([np.full(DAYS_90 - 1 + ahead, returns[0]), returns])  # row t's are [t, t + DAYS_90)
    quantiles, block = np.empty((len(rows), len(LEVELS))), rows // BLOCK
    for number in np.unique(block):
        first, members = number * BLOCK, np.flatnonzero(block == number)
        quantiles[members] = _windows_quantiles(returns[first : first + DAYS_90 + BLOCK - 1], rows[members] - first)
    return quantiles


def known_quantiles(close: Floats, rows: NDArray[np.int64]) -> Floats:
    """The same one hour ahead; before the 90th day of as many returns as have closed, nothing standing in for more."""
    quantiles, returns = rolling_quantiles(close, rows, 1), np.diff(np.log(close))  # the i-th closes at i + 1
    for index in np.flatnonzero(rows < DAYS_90):
        quantiles[index] = np.quantile(returns[: rows[index]], LEVELS)
    return quantiles


def _windows_quantiles(returns: Floats, starts: NDArray[np.int64]) -> Floats:
    """Quantiles (k, Q) of the windows of `returns` that begin at `starts` (k,).

    All returns are sorted once; what of them lies in a window is then sorted already.
    """
    order = np.argsort(returns).astype(np.int32)
    age = order - starts[:, None].astype(np.int32)
    inside = np.flatnonzero((age >= 0) & (age < DAYS_90)).reshape(len(starts), DAYS_90)
    place = (DAYS_90 - 1) * np.array(LEVELS)
    left = place.astype(np.int64)
    low, high = (returns[order[inside[:, left + side] % len(order)]] for side in (0, 1))
    share, gap = place - left, high - low
    return np.where(share < 0.5, low + gap * share, high - gap * (1 - share))


class Recent:
    """The rolling quantiles last asked about, computed once for all baselines that rest on them."""

    def __init__(self) -> None:
        self._asked: tuple[Market, NDArray[np.int64], int] | None = None
        self._quantiles = np.empty((0, len(LEVELS)))

    def of(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q), not to be written to."""
        if not self._holds(market, rows, ahead):
            self._asked = market, rows.copy(), ahead
            self._quantiles = rolling_quantiles(market.close, rows, ahead)
        return self._quantiles

    def _holds(self, market: Market, rows: NDArray[np.int64], ahead: int) -> bool:
        if self._asked is None:
            return False
        its_market, its_rows, its_ahead = self._asked
        return its_market is market and its_ahead == ahead and np.array_equal(its_rows, rows)


class Empirical:
    """The last 90 days' quantiles, moved to `median` as a whole; without one, they stay where they were."""

    def __init__(self, name: str, recent: Recent, median: Median | None = None) -> None:
        self.name = name
        self._recent = recent
        self._median = median

    def fit(self, market: Market, start: float, stop: float) -> None:
        """Learns nothing: each row has its own 90 days."""

    def quantiles(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q) of the `ahead`-hour log return."""
        spread = self._recent.of(market, rows, ahead)
        if self._median is None:
            return spread.copy()
        return spread - spread[:, MEDIAN : MEDIAN + 1] + self._median(market, rows, ahead)[:, None]


def no_change(market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
    """A return of exactly 0, (m,)."""
    return np.zeros(len(rows))


def drift(market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
    """`ahead` times the mean hourly log return of the last 90 days, (m,)."""
    first = np.maximum(rows - DAYS_90, 0)
    mean: Floats = np.log(market.close[rows] / market.close[first]) / (rows - first)
    return ahead * mean


def yesterday(market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
    """The log return over the same hours of the day before, (m,): for up to 24 hours ahead it is known."""
    past: Floats = np.log(market.close[rows - 24 + ahead] / market.close[rows - 24])
    return past
