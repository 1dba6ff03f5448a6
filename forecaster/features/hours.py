"""The quantile recipe's input: candles of both symbols as log quantities, nothing scaled, nothing learned.

Every row at hour t is a function of the newest 289 candles up to t alone (one close before the 288 hours of
twelve days), so that a backtest over years and a forecast from 300 served candles agree. Prices enter only as
ratios: multiplying them all by 1000 changes nothing. The volatility that makes the numbers comparable across
years is taken inside the network, from the window it is given.
"""

from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecaster.candles import Candles
from forecaster.features.closes import WINDOW
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, InputKind

DAYS = 12  # of history in the hour-of-day profile
LOOKBACK = 24 * DAYS + 1  # candles a row of the context depends on
OTHER_LOOKBACK = WINDOW + 1  # candles of the other symbol without which it counts as unknown
SCALES = (1, 3, 6, 12, 24, 72, 168, 288)  # hours: the volatility of the last hour, of a morning, of a week
OTHER_SCALES = (1, 3, 24, 168)
FLOOR = 1e-6  # log return per hour: constant prices still get a band of positive width
RANGE_TO_SIGMA = 1.0 / (2.0 * np.sqrt(np.log(2.0)))  # Parkinson (1980): std of the return from high / low
JUMP = 0.36  # of a squared return counts as variance where a jump left no range

MOVES = (3, 6, 12, 24, 48, 96, 168)  # hours the price has come from
OTHER_MOVES = (3, 24)
PLACES = (6, 24, 72, 168)  # hours in whose range the close has its place
REPEATS = 7  # days back at the hour of day that comes next

CHANNELS = ("return", "range", "position", "volume", "other_return", "other_range")
CONTEXT = (
    *(f"range_{hours}h" for hours in SCALES),  # log volatility
    *(f"return_{hours}h" for hours in SCALES[2:]),  # log volatility
    *(f"other_range_{hours}h" for hours in OTHER_SCALES),  # log volatility
    *(f"profile_{hour}h" for hour in range(1, HORIZONS + 1)),  # log volatility
    *(f"move_{hours}h" for hours in MOVES),  # log return over sqrt(hours)
    *(f"repeat_{day}d" for day in range(1, REPEATS + 1)),  # log return
    *(f"other_move_{hours}h" for hours in OTHER_MOVES),  # log return over sqrt(hours)
    "other_repeat_1d",  # log return
    *(f"place_{hours}h" for hours in PLACES),  # -1 at the low, 1 at the high
    *(f"hour_{hour:02d}" for hour in range(24)),  # 1 at the hour of day that comes next
    *(f"week_{day}" for day in range(7)),  # 1 at its day, Monday first
)
FROM_CLOSES = ("return_6h", "return_12h", "return_24h", "move_3h", "move_6h", "move_12h", "move_24h", "move_48h",
               "repeat_1d", "repeat_2d")  # what 60 closes tell as well as 300 candles do  # fmt: skip
CANDLES_KNOWN, OTHER_KNOWN, CLOCK_KNOWN = 0, 1, 2  # columns of `known`

_HOURS, _DAYS = np.eye(24), np.eye(7)

