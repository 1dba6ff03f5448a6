"""Closed candles of one step as columns: the form in which they travel from a source to the model."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import InvalidInput
from forecaster.schema import FIVE_MINUTES, HOUR, Candle

Row = tuple[float, float, float, float, float, float]  # opening time (Unix s), open, high, low, close, volume
EARLIEST = 1_230_768_000  # 2009-01-01: before the first Bitcoin block there is no price
LATEST = 4_102_444_800  # 2100-01-01: a later number is milliseconds taken for seconds
STEPS = {HOUR: "hour", FIVE_MINUTES: "five minutes"}  # how messages call a candle's span
REMEDY = "Send hourly candles as exchanges publish them: seconds since 1970 UTC, low <= open, close <= high."


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Candles of one step, strictly ascending in time, every one of them closed and plausible.

    ``time`` is (n,) int64, the opening in Unix seconds; ``open``, ``high``, ``low``, ``close`` (quote
    currency) and ``volume`` (base currency) are (n,) float64. ``step`` is how many seconds each lasts. Openings
    are whole steps apart; some may be missing, none is doubled.
    """

    time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    step: int = field(default=HOUR, kw_only=True)

    @classmethod
    def from_rows(cls, rows: Iterable[Row] | NDArray[np.float64], step: int = HOUR) -> Self:
        """Sort, merge equal duplicates and check rows ``(time, open, high, low, close, volume)``.

        Raises InvalidInput, without the offending value, when a row is not finite, not positive, not
        on a whole step, out of order in price (high < low), or contradicts another row of its time.
        """
        table = np.array(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.float64).reshape(
            -1, 6
        )  # (n, 6)
        if (np.diff(table[:, 0]) <= 0).any():
            table = np.unique(table, axis=0)  # sorts by time first, merges equal rows
        _check(table, step)
        time = table[:, 0].astype(np.int64)
        return cls(time, *(np.ascontiguousarray(table[:, column]) for column in range(1, 6)), step=step)

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> "Candles":
        time, open_, high, low, close, volume = (column[part] for column in self.columns())
        return Candles(time, open_, high, low, close, volume, step=self.step)

    @property
    def end(self) -> int:
        """Close of the newest candle, of which there must be one, in Unix seconds."""
        return int(self.time[-1]) + self.step

    def closed_at(self, now: float) -> "Candles":
        """The candles that are closed at ``now`` (Unix seconds): those with opening + step <= now."""
        return self[: int(np.searchsorted(self.time, now - self.step, side="right"))]

    def since(self, time: float) -> "Candles":
        """The candles that open at ``time`` (Unix seconds) or later."""
        return self[int(np.searchsorted(self.time, time, side="left")) :]

    def then(self, later: "Candles") -> "Candles":
        """These up to the first of `later`, which have the same step, and then `later`."""
        if len(later) == 0:
            return self
        before = self[: int(np.searchsorted(self.time, later.time[0]))]
        time, open_, high, low, close, volume = map(np.concatenate, zip(before.columns(), later.columns(), strict=True))
        return Candles(time, open_, high, low, close, volume, step=self.step)

    def filled(self) -> tuple["Candles", int]:
        """Every step from first to last, and how many were filled.

        A step without a trade repeats the close before it, with no range and no volume.
        """
        if len(self) == 0:
            return self, 0
        size = int(self.time[-1] - self.time[0]) // self.step + 1
        if size == len(self):
            return self, 0
        places = (self.time - self.time[0]) // self.step  # (n,) position on the gapless grid
        traded = np.zeros(size, dtype=bool)
        traded[places] = True
        source = np.cumsum(traded) - 1  # (size,) index of the last traded step
        close = self.close[source]
        open_, high, low, volume = close.copy(), close.copy(), close.copy(), np.zeros(size)
        for column, values in ((open_, self.open), (high, self.high), (low, self.low), (volume, self.volume)):
            column[places] = values
        time = self.time[0] + self.step * np.arange(size, dtype=np.int64)
        return Candles(time, open_, high, low, close, volume, step=self.step), size - len(self)

    def columns(self) -> tuple[NDArray[Any], ...]:
        """Time, open, high, low, close and volume, each (n,)."""
        return self.time, self.open, self.high, self.low, self.close, self.volume

    def rows(self) -> list[Row]:
        """The candles as ``(time, open, high, low, close, volume)``, oldest first."""
        return list(zip(*(column.tolist() for column in self.columns()), strict=True))

    def to_schema(self) -> tuple[Candle, ...]:
        """The candles in the wire format."""
        return tuple(
            Candle(open_time=utc(time), open=o, high=h, low=lo, close=c, volume=v)
            for time, o, h, lo, c, v in self.rows()
        )


def utc(seconds: float) -> datetime:
    """Unix seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def _check(table: NDArray[np.float64], step: int) -> None:
    if not np.isfinite(table).all():
        raise InvalidInput("A candle holds a value that is not a finite number.", REMEDY)
    time, open_, high, low, close, volume = table.T
    if (time < EARLIEST).any() or (time > LATEST).any():
        raise InvalidInput("A candle's time is not in seconds since 1970.", REMEDY)
    if (time % step != 0).any():
        where = "on the hour" if step == HOUR else f"at a multiple of {step // 60} minutes"
        raise InvalidInput(f"A candle does not open {where}.", REMEDY)
    if (np.diff(time) == 0).any():
        raise InvalidInput(f"Two candles of the same {STEPS.get(step, 'time')} contradict each other.", REMEDY)
    if (table[:, 1:5] <= 0).any() or (volume < 0).any():
        raise InvalidInput("A candle holds a price that is not positive, or a negative volume.", REMEDY)
    if (low > np.minimum(open_, close)).any() or (high < np.maximum(open_, close)).any():
        raise InvalidInput("A candle's open or close lies outside its low and high.", REMEDY)
