"""The quantile recipe's input from five-minute candles: how wild the last minutes were, and where they went.

Every row is a function of the newest 289 five-minute candles up to its moment alone (one close before the 288 of a
day), so that a backtest over years and a forecast from 300 served candles agree. As with hours, prices and volumes
enter only as ratios, and nothing is scaled or learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.features.tape import FLOOR, JUMP, RANGE_TO_SIGMA, Floats
from forecaster.market import Candles
from forecaster.schema import FIVE_MINUTES, HOUR

AN_HOUR = HOUR // FIVE_MINUTES  # candles
DAY = 24 * AN_HOUR
FINE_LOOKBACK = DAY + 1  # candles that a row depends on
LEAST_TRADED = 0.5  # share of a day's candles without which the minutes say nothing

SPANS = (10, 15, 30, 60, 180, 24 * 60)  # minutes: the volatility of the last ten, of a morning, of a day
STEPS = (5, 15, 30)  # minutes the price has come from
RECENT = 15  # minutes whose volume is told
SUBHOUR = (
    *(f"fine_range_{minutes}m" for minutes in SPANS),  # log volatility per hour
    *(f"fine_move_{minutes}m" for minutes in STEPS),  # log return over sqrt(hours)
    f"fine_volume_{RECENT}m",  # log ratio to the last day's
    *(f"past_{5 * mark:02d}" for mark in range(AN_HOUR)),  # 1 at so many minutes past: full hours are unlike others
)
_MARKS = np.eye(AN_HOUR, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Minutes:
    """What the five-minute candles tell at some moments; zeros where they are not known."""

    values: NDArray[np.float32]  # (n, 22), see SUBHOUR
    known: NDArray[np.float32]  # (n,) 1 where the newest 289 candles are known

    @classmethod
    def unknown(cls, *shape: int) -> Self:
        """Of so many moments of which nothing is known."""
        return cls(np.zeros((*shape, len(SUBHOUR)), np.float32), np.zeros(shape, np.float32))

    @classmethod
    def stacked(cls, parts: Sequence[Self]) -> Self:
        """Several of as many moments, with an axis before them."""
        return cls(np.stack([each.values for each in parts]), np.stack([each.known for each in parts]))

    @classmethod
    def of(cls, fine: Candles, moments: NDArray[np.int64]) -> Self:
        """At moments (n,) in Unix seconds, from the candles that had closed by each.

        Known is a moment at which a candle closes, with a day of candles before it, half of them traded at least.
        """
        found = cls.unknown(len(moments))
        filled = fine.filled()[0]
        if len(filled) < FINE_LOOKBACK:
            return found
        traded = np.isin(filled.time, fine.time).astype(float)
        row = (moments - FIVE_MINUTES - int(filled.time[0])) // FIVE_MINUTES
        here = (row >= FINE_LOOKBACK - 1) & (row < len(filled)) & (moments % FIVE_MINUTES == 0)
        row = row[here] - (FINE_LOOKBACK - 1)
        busy = (_means(traded, DAY)[row] >= LEAST_TRADED) & (traded[row + FINE_LOOKBACK - 1] > 0)
        marks = _MARKS[moments[here] // FIVE_MINUTES % AN_HOUR]
        found.values[here] = np.concatenate([_values(filled)[row], marks], axis=1) * busy[:, None]
        found.known[here] = busy
        return found


def _values(fine: Candles) -> NDArray[np.float32]:
    """Of gapless candles (n,), at the close of each but the first 288: (n - 288, 10)."""
    step = np.diff(np.log(fine.close))  # (n - 1,)
    size = RANGE_TO_SIGMA * np.log(fine.high[1:] / fine.low[1:])
    variance = AN_HOUR * np.maximum(size**2, JUMP * step**2)  # per hour
    volatilities = [0.5 * np.log(np.maximum(_means(variance, _candles(span)), FLOOR**2)) for span in SPANS]
    moves = [np.sqrt(span / 60) * AN_HOUR * _means(step, _candles(span)) for span in STEPS]
    usual = _means(fine.volume[1:], DAY)
    recent = _means(fine.volume[1:], _candles(RECENT))
    volume = np.log((recent + 0.01 * usual + 1e-12) / (1.01 * usual + 1e-12))
    return np.stack([*volatilities, *moves, volume], axis=1).astype(np.float32)


def _candles(minutes: int) -> int:
    return 60 * minutes // FIVE_MINUTES


def _means(values: Floats, count: int) -> Floats:
    """Mean of the newest `count` values, at each but the first 287 of (n,): (n - 287,)."""
    means: Floats = np.correlate(values[DAY - count :], np.full(count, 1.0 / count), mode="valid")
    return means
