"""Two symbols' candles side by side, without a hole: what the quantile recipe's input is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.market import Candles
from forecaster.schema import HOUR

Floats = NDArray[np.float64]

FLOOR = 1e-6  # log return per hour: constant prices still get a band of positive width
RANGE_TO_SIGMA = 1.0 / (2.0 * np.sqrt(np.log(2.0)))  # Parkinson (1980): std of the return from high / low
JUMP = 0.36  # of a squared return counts as variance where a jump left no range


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """A gapless run of hourly candles of one symbol and what is known of the other one's, all (n,) float64.

    `time` is the opening in Unix seconds; `other_*` are NaN where the other symbol has no candle. Several tapes of one
    length may stand side by side, all (m, n).
    """

    time: NDArray[np.int64]
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    other_high: Floats
    other_low: Floats
    other_close: Floats

    @classmethod
    def of(cls, candles: Candles, other: Candles | None = None) -> Self:
        """Both symbols' candles side by side, gaps within either filled forward; hours are the first one's."""
        own = candles.filled()[0]
        known = np.full((3, len(own)), np.nan)
        _align(own, other, known)
        return cls(own.time, own.high, own.low, own.close, own.volume, *known)

    @classmethod
    def side_by_side(cls, pairs: Sequence[tuple[Candles, Candles | None]]) -> Self:
        """The same of many pairs, the first of which are all of one length and without a hole."""
        count, hours = len(pairs), len(pairs[0][0])
        time, own = np.empty((count, hours), np.int64), np.empty((4, count, hours))
        known = np.full((count, 3, hours), np.nan)
        for row, (candles, other) in enumerate(pairs):
            time[row] = candles.time
            own[0, row], own[1, row], own[2, row], own[3, row] = candles.columns()[2:]
            _align(candles, other, known[row])
        return cls(time, *own, *known.transpose(1, 0, 2))


def _align(own: Candles, other: Candles | None, out: Floats) -> None:
    """Write the other symbol's highs, lows and closes (3, n) to the hours of `own`, as far as they are known."""
    if other is None or len(other) == 0 or len(own) == 0:
        return
    whole = other.filled()[0]
    ahead = int(own.time[0] - whole.time[0]) // HOUR  # hours by which the other symbol's run begins earlier
    start, stop = max(-ahead, 0), min(len(own), len(whole) - ahead)
    if start < stop:
        for place, column in zip(out, (whole.high, whole.low, whole.close), strict=True):
            place[start:stop] = column[start + ahead : stop + ahead]
