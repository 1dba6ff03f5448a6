"""The quantile recipe's input: candles of both symbols as log quantities, nothing scaled, nothing learned.

Every row at hour t is a function of the newest 289 candles up to t alone (one close before the 288 hours of
twelve days), so that a backtest over years and a forecast from 300 served candles agree. Prices enter only as
ratios: multiplying them all by 1000 changes nothing. The volatility that makes the numbers comparable across
years is taken inside the network, from the window it is given.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from forecaster.features.subhour import SUBHOUR, Minutes
from forecaster.features.tape import FLOOR, JUMP, RANGE_TO_SIGMA, Floats, Tape
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, WINDOW, InputKind

DAYS = 12  # of history in the hour-of-day profile
LOOKBACK = 24 * DAYS + 1  # candles a row of the context depends on
OTHER_LOOKBACK = WINDOW + 1  # candles of the other symbol without which it counts as unknown
SCALES = (1, 3, 6, 12, 24, 72, 168, 288)  # hours: the volatility of the last hour, of a morning, of a week
OTHER_SCALES = (1, 3, 24, 168)

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
CANDLES_KNOWN, OTHER_KNOWN, CLOCK_KNOWN, SUBHOUR_KNOWN = 0, 1, 2, 3  # columns of `known`
FLAGS = 4

_HOURS, _DAYS = np.eye(24), np.eye(7)
_SAME_HOUR = 24 * np.arange(1, REPEATS + 1) - 1  # hours back from the newest to the hour of day that comes next

KINDS: tuple[InputKind, ...] = ("full", "closes_only")


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """The newest hours of a tape as model input; each with an axis before it where tapes stand side by side."""

    channels: NDArray[np.float32]  # (rows, 6), see CHANNELS
    context: NDArray[np.float32]  # (contexts, 94), see CONTEXT, of the newest rows; known when the hour closed
    other: NDArray[np.float32]  # (rows,) 1 where the other symbol's last 61 candles are known
    minutes: Minutes  # of the rows

    def newest(self) -> dict[str, NDArray[np.float32]]:
        """What the network is given for the forecasts from candles at the newest hour of each tape, as by `inputs`."""
        known = np.ones((*self.other.shape[:-1], FLAGS), np.float32)
        known[..., OTHER_KNOWN], known[..., SUBHOUR_KNOWN] = self.other[..., -1], self.minutes.known[..., -1]
        return {
            "window": self.channels[..., -WINDOW:, :].reshape(-1, WINDOW, len(CHANNELS)),
            "context": self.context[..., -1, :].reshape(-1, len(CONTEXT)),
            "subhour": self.minutes.values[..., -1, :].reshape(-1, len(SUBHOUR)),
            "known": known.reshape(-1, FLAGS),
        }

    def inputs(self, row: NDArray[np.int64], kind: InputKind) -> dict[str, NDArray[np.float32]]:
        """What the network is given for the forecasts issued at the close of each `row` (n,), each at least 59.

        window (n, 60, 6), context (n, 94), subhour (n, 22), known (n, 4): which of candles, other symbol, clock and
        five-minute candles are real.
        """
        known = np.zeros((len(row), FLAGS), np.float32)
        if kind == "full":
            known[:] = 1
            known[:, OTHER_KNOWN], known[:, SUBHOUR_KNOWN] = self.other[row], self.minutes.known[row]
        return {
            "window": self.channels[row[:, None] + np.arange(1 - WINDOW, 1)],
            "context": self.context[row - len(self.channels)],  # counted from the newest
            "subhour": self.minutes.values[row],
            "known": known,
        }


def hours_of(tape: Tape, rows: int | None = None, contexts: int | None = None, minutes: Minutes | None = None) -> Hours:
    """Model input for the newest `rows` hours of a tape (all by default), contexts for its newest `contexts`.

    A row is exact when 288 hours precede it; earlier ones stand for a tape that repeats its first hour. `minutes` are
    those of the rows, where five-minute candles tell any.
    """
    rows = tape.close.shape[-1] if rows is None else rows
    context = _context(tape, rows if contexts is None else contexts)
    other = _other_known(tape, rows)
    return Hours(_channels(tape, rows), context, other, minutes or Minutes.unknown(*other.shape))


def _channels(tape: Tape, rows: int) -> NDArray[np.float32]:
    top, bottom, close = (np.log(values[..., -rows:]) for values in (tape.high, tape.low, tape.close))
    spread = top - bottom
    place = np.divide(2 * close - top - bottom, spread, out=np.zeros_like(spread), where=spread > 0)
    typical = _mean(tape.volume, 168, rows)
    volume = np.log((tape.volume[..., -rows:] + 0.01 * typical + 1e-12) / (1.01 * typical + 1e-12))
    other_spread = np.log(tape.other_high[..., -rows:] / tape.other_low[..., -rows:])
    columns = (_steps(tape.close, rows), spread, place, volume, _steps(tape.other_close, rows), other_spread)
    channels: NDArray[np.float32] = np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind")
    return np.nan_to_num(channels, copy=False)  # (..., rows, 6)


def _context(tape: Tape, rows: int) -> NDArray[np.float32]:
    past = min(rows + LOOKBACK - 1, tape.close.shape[-1])  # nothing older is read
    step, other_step = _steps(tape.close, past), np.nan_to_num(_steps(tape.other_close, past), copy=False)
    size = _sizes(tape.high[..., -past:], tape.low[..., -past:])
    other_size = np.nan_to_num(_sizes(tape.other_high[..., -past:], tape.other_low[..., -past:]), copy=False)
    mean_squares = (
        _means(np.maximum(size**2, JUMP * step**2), SCALES, rows),
        _means(step**2, SCALES[2:], rows),
        _means(np.maximum(other_size**2, JUMP * other_step**2), OTHER_SCALES, rows),
    )
    columns = (
        0.5 * np.log(np.maximum(np.concatenate(mean_squares, axis=-1), FLOOR**2)),
        _profile(size, rows),
        np.sqrt(MOVES) * _means(step, MOVES, rows),
        _before(step, _SAME_HOUR, rows),
        np.sqrt(OTHER_MOVES) * _means(other_step, OTHER_MOVES, rows),
        _before(other_step, _SAME_HOUR[:1], rows),
        _places(tape, rows),
        _clock(tape.time[..., -rows:]),
    )
    return np.concatenate(columns, axis=-1).astype(np.float32)  # (..., rows, 94)


def _other_known(tape: Tape, rows: int) -> NDArray[np.float32]:
    missing = np.isnan(_newest(tape.other_close, rows + OTHER_LOOKBACK))
    so_far = np.cumsum(missing, axis=-1)
    known: NDArray[np.bool_] = so_far[..., -rows:] == so_far[..., :rows]
    return known.astype(np.float32)


def _steps(close: Floats, rows: int) -> Floats:
    """Log return of each of the newest `rows` hours; 0 for a first hour without a close before it."""
    return np.diff(np.log(_newest(close, rows + 1)))


def _sizes(high: Floats, low: Floats) -> Floats:
    """Log return that each hour's range stands for; in place, for fresh memory costs more than the numbers."""
    sizes = high / low
    np.log(sizes, out=sizes)
    sizes *= RANGE_TO_SIGMA
    return sizes


