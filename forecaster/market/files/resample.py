"""Rows of any spacing up to an hour become hourly candles, batch by batch: first, max, min, last and sum."""

import numpy as np
from numpy.typing import NDArray

from forecaster.market.candles import EARLIEST, LATEST, Candles
from forecaster.market.files.dialects import Rows
from forecaster.market.files.timestamps import Refusal
from forecaster.schema import HOUR

SECOND = 1_000_000  # microseconds
HOUR_US = HOUR * SECOND


class HourlyResampler:
    """Takes rows oldest first, `add` after `add`, and gives closed hours at `finish`.

    Every hour is computed from its rows at once, whatever the batches were, so that the same rows give
    the same candles to the last bit. A row at fault raises what ``refuse(row, problem)`` returns.
    """

    def __init__(self, refuse: Refusal) -> None:
        self._refuse = refuse
        self._hours: list[NDArray[np.float64]] = []  # (6, hours) time in s, open, high, low, close, volume
        self._open: Rows | None = None  # rows of the newest hour, which may go on in the next batch
        self._off_hour: tuple[int, int] | None = None  # the first row that does not open an hour, and its minute
        self._reached = 0  # time of the last row, traded or not, in microseconds
        self.rows = 0
        self.untraded = 0  # rows without prices: in Kaggle's older files, a minute without a trade
        self.spacing = 0.0  # shortest time between two rows, in seconds; 0 as long as there are not two

    def add(self, rows: Rows) -> None:
        """Take the next rows. Raises at a row that is not plausible, or not newer than the one before."""
        if len(rows.time) == 0:
            return
        self._note_times(rows)
        untraded = np.logical_and.reduce(np.isnan(rows.prices[:4]))
        if untraded.any():
            self.untraded += int(untraded.sum())
            rows = rows.where(~untraded)
        rows = rows if self._open is None else self._open.then(rows)
        if len(rows.time) == 0:
            return
        if fault := _first_fault(rows):
            raise self._refuse(int(rows.number[fault[0]]), fault[1])
        repeated = np.diff(rows.time, prepend=0) == 0
        if repeated.any():
            rows = rows.where(~repeated)
        newest = int(np.searchsorted(rows.time, rows.time[-1] // HOUR_US * HOUR_US))
        self._hours.append(_hourly(rows.where(slice(newest))))
        self._open = rows.where(slice(newest, None))

    def finish(self) -> Candles:
        """The candles of every hour that the rows cover to its end.

        The newest hour of a finer file is still forming unless the last row reaches the hour's end. The
        oldest is kept even where rows begin within it: a minute without a trade has no row either.
        """
        if self._open is not None:
            if self._off_hour and self.spacing in (0, HOUR):  # hours that open at another minute cannot be told apart
                row, minute = self._off_hour
                raise self._refuse(row, f"an hourly row opens at {minute} minutes past the hour")
            end = (int(self._open.time[-1]) // HOUR_US + 1) * HOUR_US
            if self.spacing == 0 or self._reached + self.spacing * SECOND >= end:
                self._hours.append(_hourly(self._open))
        table = np.concatenate([np.empty((6, 0)), *self._hours], axis=1)  # (6, hours)
        return Candles(table[0].astype(np.int64), *(np.ascontiguousarray(column) for column in table[1:]))

    def _note_times(self, rows: Rows) -> None:
        """The file's own grid, which rows without prices keep to as well."""
        steps = np.diff(rows.time, prepend=self._reached if self.rows else rows.time[0])
        forward = steps[steps > 0]
        if len(forward):
            shortest = float(forward.min()) / SECOND
            self.spacing = min(self.spacing or shortest, shortest)
        off = rows.time % HOUR_US != 0
        if self._off_hour is None and off.any():
            first = int(off.argmax())
            self._off_hour = int(rows.number[first]), int(rows.time[first] % HOUR_US // (60 * SECOND))
        self._reached = max(self._reached, int(rows.time[-1]))
        self.rows += len(rows.time)


def _hourly(rows: Rows) -> NDArray[np.float64]:
    """Sorted rows as (6, hours) float64: opening in Unix s, open, high, low, close, volume."""
    hour = rows.time // HOUR_US
    start = np.flatnonzero(np.diff(hour, prepend=-1))  # (hours,) first row of each hour
    if len(start) == 0:
        return np.empty((6, 0))
    end = np.append(start[1:], len(hour)) - 1
    open_, high, low, close, volume = rows.prices
    return np.stack(
        (
            hour[start] * HOUR,
            open_[start],
            np.maximum.reduceat(high, start),
            np.minimum.reduceat(low, start),
            close[end],
            np.add.reduceat(volume, start),
        )
    )


def _first_fault(rows: Rows) -> tuple[int, str] | None:
    """Position among `rows` of the first that cannot be, and what is wrong with it."""
    open_, high, low, close, volume = rows.prices
    step = np.diff(rows.time, prepend=rows.time[0] - 1)
    differs = np.append(False, (rows.prices[:, 1:] != rows.prices[:, :-1]).any(axis=0))
    faults = {
        "a value is missing or not finite": ~np.isfinite(rows.prices).all(axis=0),
        "the time is not between 2009 and 2100": (rows.time < EARLIEST * SECOND) | (rows.time > LATEST * SECOND),
        "a price is not positive": np.minimum(np.minimum(open_, close), np.minimum(high, low)) <= 0,
        "the volume is negative": volume < 0,
        "high is below low": high < low,
        "open or close is outside low and high": (np.minimum(open_, close) < low) | (np.maximum(open_, close) > high),
        "it is older than the row before it": step < 0,
        "it contradicts the row before it, which has the same time": (step == 0) & differs,
    }
    found = ((int(mask.argmax()), problem) for problem, mask in faults.items() if mask.any())
    return min(found, key=lambda fault: fault[0], default=None)
