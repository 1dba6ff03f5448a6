"""What a caller sends, as a snapshot like any source's: closed hours, recent ones without a long gap.

Its own clock is the newest candle's close, so it is never old: a caller may ask about any day of the past.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecaster.errors import InvalidInput
from forecaster.features import LOOKBACK
from forecaster.inference import Window
from forecaster.market import LONGEST_GAP, Candles, Snapshot, companion
from forecaster.schema import CALLER, HOUR, ForecastWarning

QUOTE = "USD"  # of every symbol
FORMING = "the newest candle was still forming and was left out"
WHOLE = "the candles are hours of the clock, so the forecast starts at the end of the newest"
ASSUMED = "no last_open_time was given: the last close is taken for that of the newest full hour"


@dataclass(frozen=True, slots=True, eq=False)
class Sent:
    """What a caller sends for one forecast: candles, and those of its companion where it has them; or closes."""

    symbol: str
    candles: Candles | None = None
    other: Candles | None = None
    closes: Sequence[float] = ()  # oldest first, each finite and positive
    last_open_time: int | None = None  # Unix s, on the hour: opening of the last close's hour

    def forecast_window(self, now: float) -> Window:
        """The same of a forecast, which starts at a full hour and says so."""
        window = self.window(now)
        return replace(window, snapshot=hourly(window.snapshot, WHOLE))

    def window(self, now: float) -> Window:
        """What is looked at; `now` is Unix seconds. Raises InvalidInput."""
        if self.candles is None:
            return Window(sent_closes(self.symbol, self.closes, self.last_open_time, now), bare=True)
        other = None if self.other is None else sent_candles(companion(self.symbol), self.other, now)
        return Window(sent_candles(self.symbol, self.candles, now), other)


def windows_of(sent: Sequence[Sent], now: float) -> list[Window | InvalidInput]:
    """What each forecast is made from, or why it cannot be made."""

    def window(each: Sent) -> Window | InvalidInput:
        try:
            return each.forecast_window(now)
        except InvalidInput as error:
            return error

    return [window(each) for each in sent]


def hourly(snapshot: Snapshot, why: str) -> Snapshot:
    """The snapshot with the warning that forecasts of it start at a full hour, and why."""
    warnings = (*snapshot.warnings, ForecastWarning.HOURLY)
    return replace(snapshot, warnings=warnings, notes=(*snapshot.notes, why))


def sent_candles(symbol: str, candles: Candles, now: float) -> Snapshot:
    """Of candles that were checked; `now` is Unix seconds. A candle whose hour is not over is left out, and told.

    Raises InvalidInput when there is none, when one opens in the future, and when more than 6 hours in a row have no
    candle among those that a forecast reads.
    """
    if len(candles) and candles.time[-1] > now:
        count = int((candles.time > now).sum())
        raise InvalidInput(
            f"{count} of the candles open{'s' * (count == 1)} in the future.",
            "Send opening times in UTC: local time without its offset is what this looks like.",
        )
    closed = candles.closed_at(now)
    if len(closed) == 0:
        raise InvalidInput("There is no closed candle.", "Send candles whose hour is over.")
    _check_gaps(closed)
    notes = () if len(closed) == len(candles) else (FORMING,)
    return Snapshot(symbol, CALLER, QUOTE, closed, float(closed.time[-1] + HOUR), notes=notes)


def sent_closes(symbol: str, closes: Sequence[float], last_open_time: int | None, now: float) -> Snapshot:
    """Of hourly closes, oldest first, each finite and positive; candles without a range stand in for them.

    `last_open_time` (Unix s, on the hour) opens the hour of the last close; without one it is the newest full hour.
    """
    last = int(now) // HOUR * HOUR - HOUR if last_open_time is None else last_open_time
    close = np.asarray(closes, dtype=np.float64)
    time = last - HOUR * np.arange(len(close) - 1, -1, -1, dtype=np.int64)
    candles = Candles(time, close, close, close, close, np.zeros(len(close)))
    if last > now - HOUR or len(close) == 0:
        return sent_candles(symbol, candles, now)  # which leaves out what is not closed
    notes = (ASSUMED,) if last_open_time is None else ()
    return Snapshot(symbol, CALLER, QUOTE, candles, float(last + HOUR), notes=notes)


def _check_gaps(candles: Candles) -> None:
    near = candles.since(int(candles.time[-1]) - HOUR * (LOOKBACK - 1))
    missing = np.diff(near.time) // HOUR - 1
    if len(missing) and missing.max() > LONGEST_GAP:
        at = int(missing.argmax())
        before = (near.time[-1] - near.time[at + 1]) // HOUR
        raise InvalidInput(
            f"{missing.max()} hours in a row have no candle, {before} hours before the newest.",
            f"Send them too, or only what came after: up to {LONGEST_GAP} hours are filled.",
        )
