"""Grades forecasts as visitors ask for them: at any five-minute mark, and not only at the full hour.

    five-minute candles --hours that end at :00, :05 ... :55--> twelve markets --hindcast.py--> twelve series
    one of them for each hour, drawn at random ------------------------------> "asked at a random minute"

Beside each series stands what a forecast from the last full hour would have said at that moment.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np

from forecaster.artifact import Artifact
from forecaster.calibration import Calibration, Widths, Within
from forecaster.evaluation.grades import AtOffset, LastHour, RandomMinute, ThisHour, WithinHour
from forecaster.evaluation.hindcast import FEWEST, Issued, graded, issued, opened, seconds
from forecaster.evaluation.metrics import coverage, metrics
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
) -> tuple[RandomMinute, Within | None]:
    """The same, and what is known within the hour after it: the widths of this symbol among it."""
    series = {each: at_offset(engine, calibration, symbol, each, fine, other, start) for each in OFFSETS}
    few = min(series.values(), key=lambda rows: len(rows.as_of))
    if len(few.as_of) < FEWEST:
        graded(symbol, [few])  # which says what to do
    whole, within = graded(symbol, [_drawn(series)]), calibration.within
    by_offset, widths = {}, []
    for minutes, rows in series.items():
        first = _first_hour(within, symbol, rows, minutes, fine)
        widths.append(first.widths)
        by_offset[str(minutes)] = _graded(rows, minutes, series[0], first)
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
    hours = hours_past(fine, minutes * 60)
    others = None if other is None else hours_past(other, minutes * 60)
    if len(hours) < FEWEST:
        return Issued.none()
    return issued(engine, calibration, symbol, hours, others, start + minutes * 60, fine)


def _drawn(series: Mapping[int, Issued]) -> Issued:
    """One forecast of each hour, at a minute drawn at random, in order of time."""
    first = min(int(rows.as_of[0]) // HOUR for rows in series.values())
    last = max(int(rows.as_of[-1]) // HOUR for rows in series.values())
    minute = np.random.default_rng(SEED).integers(0, len(OFFSETS), last - first + 1)  # of each hour
    parts = [rows[minute[rows.as_of // HOUR - first] == number] for number, rows in enumerate(series.values())]
    drawn = parts[0].then(*parts[1:])
    return drawn[np.argsort(drawn.as_of)]


class _FirstHour(NamedTuple):
    """Forecasts of the minutes within the hour that begins when they are issued."""

    minutes: tuple[int, ...]  # (k,) ahead, the hour last
    quantiles: Floats  # (n, k, Q) log returns, as served
    outcome: Floats  # (n, k) NaN where it is not known
    widths: Widths  # learned by the last

    def at(self, minutes: int) -> tuple[Floats, Floats]:
        """Those so many minutes ahead with what happened, where that is known."""
        place = self.minutes.index(minutes)
        known = np.isfinite(self.outcome[:, place])
        return self.quantiles[known, place], self.outcome[known, place]


def _first_hour(within: Within | None, symbol: Symbol, rows: Issued, minutes: int, fine: Candles) -> _FirstHour:
    """What is told so many `minutes` past the hour; without a calibration of minutes, no more than the hour itself."""
    if within is None:
        return _FirstHour((60,), rows.quantiles[:, None], rows.outcome[:, None], ())
    outcome = returns_within(fine, rows.as_of, within.minutes)
    told, widths = within.followed(rows.quantiles, minutes * 60 // FIVE_MINUTES, outcome, symbol)
    quantiles = np.concatenate([told, rows.quantiles[:, None]], axis=1)
    return _FirstHour((*within.minutes, 60), quantiles, np.column_stack([outcome, rows.outcome]), widths)


def _graded(rows: Issued, minutes: int, full: Issued, first: _FirstHour) -> AtOffset:
    """The grades of forecasts at one minute; `full` are those of the full hours."""
    asked = rows.as_of - minutes * 60
    at = np.minimum(np.searchsorted(full.as_of, asked), len(full.as_of) - 1)
    known = full.as_of[at] == asked
    now, before = rows[known], full[at[known]]
    until = now.last[:, None] * np.exp(between(first.minutes, first.quantiles, (60 - minutes,))[known, 0])  # (n, Q)
    low, high = (before.last * np.exp(edge) for edge in band(before.quantiles, "80"))
    row = metrics("quantile", rows.predicted, rows.actual, rows.last)
    persistence = _error(rows.last, rows.actual)
    return AtOffset(
        n=len(rows.as_of),
        mae=row.mae,
        mae_persistence=persistence,
        mae_skill=1 - row.mae / persistence if persistence else 0.0,
        direction=row.direction,
        crps=float(1e4 * crps(rows.quantiles, rows.outcome).mean()),
        crps_rolling_quantiles=float(1e4 * rows.rolling_crps.mean()),
        coverage=coverage({name: band(rows.quantiles, name) for name in BANDS}, rows.outcome),
        this_hour=ThisHour(
            mae=_error(until[:, MEDIAN], before.actual),
            mae_persistence=_error(now.last, before.actual),
            coverage=coverage({name: band(until, name) for name in BANDS}, before.actual),
        ),
        within_hour={str(each): _part(*first.at(each)) for each in MINUTES if each in first.minutes},
        last_hour=LastHour(
            mae=_error(before.predicted, now.actual),
            mae_this_hour=_error(before.predicted, before.actual),
            outside_80=float(((now.last < low) | (now.last > high)).mean()),
        ),
    )


def _part(quantiles: Floats, outcome: Floats) -> WithinHour:
    """The grades of quantiles (n, Q) of log returns (n,) over some minutes."""
    return WithinHour(
        mae_skill=1 - float(np.abs(outcome - quantiles[:, MEDIAN]).mean() / max(np.abs(outcome).mean(), 1e-12)),
        crps=float(1e4 * crps(quantiles, outcome).mean()),
        coverage=coverage({name: band(quantiles, name) for name in BANDS}, outcome),
    )


def _error(predicted: Floats, actual: Floats) -> float:
    return float(np.abs(predicted - actual).mean())
