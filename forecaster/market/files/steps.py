"""How far apart the rows of a file are: the usual step, seconds of jitter, stray rows, and steps that change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecaster.market.files.rows import Rows
from forecaster.schema import HOUR

SECOND = 1_000_000  # microseconds
HOUR_US = HOUR * SECOND
MINUTES = (1, 2, 3, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440, 4320, 10_080)
STANDARD = np.array([1, 5, 10, 15, 30, *(60 * minutes for minutes in MINUTES)])  # seconds
LATE = 45 * SECOND  # that an hourly row may be off the hour; a finer one a tenth of its step, and 5 s at most
MOST_STRAY = 0.02  # of the rows of a file; more are no strays
RUN, LONG_RUN = (
    8,
    24,
)  # equal steps in a row, other than the usual one, that are no accident; of up to 2 h, and of longer
ALIKE = 0.02  # by which a step may differ from a usual one through jitter
OFTEN = 0.2  # of the steps, which are then of a file of hours or finer ones with many hours missing


def usual_step(time: NDArray[np.int64]) -> int:
    """The commonest time between rows, in seconds, given their ascending microseconds; 0 where there is none."""
    gaps = np.diff(time)
    gaps = gaps[gaps >= SECOND // 2]
    if not len(gaps):
        return 0
    short = gaps <= HOUR_US + LATE
    if short.mean() >= OFTEN:  # else rows are further apart, and not merely missing
        gaps = gaps[short]
    values, counts = np.unique(np.rint(gaps / SECOND).astype(np.int64), return_counts=True)
    nearest = STANDARD[np.abs(STANDARD - values[:, None]).argmin(axis=1)] if len(values) < 20_000 else values
    off = np.abs(nearest - values)
    near = (values >= 30) & (off <= np.clip(ALIKE * nearest, 5, LATE // SECOND))  # a step with some seconds of jitter
    steps, at = np.unique(np.where(near, nearest, values), return_inverse=True)
    return int(steps[np.bincount(at, counts).argmax()])


@dataclass(slots=True)
class Grid:
    """The grid of times that rows keep to, and what had to be done to keep them to it."""

    step: int  # seconds; 0 where there is one row
    closing: bool = False  # times are those at which rows close
    jitter: int = 0  # rows moved by some seconds
    strays: int = 0  # rows left out since they stand between those of the grid
    _run: int = 0  # equal unusual steps in a row, up to the newest row
    _gap: int = 0  # of which length
    _newest: int | None = None

    def kept(self, rows: Rows) -> Rows:
        """Ascending rows with their times on the grid, without strays."""
        shift = self.step * SECOND if self.closing else 0
        step = self.step or HOUR
        whole = (rows.time - shift) % (step * SECOND)
        if not shift and not whole.any():
            return rows
        time = rows.time - shift
        late = LATE if step >= HOUR else min(5 * SECOND, step * SECOND // 10)
        off = (time + late) % (step * SECOND) - late  # from -late on
        near = off <= late
        snapped = np.where(near, time - off, time)
        moved = near & (off != 0)
        if self.step == HOUR:
            stray = ~near | (moved & _doubled(snapped, off))
            if stray.mean() <= MOST_STRAY or (stray.sum() <= 2 and len(stray) > 5):
                self.strays += int(stray.sum())
                rows, snapped, moved = rows.where(~stray), snapped[~stray], moved[~stray]
        self.jitter += 0 if self.closing else int(moved.sum())
        return Rows(rows.number, snapped, rows.prices)

    def broken_at(self, time: NDArray[np.int64]) -> tuple[int, int] | None:
        """Where in ascending times (position) another step takes over for good, and which (seconds)."""
        before = time[0] if self._newest is None else self._newest
        gaps = np.diff(time, prepend=before)
        self._newest = int(time[-1])
        unusual = (gaps != self.step * SECOND) & (gaps > 0)
        if not unusual.any():
            self._run = 0
            return None
        starts = np.flatnonzero(np.diff(gaps, prepend=-1))
        lengths = np.diff(np.append(starts, len(gaps)))
        for start, length in zip(starts.tolist(), lengths.tolist(), strict=True):
            gap = int(gaps[start] // SECOND)
            self._run = self._run + length if gap == self._gap else length
            self._gap = gap
            longest = LONG_RUN if gap <= 2 * HOUR else RUN
            if gap != self.step and gap in STANDARD and self._run >= longest:
                return start, gap
        return None


def _doubled(snapped: NDArray[np.int64], off: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of the rows share their place with one that needed no move."""
    exact = snapped[off == 0]
    at = np.searchsorted(exact, snapped)
    return (
        (at < len(exact)) & (exact[np.minimum(at, len(exact) - 1)] == snapped)
        if len(exact)
        else np.zeros(len(off), bool)
    )


def in_units(seconds: float) -> str:
    """A step as people say it: 1 minute, 2 hours."""
    for unit, name in ((86_400, "day"), (HOUR, "hour"), (60, "minute"), (1, "second")):
        if seconds >= unit:
            return f"{seconds / unit:g} {name}{'' if seconds == unit else 's'}"
    return "no time"
