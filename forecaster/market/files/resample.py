"""Rows of any spacing up to a candle's become candles of an hour or less: first, max, min, last and sum."""

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.market.candles import EARLIEST, LATEST, STEPS, Candles
from forecaster.market.files.rows import OutOfOrder, Refusal, Rows
from forecaster.market.files.steps import SECOND, Grid, in_units, usual_step
from forecaster.schema import HOUR

GATHERED = 1 << 18  # rows that are held until the usual step is known; no file of hours has more


class Resampler:
    """Takes rows, `add` after `add`, and gives closed candles of `step` seconds at `finish`.

    Up to 262,144 rows may come in any order; of more, each must be as new as the one before (OutOfOrder).
    Every candle is computed from its rows at once, whatever the batches were, so that the same rows give
    the same candles to the last bit. A row at fault raises what ``refuse(row, problem)`` returns.
    """

    def __init__(self, refuse: Refusal, *, closing: bool = False, step: int = HOUR) -> None:
        self._step = step
        self._refuse = refuse
        self._closing = closing
        self._gathered: list[Rows] = []
        self._held = 0
        self._candles: list[NDArray[np.float64]] = []  # (6, candles) time in s, open, high, low, close, volume
        self._open: Rows | None = None  # rows of the newest candle, which may go on in the next batch
        self._off_step: tuple[int, int] | None = None  # the first row that opens no candle, and its minute
        self._newest = np.iinfo(np.int64).min  # time of the last row as it was read, in microseconds
        self._reached = 0  # the same on the file's grid, traded or not
        self.grid: Grid | None = None  # once the usual step is known
        self.rows = 0
        self.untraded = 0  # rows without prices: in Kaggle's older files, a minute without a trade
        self.repeated = 0  # rows that say again what another said
        self.unordered = 0  # rows that stood after a newer one
        self.volume = False  # whether any row had some

    @property
    def spacing(self) -> float:
        """The usual time between rows, in seconds; 0 as long as there are not two."""
        return float(self.grid.step) if self.grid else 0.0

    def add(self, rows: Rows) -> None:
        """Take the next rows. Raises at a row that is not plausible or contradicts another; OutOfOrder."""
        if len(rows.time) == 0:
            return
        self.rows += len(rows.time)
        if self.grid is not None:
            self._take(rows)
            return
        self._gathered.append(rows)
        self._held += len(rows.time)
        if self._held > GATHERED:
            self._settle(whole=False)

    def finish(self) -> Candles:
        """Every candle that the rows cover to its end.

        The newest one of a finer file is still forming unless the last row reaches its end. The
        oldest is kept even where rows begin within it: a minute without a trade has no row either.
        """
        if self.grid is None and self._gathered:
            self._settle(whole=True)
        if self._open is not None:
            if self._off_step and self.spacing in (0, self._step):  # candles of other minutes cannot be told apart
                raise self._misplaced(*self._off_step)
            end = (int(self._open.time[-1]) // self._step_us + 1) * self._step_us
            if self.spacing == 0 or self._reached + self.spacing * SECOND >= end:
                self._candles.append(self._stepped(self._open))
        parts = [np.empty((6, 0)), *self._candles]
        time, *columns = (np.concatenate([part[row] for part in parts]) for row in range(6))
        return Candles(time.astype(np.int64), *columns, step=self._step)

    @property
    def _step_us(self) -> int:
        return self._step * SECOND

    def _misplaced(self, row: int, minute: int) -> DataFileError:
        if self._step == HOUR:
            return DataFileError(
                self._refuse(row, f"an hourly row opens at {minute} minutes past the hour").message,
                "Get hourly candles that open on the hour, or finer ones, of which hours can be made.",
            )
        span = STEPS[self._step]
        return DataFileError(
            self._refuse(row, f"a row of {span} opens {minute} minutes past the hour").message,
            f"Get candles that open at multiples of {span}, or finer ones.",
        )

    def _settle(self, *, whole: bool) -> None:
        """Find the usual step in the rows that were gathered, which are the `whole` file or its beginning."""
        rows = self._gathered[0].then(*self._gathered[1:])
        self._gathered = []
        backward = int((np.diff(rows.time) < 0).sum())
        if backward:
            if not whole:
                raise OutOfOrder
            self.unordered = backward
            rows = rows.where(np.argsort(rows.time, kind="stable"))
        self.grid = Grid(usual_step(rows.time), self._closing)
        self._take(rows)

    def _take(self, rows: Rows) -> None:
        """Ascending rows, once the step is known."""
        if rows.time[0] < self._newest or (np.diff(rows.time) < 0).any():
            raise OutOfOrder
        assert self.grid is not None
        self._newest = int(rows.time[-1])
        _check_times(rows, self._refuse)
        if self.grid.step > self._step:
            return
        rows = self.grid.kept(rows)
        if not len(rows.time):
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
            self.repeated += int(repeated.sum())
            rows = rows.where(~repeated)
        self.volume |= bool(rows.prices[4].any())
        newest = int(np.searchsorted(rows.time, rows.time[-1] // self._step_us * self._step_us))
        self._candles.append(self._stepped(rows.where(slice(newest))))
        self._open = rows.where(slice(newest, None))

    def _note_times(self, rows: Rows) -> None:
        """The file's own grid, which rows without prices keep to as well."""
        assert self.grid is not None
        self._reached = int(rows.time[-1])
        if broken := self.grid.broken_at(rows.time):
            position, gap = broken
            elsewhere = f"the rows are {in_units(self.grid.step)} apart elsewhere and {in_units(gap)} apart here"
            raise DataFileError(
                self._refuse(int(rows.number[position]), elsewhere).message,
                "Keep candles of different steps in files apart.",
            )
        if self._off_step is None and self.grid.step in (0, self._step):
            off = rows.time % self._step_us != 0
            if off.any():
                first = int(off.argmax())
                self._off_step = int(rows.number[first]), int(rows.time[first] % (HOUR * SECOND) // (60 * SECOND))

    def _stepped(self, rows: Rows) -> NDArray[np.float64]:
        """Sorted rows as (6, candles) float64: opening in Unix s, open, high, low, close, volume."""
        number = rows.time // self._step_us
        start = np.flatnonzero(np.diff(number, prepend=-1))  # (candles,) first row of each
        if len(start) == 0:
            return np.empty((6, 0))
        end = np.append(start[1:], len(number)) - 1
        open_, high, low, close, volume = rows.prices
        return np.stack(
            (
                number[start] * self._step,
                open_[start],
                np.maximum.reduceat(high, start),
                np.minimum.reduceat(low, start),
                close[end],
                np.add.reduceat(volume, start),
            )
        )


def _check_times(rows: Rows, refuse: Refusal) -> None:
    if rows.time[0] < EARLIEST * SECOND or rows.time[-1] > LATEST * SECOND:
        wrong = (rows.time < EARLIEST * SECOND) | (rows.time > LATEST * SECOND)
        raise refuse(int(rows.number[wrong].min()), "the time is not between 2009 and 2100")


def _first_fault(rows: Rows) -> tuple[int, str] | None:
    """Position among `rows` of the one that stands first in the file of those that cannot be, and what is wrong."""
    open_, high, low, close, volume = rows.prices
    same = np.diff(rows.time, prepend=rows.time[0] - 1) == 0
    differs = np.append(False, (rows.prices[:, 1:] != rows.prices[:, :-1]).any(axis=0))
    faults = {
        "a value is missing or not finite": ~np.isfinite(rows.prices).all(axis=0),
        "a price is not positive": np.minimum(np.minimum(open_, close), np.minimum(high, low)) <= 0,
        "the volume is negative": volume < 0,
        "high is below low": high < low,
        "open or close is outside low and high": (np.minimum(open_, close) < low) | (np.maximum(open_, close) > high),
        "it contradicts another row of the same time": same & differs,
    }
    found = []
    for problem, mask in faults.items():
        if mask.any():
            positions = np.flatnonzero(mask)
            found.append((int(positions[rows.number[positions].argmin()]), problem))
    return min(found, key=lambda fault: int(rows.number[fault[0]]), default=None)
