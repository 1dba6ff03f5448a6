"""What the report's pictures are drawn from: a calm week, a wild week, and the whole series one hour ahead.

A week runs from Monday 00:00 to Monday 00:00 UTC: its first close is Monday 01:00, its last the next Monday 00:00.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import InvalidInput
from forecaster.quantiles import HORIZONS, MEDIAN, Floats
from forecaster.schema import HOUR, Symbol

WEEK = 168  # hours
MONDAY = 4 * 24 * HOUR  # 1970-01-05 00:00, Unix s


@dataclass(frozen=True, slots=True, eq=False)
class Fan:
    """The forecast of the next 24 closes, as it was issued."""

    issued: int  # close time of the newest candle then, Unix s
    last: float  # that close, price
    quantiles: Floats  # (24, Q) prices


@dataclass(frozen=True, slots=True, eq=False)
class Week:
    """168 closes with what had been forecast of each an hour before, and of each day at its beginning."""

    time: NDArray[np.int64]  # (168,) close, Unix s
    close: Floats  # (168,)
    quantiles: Floats  # (168, Q) prices, issued an hour before each close
    fans: tuple[Fan, ...]  # one a day


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Closes with the one-hour point forecasts of them, hour after hour."""

    time: NDArray[np.int64]  # (n,) close, Unix s
    last: Floats  # (n,) the close an hour before
    actual: Floats  # (n,)
    predicted: Floats  # (n,) price, issued at `last`


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """One symbol's pictures."""

    symbol: Symbol
    calm: Week
    wild: Week
    series: Series

    @classmethod
    def of(cls, symbol: Symbol, time: NDArray[np.int64], last: Floats, quantiles: Floats) -> "Material":
        """From consecutive forecasts as issued: each close `last` (n,) at `time` (n,), Unix s, of the newest candle
        then, and the quantiles (n, 24, Q) of the log return from it.

        Raises InvalidInput when the hours hold no whole week.
        """
        calm, wild = pick_weeks(time[1:], last[1:])
        series = Series(time[1:], last[:-1], last[1:], last[:-1] * np.exp(quantiles[:-1, 0, MEDIAN]))
        return cls(symbol, _week(calm, time, last, quantiles), _week(wild, time, last, quantiles), series)


def pick_weeks(time: NDArray[np.int64], close: Floats) -> tuple[int, int]:
    """Where the weeks of the least and of the greatest realised volatility start: rows of `close` (n,), prices.

    `time` (n,) is when each closed, Unix s, ascending. Volatility is the sum of squared hourly log returns
    within the week (Andersen, Bollerslev 1998, "Answering the skeptics"); of equals, the earliest is taken.
    Raises InvalidInput when there is no whole week.
    """
    starts = np.flatnonzero((time - HOUR - MONDAY) % (WEEK * HOUR) == 0)
    starts = starts[starts + WEEK <= len(time)]
    starts = starts[time[starts + WEEK - 1] - time[starts] == (WEEK - 1) * HOUR]
    if not len(starts):
        raise InvalidInput("The graded hours hold no whole week.", "Grade at least two weeks of consecutive hours.")
    returns = np.diff(np.log(close))
    variance = np.array([(returns[start : start + WEEK - 1] ** 2).sum() for start in starts])
    return int(starts[variance.argmin()]), int(starts[variance.argmax()])


def _week(start: int, time: NDArray[np.int64], last: Floats, quantiles: Floats) -> Week:
    """The week whose first close is at row `start + 1`: the forecast of each close lies a row before it."""
    closes = slice(start + 1, start + 1 + WEEK)
    hourly = last[start : start + WEEK, None] * np.exp(quantiles[start : start + WEEK, 0])
    fans = tuple(
        Fan(int(time[row]), float(last[row]), last[row] * np.exp(quantiles[row]))
        for row in range(start, start + WEEK, HORIZONS)
    )
    return Week(time[closes], last[closes], hourly, fans)
