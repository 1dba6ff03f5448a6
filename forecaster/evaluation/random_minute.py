"""Grades forecasts as visitors ask for them: at any five-minute mark, and not only at the full hour.

    five-minute candles --hours that end at :00, :05 ... :55--> twelve markets --hindcast.py--> twelve series
    one of them for each hour, drawn at random ------------------------------> "asked at a random minute"

Beside each series stands what a forecast from the last full hour would have said at that moment.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration, Widths, Within, widths_of
from forecaster.evaluation.grades import AtOffset, LastHour, RandomMinute, ThisHour, WithinHour
from forecaster.evaluation.hindcast import STRETCH, Issued, in_stretches, opened, seconds
from forecaster.evaluation.metrics import FEWEST, Scored, graded, inside, metrics
from forecaster.features import returns_within
from forecaster.inference import Engine, between
from forecaster.market import Candles, hours_past
from forecaster.quantiles import BANDS, MEDIAN, Floats, band, crps
from forecaster.schema import FIVE_MINUTES, HOUR, MINUTES, Symbol

OFFSETS = tuple(range(0, HOUR // 60, FIVE_MINUTES // 60))  # minutes past the full hour
SEED = 0  # of the minute that each hour is asked at


def random_minute_of(
    artifact: Artifact, symbol: str, fine: Candles, other: Candles | None = None, start: datetime | None = None
) -> RandomMinute:
    """Of the networks that an artifact ships. Raises what `at_random` raises, and what reading an artifact does."""
    return at_random(*opened(artifact), symbol, fine, other, seconds(start))


def at_random(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    fine: Candles,
    other: Candles | None = None,
    start: float = 0.0,
) -> RandomMinute:
    """Grade the forecasts from five-minute candles whose hour begins at `start` (Unix s) or later.

    `other` are the companion's five-minute candles. Each minute is graded as `hindcast` grades full hours. Raises
    InvalidInput when fewer than two hours can be graded at some minute.
    """
    return at_random_learning(engine, calibration, symbol, fine, other, start)[0]


def at_random_learning(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    fine: Candles,
    other: Candles | None = None,
    start: float = 0.0,
    stretch: int = STRETCH,
) -> tuple[RandomMinute, Within | None]:
    """The same, and what is known within the hour after it: the widths of this symbol among it.

    `stretch` is how many hours are forecast together, of which no more than scores is kept.
    """
    within, told = calibration.within, [_Told.by(Issued.none())]
    series: list[Scored] = []
    widths: list[Widths] = []
    by_offset: dict[str, AtOffset] = {}
    for minutes in OFFSETS:
        mark = _Mark(minutes, symbol, within)
        for rows in _in_stretches(engine, calibration, symbol, minutes, fine, other, start, stretch):
            if minutes == 0:
                told.append(_Told.by(rows))
            mark.add(rows, fine, told[-1])
        series.append(mark.scored())
        widths.append(mark.widths)
        by_offset[str(minutes)] = mark.grades(series[-1])
        if minutes == 0:
            told = [_Told(*map(np.concatenate, zip(*told, strict=True)))]  # by the forecasts of every full hour
    whole = graded(symbol, [_drawn(series)])
    if within is not None:
        within = within.model_copy(update={"widths": {**within.widths, symbol: tuple(widths)}})
    return RandomMinute(**dict(whole), by_offset=by_offset), within


def at_offset(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    minutes: int,
    fine: Candles,
    other: Candles | None = None,
    start: float = 0.0,
) -> Issued:
    """The forecasts for in 60 minutes that are issued so many `minutes` past each full hour."""
    return Issued.none().then(*_in_stretches(engine, calibration, symbol, minutes, fine, other, start))


def _in_stretches(
    engine: Engine,
    calibration: Calibration,
    symbol: Symbol,
    minutes: int,
    fine: Candles,
    other: Candles | None,
    start: float,
    stretch: int = STRETCH,
) -> Iterator[Issued]:
    hours = hours_past(fine, minutes * 60)
    others = None if other is None else hours_past(other, minutes * 60)
    if len(hours) >= FEWEST:
        yield from in_stretches(engine, calibration, symbol, hours, others, start + minutes * 60, fine, stretch)


def _drawn(series: Sequence[Scored]) -> Scored:
    """One forecast of each hour, at a minute drawn at random, in order of time."""
    first = min(int(rows.as_of[0]) // HOUR for rows in series)
    last = max(int(rows.as_of[-1]) // HOUR for rows in series)
    minute = np.random.default_rng(SEED).integers(0, len(OFFSETS), last - first + 1)  # of each hour
    drawn = Scored.joined(rows[minute[rows.as_of // HOUR - first] == number] for number, rows in enumerate(series))
    return drawn[np.argsort(drawn.as_of)]


class _Told(NamedTuple):
    """What forecasts tell in prices, and what came of it, all (n,)."""

    as_of: NDArray[np.int64]  # Unix s
    predicted: Floats
    actual: Floats
    low: Floats  # of the 80 % band
    high: Floats

    @classmethod
    def by(cls, rows: Issued) -> Self:
        low, high = (rows.last * np.exp(edge) for edge in band(rows.quantiles, "80"))
        return cls(rows.as_of, rows.predicted, rows.actual, low, high)


class _Means:
    """Columns of scores, stretch after stretch, whose means are told."""

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = defaultdict(list)

    def add(self, **columns: NDArray[Any]) -> None:
        for name, column in columns.items():
            self._parts[name].append(column)

    def __getitem__(self, name: str) -> float:
        return float(np.concatenate(self._parts[name]).mean())

    @property
    def coverage(self) -> dict[str, float]:
        return dict(zip(BANDS, np.concatenate(self._parts["inside"]).mean(axis=0).tolist(), strict=True))


class _Mark:
    """Forecasts asked so many minutes past each full hour: of each, scores alone are kept, stretch after stretch."""

    def __init__(self, minutes: int, symbol: Symbol, within: Within | None) -> None:
        self._minutes, self._symbol, self._within = minutes, symbol, within
        self._ahead = (*within.minutes, 60) if within else (60,)
        self._width: Floats | None = None  # within the hour, learned so far
        self._parts: list[Scored] = []
        self._this_hour, self._last_hour = _Means(), _Means()
        self._within_hour = {each: _Means() for each in MINUTES if each in self._ahead}

    def add(self, rows: Issued, fine: Candles, full: _Told) -> None:
        """The next ones, and what those of the full hours before them told."""
        if not len(rows):
            return
        self._parts.append(rows.scored())
        quantiles, outcome = self._first_hour(rows, fine)
        for each, kept in self._within_hour.items():
            place = self._ahead.index(each)
            known = np.isfinite(outcome[:, place])
            told, moved = quantiles[known, place], outcome[known, place]
            kept.add(missed=np.abs(moved - told[:, MEDIAN]), moved=np.abs(moved))
            kept.add(crps=crps(told, moved), inside=inside(told, moved))
        asked = rows.as_of - self._minutes * 60
        at = np.minimum(np.searchsorted(full.as_of, asked), len(full.as_of) - 1)
        known = full.as_of[at] == asked
        now, before = rows[known], _Told(*(column[at[known]] for column in full))
        until = between(self._ahead, quantiles, (60 - self._minutes,))[known, 0]  # (n, Q)
        prices, closed = now.last[:, None] * np.exp(until), before.actual
        self._this_hour.add(missed=np.abs(prices[:, MEDIAN] - closed), moved=np.abs(now.last - closed))
        self._this_hour.add(inside=inside(prices, closed))
        self._last_hour.add(missed=np.abs(before.predicted - now.actual), this=np.abs(before.predicted - closed))
        self._last_hour.add(outside=(now.last < before.low) | (now.last > before.high))

    def _first_hour(self, rows: Issued, fine: Candles) -> tuple[Floats, Floats]:
        """What is told of the minutes ahead (n, k, Q), the hour last, and came of it (n, k), NaN where not known."""
        whole = rows.quantiles[:, None], rows.outcome[:, None]
        if self._within is None:
            return whole
        outcome = returns_within(fine, rows.as_of, self._within.minutes)
        mark = self._minutes * 60 // FIVE_MINUTES
        told, self._width = self._within.followed(rows.quantiles, mark, outcome, self._symbol, self._width)
        return np.concatenate([told, whole[0]], axis=1), np.concatenate([outcome, whole[1]], axis=1)

    def scored(self) -> Scored:
        """All that were added. Raises InvalidInput for fewer than two."""
        scored = Scored.joined(self._parts)
        if len(scored) < FEWEST:
            graded(self._symbol, [scored])  # which says what to do
        return scored

    @property
    def widths(self) -> Widths:
        """Learned by the last."""
        return () if self._width is None else widths_of(self._width)

    def grades(self, rows: Scored) -> AtOffset:
        """Of all of them, which `scored` gave."""
        this, last = self._this_hour, self._last_hour
        row = metrics("quantile", rows.predicted, rows.actual, rows.last)
        persistence = float(np.abs(rows.last - rows.actual).mean())
        return AtOffset(
            n=len(rows),
            mae=row.mae,
            mae_persistence=persistence,
            mae_skill=1 - row.mae / persistence if persistence else 0.0,
            direction=row.direction,
            crps=float(1e4 * rows.crps.mean()),
            crps_rolling_quantiles=float(1e4 * rows.rolling_crps.mean()),
            coverage=dict(zip(BANDS, rows.inside.mean(axis=0).tolist(), strict=True)),
            this_hour=ThisHour(mae=this["missed"], mae_persistence=this["moved"], coverage=this.coverage),
            within_hour={
                str(each): WithinHour(
                    mae_skill=1 - kept["missed"] / max(kept["moved"], 1e-12),
                    crps=1e4 * kept["crps"],
                    coverage=kept.coverage,
                )
                for each, kept in self._within_hour.items()
            },
            last_hour=LastHour(mae=last["missed"], mae_this_hour=last["this"], outside_80=last["outside"]),
        )
