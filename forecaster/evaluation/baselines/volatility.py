"""A volatility that is forecast, times the quantiles that returns in its units had in the fitting hours.

So the width follows the market and the shape of the distribution is the market's own. Barone-Adesi, Giannopoulos,
Vosper (1999), "VaR without correlations for portfolios of derivative securities", call it filtered historical
simulation. Every horizon is fitted on its own.
"""

from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.features import CONTEXT, SUBHOUR, VOLATILITY_FLOOR, YEAR, Market
from forecaster.quantiles import HORIZONS, LEVELS, Floats
from forecaster.schema import HOUR

YEARS = 4  # newest that are learned from: of 2 to 6 and all, the best in the validation year
FEWEST = 200  # hours to learn from
HALF_LIVES = (6, 12, 24, 48, 96, 192)  # hours, of which EWMA takes the best for each horizon
SCALES = (1, 3, 12, 24, 168)  # hours whose volatility HAR knows

_COLUMNS = [
    CONTEXT.index(name)
    for name in (
        *(f"range_{hours}h" for hours in SCALES),
        *(f"hour_{hour:02d}" for hour in range(24)),
        *(f"week_{day}" for day in range(7)),
    )
]
_FINE = [place for place, name in enumerate(SUBHOUR) if name.startswith("fine_range")]
_PROFILE = [CONTEXT.index(f"profile_{hour}h") for hour in range(1, HORIZONS + 1)]
_LEVELS = np.array(LEVELS)


class Ewma:
    """Volatility is the root of an exponentially weighted mean of squared hourly log returns.

    J.P. Morgan/Reuters (1996), "RiskMetrics: technical document". The half-life is that with the least pinball
    loss in the fitting hours.
    """

    name = "ewma"

    def fit(self, market: Market, start: float, stop: float) -> None:
        """Choose each horizon's half-life, and its quantiles in units of the volatility."""
        rows = _learned_from(market, start, stop)
        volatility = {half_life: _ewma(market, half_life)[rows] for half_life in HALF_LIVES}
        self._half_life: list[int] = []  # for each horizon
        self._shape = np.empty((HORIZONS, len(LEVELS)))  # volatilities * sqrt(hours)
        for ahead in range(1, HORIZONS + 1):
            actual, tried = market.target[rows, ahead - 1] / np.sqrt(ahead), []
            for half_life, sigma in volatility.items():
                shape = np.quantile(actual / sigma, LEVELS)
                tried.append((_pinball(sigma[:, None] * shape, actual), half_life, shape))
            _, half_life, self._shape[ahead - 1] = min(tried, key=lambda each: each[:2])
            self._half_life.append(half_life)

    def quantiles(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q) of the `ahead`-hour log return."""
        sigma = np.sqrt(ahead) * _ewma(market, self._half_life[ahead - 1])[rows]
        quantiles: Floats = sigma[:, None] * self._shape[ahead - 1]
        return quantiles


class Har:
    """Volatility is a log-linear regression on the volatilities of the last hour, hours, day and week.

    Corsi (2009), "A simple approximate long-memory model of realized volatility", with ranges for the volatility
    of an hour (Parkinson 1980) and what an hourly market has beyond a daily one: indicators of the hour of day and
    day of week that come next, and the last twelve days' volatility at the hours of day ahead. Least squares on
    the log of the mean volatility over the hours ahead. With `minutes`, the volatilities of the last minutes too,
    where they are known.
    """

    def __init__(self, minutes: bool = False) -> None:
        self.name = "har_minutes" if minutes else "har"
        self._minutes = minutes

    def fit(self, market: Market, start: float, stop: float) -> None:
        """Fit each horizon's regression, and its quantiles in units of the volatility."""
        rows = _learned_from(market, start, stop)
        hourly = np.exp(market.hours.context[:, CONTEXT.index("range_1h")].astype(np.float64))
        self._slopes: list[Floats] = []  # of each horizon
        self._shape = np.empty((HORIZONS, len(LEVELS)))  # volatilities, not per hour but over the whole horizon
        for ahead in range(1, HORIZONS + 1):
            known = _regressors(market, rows, ahead, self._minutes)
            mean = np.correlate(hourly[1:], np.full(ahead, 1 / ahead), mode="valid")  # of the hours after each
            self._slopes.append(_least_squares(known, np.log(mean[rows])))
            sigma = np.exp(known @ self._slopes[ahead - 1])
            self._shape[ahead - 1] = np.quantile(market.target[rows, ahead - 1] / sigma, LEVELS)

    def quantiles(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q) of the `ahead`-hour log return."""
        sigma = np.exp(_regressors(market, rows, ahead, self._minutes) @ self._slopes[ahead - 1])
        quantiles: Floats = sigma[:, None] * self._shape[ahead - 1]
        return quantiles


def _learned_from(market: Market, start: float, stop: float) -> NDArray[np.int64]:
    rows = market.learnable(stop)
    rows = rows[market.time[rows] + HOUR >= max(start, stop - YEARS * YEAR)]
    if len(rows) < FEWEST:
        raise DataFileError(
            f"{market.symbol} has {len(rows)} hours to fit a baseline on, and {FEWEST} are needed.",
            "Give it candles from longer before the graded hours.",
        )
    return rows


def _ewma(market: Market, half_life: int) -> Floats:
    """Volatility (n,) per hour, known when each hour closed."""
    fading = 0.5 ** (1 / half_life)
    squares = np.diff(np.log(market.close)) ** 2
    squares = np.concatenate([squares[:1], squares])  # the first hour has no return: it takes the second's
    variance = np.array(list(accumulate(squares.tolist(), lambda mean, new: fading * mean + (1 - fading) * new)))
    volatility: Floats = np.maximum(np.sqrt(variance), VOLATILITY_FLOOR)
    return volatility


def _regressors(market: Market, rows: NDArray[np.int64], ahead: int, minutes: bool) -> Floats:
    """What HAR knows at each row, (m, 37) or with minutes (m, 44)."""
    context = market.hours.context[rows]
    coming = context[:, _PROFILE[:ahead]].mean(axis=1, keepdims=True, dtype=np.float64)
    known = [context[:, _COLUMNS], coming]
    if minutes:
        known += [market.hours.minutes.values[rows][:, _FINE], market.hours.minutes.known[rows, None]]
    return np.concatenate(known, axis=1)


def _least_squares(known: Floats, actual: Floats) -> Floats:
    """Slopes (k,) for `known` (m, k) by the normal equations; the shortest where columns repeat each other.

    The indicators do: those of the hour add up to those of the day.
    """
    return np.linalg.lstsq(known.T @ known, known.T @ actual, rcond=1e-10)[0].astype(np.float64)


def _pinball(quantiles: Floats, actual: Floats) -> float:
    """Mean pinball loss of quantiles (n, Q) against (n,)."""
    error = actual[:, None] - quantiles
    return float(np.maximum(_LEVELS * error, (_LEVELS - 1) * error).mean())
