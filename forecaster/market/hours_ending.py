"""Hourly candles that end at any five-minute mark, made of finer ones: 13:45 to 14:45, and not 13:00 to 14:00.

Each is the first open, highest high, lowest low, last close and summed volume of the finer candles in it. An hour in
which none was traded has no row, as an exchange's own hours have none; `Candles.filled` fills it.
"""

import numpy as np

from forecaster.errors import InvalidInput
from forecaster.market.candles import Candles
from forecaster.schema import HOUR


def hours_ending(fine: Candles, at: int, hours: int) -> Candles:
    """The newest `hours` hourly candles, of which the last ends at `at` (Unix s, a multiple of the finer step).

    Finer candles that close later than `at` are not used. Hours that begin before the first finer candle are left out:
    what is known of them is not the whole. Raises InvalidInput for an `at` between two marks.
    """
    if at % fine.step != 0:
        raise InvalidInput(
            f"Hours of candles can end every {fine.step // 60} minutes, and not between.", "Ask for such a time."
        )
    fine = fine.closed_at(at)
    first = at - hours * HOUR
    if len(fine):
        first = max(first, at - (at - int(fine.time[0])) // HOUR * HOUR)
    part = fine.since(first)
    hour = (part.time - first) // HOUR  # (n,) which hour each is in
    start = np.flatnonzero(np.diff(hour, prepend=-1))  # (hours,) first finer candle of each
    if len(start) == 0:
        return Candles(*part[:0].columns())
    return Candles(
        first + HOUR * hour[start],
        part.open[start],
        np.maximum.reduceat(part.high, start),
        np.minimum.reduceat(part.low, start),
        part.close[np.append(start[1:], len(part)) - 1],
        np.add.reduceat(part.volume, start),
    )


def hours_past(fine: Candles, offset: int) -> Candles:
    """Every hourly candle that ends `offset` seconds past a full hour, which are a multiple of the finer step."""
    if len(fine) == 0:
        return hours_ending(fine, offset, 1)
    at = (fine.end - offset) // HOUR * HOUR + offset
    return hours_ending(fine, at, (at - int(fine.time[0])) // HOUR)


def reaching_back(recent: Candles, whole: Candles, hours: int) -> Candles:
    """The newest `hours` of `recent`, before which stand `whole` hours of the clock, moved to its nearest marks.

    A moved hour is at most 30 minutes off its name. `recent` has at least one hour.
    """
    mark = int(recent.time[0]) % HOUR
    moved = mark if mark <= HOUR // 2 else mark - HOUR
    time, open_, high, low, close, volume = whole.columns()
    return Candles(time + moved, open_, high, low, close, volume).then(recent)[-hours:]