KINDS: tuple[InputKind, ...] = ("full", "closes_only")
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """A gapless run of hourly candles of one symbol and what is known of the other one's, all (n,) float64.

    `time` is the opening in Unix seconds; `other_*` are NaN where the other symbol has no candle.
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
        high, low, close = (np.full(len(own), np.nan) for _ in range(3))
        if other is not None and len(other) and len(own):
            whole = other.filled()[0]
            at = (own.time - whole.time[0]) // HOUR  # (n,) position of each hour in the other symbol's run
            within = (at >= 0) & (at < len(whole))
            for column, values in ((high, whole.high), (low, whole.low), (close, whole.close)):
                column[within] = values[at[within]]
        return cls(own.time, own.high, own.low, own.close, own.volume, high, low, close)

    @classmethod
    def of_closes(cls, close: Floats) -> Self:
        """Closes (n,) and nothing else: use with 'closes_only' alone."""
        time = HOUR * np.arange(len(close), dtype=np.int64)
        unknown = np.full(len(close), np.nan)
        return cls(time, close, close, close, np.zeros(len(close)), unknown, unknown, unknown)


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """The newest hours of a tape as model input."""

    channels: NDArray[np.float32]  # (rows, 6), see CHANNELS
    context: NDArray[np.float32]  # (contexts, 94), see CONTEXT, of the newest rows; known when the hour closed
    other: NDArray[np.float32]  # (rows,) 1 where the other symbol's last 61 candles are known

    def inputs(self, row: NDArray[np.int64], kind: InputKind) -> dict[str, NDArray[np.float32]]:
        """What the network is given for the forecasts issued at the close of each `row` (n,), each at least 59.

        window (n, 60, 6), context (n, 94), known (n, 3): which of candles, other symbol and clock are real.
        """
        known = np.zeros((len(row), 3), np.float32)
        if kind == "full":
            known[:] = 1
            known[:, OTHER_KNOWN] = self.other[row]
        return {
            "window": self.channels[row[:, None] + np.arange(1 - WINDOW, 1)],
            "context": self.context[row - len(self.channels)],  # counted from the newest
            "known": known,
        }


def hours_of(tape: Tape, rows: int | None = None, contexts: int | None = None) -> Hours:
    """Model input for the newest `rows` hours of a tape (all by default), contexts for its newest `contexts`.

    A row is exact when 288 hours precede it; earlier ones stand for a tape that repeats its first hour.
    """
    rows = len(tape.close) if rows is None else rows
    context = _context(tape, rows if contexts is None else contexts)
    return Hours(_channels(tape, rows), context, _other_known(tape, rows))


def _channels(tape: Tape, rows: int) -> NDArray[np.float32]:
    top, bottom, close = (np.log(values[-rows:]) for values in (tape.high, tape.low, tape.close))
    spread = top - bottom
    place = np.divide(2 * close - top - bottom, spread, out=np.zeros_like(spread), where=spread > 0)
    typical = _mean(tape.volume, 168, rows)
    volume = np.log((tape.volume[-rows:] + 0.01 * typical + 1e-12) / (1.01 * typical + 1e-12))
    other_spread = np.log(tape.other_high[-rows:] / tape.other_low[-rows:])
    columns = (_steps(tape.close, rows), spread, place, volume, _steps(tape.other_close, rows), other_spread)
    channels: NDArray[np.float32] = np.nan_to_num(np.array(columns).T).astype(np.float32)  # (rows, 6)
    return channels


def _context(tape: Tape, rows: int) -> NDArray[np.float32]:
    past = min(rows + LOOKBACK - 1, len(tape.close))  # nothing older is read
    step, other_step = _steps(tape.close, past), np.nan_to_num(_steps(tape.other_close, past))
    size = RANGE_TO_SIGMA * np.log(tape.high[-past:] / tape.low[-past:])
    other_size = RANGE_TO_SIGMA * np.nan_to_num(np.log(tape.other_high[-past:] / tape.other_low[-past:]))
    square, variance = step**2, np.maximum(size**2, JUMP * step**2)
    other_variance = np.maximum(other_size**2, JUMP * other_step**2)
    mean_squares = (
        *(_mean(variance, hours, rows) for hours in SCALES),
        *(_mean(square, hours, rows) for hours in SCALES[2:]),
        *(_mean(other_variance, hours, rows) for hours in OTHER_SCALES),
    )
    columns = (
        *(0.5 * np.log(np.maximum(mean_squares, FLOOR**2))),
        *_profile(size, rows),
        *(np.sqrt(hours) * _mean(step, hours, rows) for hours in MOVES),
        *(_before(step, 24 * day - 1, rows) for day in range(1, REPEATS + 1)),
        *(np.sqrt(hours) * _mean(other_step, hours, rows) for hours in OTHER_MOVES),
        _before(other_step, 23, rows),
        *_places(tape, rows),
        *_clock(tape.time[-rows:]),
    )
    return np.array(columns).T.astype(np.float32)  # (rows, 94)


def _other_known(tape: Tape, rows: int) -> NDArray[np.float32]:
    known: Floats = 1.0 - np.isnan(tape.other_close)
    share = _mean(known, OTHER_LOOKBACK, rows)
    return (share > 1 - 0.5 / OTHER_LOOKBACK).astype(np.float32)


def _steps(close: Floats, rows: int) -> Floats:
    """Log return of each of the newest `rows` hours; 0 for a first hour without a close before it."""
    return np.diff(np.log(_newest(close, rows + 1)))


def _newest(values: Floats, count: int) -> Floats:
    """The newest `count` values, the first one repeated where there are fewer."""
    lack = count - len(values)
    return values[-count:] if lack <= 0 else np.concatenate([np.full(lack, values[0]), values])


def _mean(values: Floats, hours: int, rows: int) -> Floats:
    """Mean of the `hours` values up to each of the newest `rows` hours: (n,) -> (rows,). Reads no older ones."""
    mean: Floats = np.correlate(_newest(values, rows + hours - 1), _equal_weights(hours), mode="valid")
    return mean


@cache
def _equal_weights(count: int) -> Floats:
    return np.full(count, 1.0 / count)


def _before(values: Floats, hours: int, rows: int) -> Floats:
    """The value so many hours before each of the newest `rows` hours: (n,) -> (rows,)."""
    return _newest(values, rows + hours)[:rows]


def _places(tape: Tape, rows: int) -> Floats:
    """Where the close lies in the range of its last hours: -1 at the low, 1 at the high: (4, rows), see PLACES."""
    past = rows + PLACES[-1] - 1
    extremes, span = np.log([_newest(tape.high, past), 1 / _newest(tape.low, past)]), 1  # the higher, the farther
    edges = np.empty((len(PLACES), 2, rows))
    for number, hours in enumerate(PLACES):
        while span < hours:  # each maximum is made of two that overlap
            step = min(span, hours - span)
            extremes, span = np.maximum(extremes[:, step:], extremes[:, :-step]), span + step
        edges[number] = extremes[:, -rows:]
    width, middle = edges[:, 0] + edges[:, 1], edges[:, 0] - edges[:, 1]
    distance = 2 * np.log(tape.close[-rows:]) - middle
    places: Floats = np.divide(distance, width, out=np.zeros_like(width), where=width > 0)
    return places


def _profile(size: Floats, rows: int) -> list[Floats]:
    """Log volatility at the hour of day of each of the next 24 hours, over the last twelve days.

    The mean of the range, not of its square: one crash must not rule twelve days.
    """
    past = _newest(size, rows + 24 * DAYS - 1)
    total = np.zeros(rows + HORIZONS - 1)
    for day in range(DAYS):
        total += past[24 * day : 24 * day + len(total)]
    level = np.log(np.maximum(total / DAYS, FLOOR))
    return [level[hour : hour + rows] for hour in range(HORIZONS)]


def _clock(time: NDArray[np.int64]) -> Floats:
    """Hour of day and day of week of the hour that is to be forecast, as 24 + 7 indicators (31, rows)."""
    hour = time // HOUR + 1
    clock: Floats = np.concatenate([_HOURS[hour % 24], _DAYS[(hour // 24 + 3) % 7]], axis=1).T
    return clock
