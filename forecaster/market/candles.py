"""Closed hourly candles as columns: the form in which they travel from a source to the model."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import InvalidInput
from forecaster.schema import HOUR, Candle

Row = tuple[float, float, float, float, float, float]  # opening time (Unix s), open, high, low, close, volume
EARLIEST = 1_230_768_000  # 2009-01-01: before the first Bitcoin block there is no price
LATEST = 4_102_444_800  # 2100-01-01: a later number is milliseconds taken for seconds
REMEDY = "Send hourly candles as exchanges publish them: seconds since 1970 UTC, low <= open, close <= high."


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Hourly candles, strictly ascending in time, every one of them closed and plausible.

    ``time`` is (n,) int64, the opening in Unix seconds; ``open``, ``high``, ``low``, ``close`` (quote
    currency) and ``volume`` (base currency) are (n,) float64. Hours may be missing; none is doubled.
    """

    time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    @classmethod
    def from_rows(cls, rows: Iterable[Row]) -> Self:
        """Sort, merge equal duplicates and check rows ``(time, open, high, low, close, volume)``.

        Raises InvalidInput, without the offending value, when a row is not finite, not positive, not
        on the hour, out of order in price (high < low), or contradicts another row of its hour.
        """
        table = np.array(list(rows), dtype=np.float64).reshape(-1, 6)  # (n, 6)
        if (np.diff(table[:, 0]) <= 0).any():
            table = np.unique(table, axis=0)  # sorts by time first, merges equal rows
        _check(table)
        time = table[:, 0].astype(np.int64)
        return cls(time, *(np.ascontiguousarray(table[:, column]) for column in range(1, 6)))

    def __len__(self) -> int:
        return len(self.time)

    def __getitem__(self, part: slice) -> "Candles":
        return Candles(
            self.time[part], self.open[part], self.high[part], self.low[part], self.close[part], self.volume[part]
        )

    def closed_at(self, now: float) -> "Candles":
        """The candles that are closed at ``now`` (Unix seconds): those with opening + 1 h <= now."""
        return self[: int(np.searchsorted(self.time, now - HOUR, side="right"))]

    def since(self, time: float) -> "Candles":
        """The candles that open at ``time`` (Unix seconds) or later."""
        return self[int(np.searchsorted(self.time, time, side="left")) :]

    def filled(self) -> tuple["Candles", int]:
        """Every hour from first to last, and how many were filled.

        An hour without a trade repeats the close before it, with no range and no volume.
        """
        if len(self) == 0:
            return self, 0
        size = int(self.time[-1] - self.time[0]) // HOUR + 1
        if size == len(self):
            return self, 0
        hours = (self.time - self.time[0]) // HOUR  # (n,) position on the gapless grid
        traded = np.zeros(size, dtype=bool)
        traded[hours] = True
        source = np.cumsum(traded) - 1  # (size,) index of the last traded hour
        close = self.close[source]
        open_, high, low, volume = close.copy(), close.copy(), close.copy(), np.zeros(size)
        for column, values in ((open_, self.open), (high, self.high), (low, self.low), (volume, self.volume)):
            column[hours] = values
        time = self.time[0] + HOUR * np.arange(size, dtype=np.int64)
        return Candles(time, open_, high, low, close, volume), size - len(self)

    def rows(self) -> list[Row]:
        """The candles as ``(time, open, high, low, close, volume)``, oldest first."""
        columns = (self.time, self.open, self.high, self.low, self.close, self.volume)
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def to_schema(self) -> tuple[Candle, ...]:
        """The candles in the wire format."""
        return tuple(
            Candle(open_time=utc(time), open=o, high=h, low=lo, close=c, volume=v)
            for time, o, h, lo, c, v in self.rows()
        )


def utc(seconds: float) -> datetime:
    """Unix seconds as an aware UTC datetime."""
    return datetime.fromtimestamp(seconds, UTC)


def _check(table: NDArray[np.float64]) -> None:
    if not np.isfinite(table).all():
        raise InvalidInput("A candle holds a value that is not a finite number.", REMEDY)
    time, open_, high, low, close, volume = table.T
    if (time < EARLIEST).any() or (time > LATEST).any():
        raise InvalidInput("A candle's time is not in seconds since 1970.", REMEDY)
    if (time % HOUR != 0).any():
        raise InvalidInput("A candle does not open on the hour.", REMEDY)
    if (np.diff(time) == 0).any():
        raise InvalidInput("Two candles of the same hour contradict each other.", REMEDY)
    if (table[:, 1:5] <= 0).any() or (volume < 0).any():
        raise InvalidInput("A candle holds a price that is not positive, or a negative volume.", REMEDY)
    if (low > np.minimum(open_, close)).any() or (high < np.maximum(open_, close)).any():
        raise InvalidInput("A candle's open or close lies outside its low and high.", REMEDY)