def _newest(values: Floats, count: int) -> Floats:
    """The newest `count` values, the first one repeated where there are fewer."""
    lack = count - values.shape[-1]
    if lack <= 0:
        return values[..., -count:]
    return np.concatenate([np.repeat(values[..., :1], lack, axis=-1), values], axis=-1)


def _mean(values: Floats, hours: int, rows: int) -> Floats:
    """Mean of the `hours` values up to each of the newest `rows` hours: (..., n) -> (..., rows)."""
    newest = _newest(values, rows + hours - 1)
    lines = newest.reshape(-1, newest.shape[-1])
    means = [np.correlate(line, _equal_weights(hours), mode="valid") for line in lines]
    return np.array(means).reshape(*newest.shape[:-1], rows)


def _means(values: Floats, hours: tuple[int, ...], rows: int) -> Floats:
    """The same over each of so many hours, ascending: (..., n) -> (..., rows, k)."""
    if rows > 1:
        return np.stack([_mean(values, each, rows) for each in hours], axis=-1)
    means: Floats = (_newest(values, hours[-1]) @ _newest_weights(hours))[..., None, :]
    return means


@cache
def _equal_weights(count: int) -> Floats:
    return np.full(count, 1.0 / count)


@cache
def _newest_weights(hours: tuple[int, ...]) -> Floats:
    """Weights (hours[-1], k) of the mean over each of so many newest hours, ascending."""
    age = np.arange(hours[-1])[::-1, None]
    weights: Floats = (age < hours) / np.array(hours)
    return weights


def _before(values: Floats, hours: NDArray[np.int64], rows: int) -> Floats:
    """The values so many hours (k,) before each of the newest `rows` hours: (..., n) -> (..., rows, k)."""
    before: Floats = _newest(values, rows + int(hours[-1]))[..., np.arange(-rows, 0)[:, None] - hours]
    return before


def _places(tape: Tape, rows: int) -> Floats:
    """Where the close lies in the range of its last hours: -1 at the low, 1 at the high: (..., rows, 4), see PLACES."""
    past = rows + PLACES[-1] - 1
    edges = np.log(_peaks(np.array([_newest(tape.high, past), 1 / _newest(tape.low, past)]), rows))  # higher: farther
    width, middle = edges[0] + edges[1], edges[0] - edges[1]
    distance = 2 * np.log(tape.close[..., -rows:, None]) - middle
    places: Floats = np.divide(distance, width, out=np.zeros_like(width), where=width > 0)
    return places


def _peaks(values: Floats, rows: int) -> Floats:
    """The highest value of the last hours: (..., n) -> (..., rows, 4), see PLACES."""
    if rows == 1:
        between = np.maximum.reduceat(values, PLACES[-1] - np.array(PLACES[::-1]), axis=-1)
        return np.maximum.accumulate(between[..., ::-1], axis=-1)[..., None, :]
    peaks, span = np.empty((*values.shape[:-1], rows, len(PLACES))), 1
    for number, hours in enumerate(PLACES):
        while span < hours:  # each maximum is made of two that overlap
            step = min(span, hours - span)
            values, span = np.maximum(values[..., step:], values[..., :-step]), span + step
        peaks[..., number] = values[..., -rows:]
    return peaks


def _profile(size: Floats, rows: int) -> Floats:
    """Log volatility at the hour of day of each of the next 24 hours, over the last twelve days: (..., rows, 24).

    The mean of the range, not of its square: one crash must not rule twelve days.
    """
    past = _newest(size, rows + 24 * DAYS - 1)
    total = np.zeros((*size.shape[:-1], rows + HORIZONS - 1))
    for day in range(DAYS):
        total += past[..., 24 * day : 24 * day + rows + HORIZONS - 1]
    level = np.log(np.maximum(total / DAYS, FLOOR))
    profile: Floats = level[..., np.arange(rows)[:, None] + np.arange(HORIZONS)]
    return profile


def _clock(time: NDArray[np.int64]) -> Floats:
    """Hour of day and day of week of the hour that is to be forecast, as 24 + 7 indicators: (..., rows, 31)."""
    hour = time // HOUR + 1
    clock: Floats = np.concatenate([_HOURS[hour % 24], _DAYS[(hour // 24 + 3) % 7]], axis=-1)
    return clock
