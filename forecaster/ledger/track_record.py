"""What the ledger says: a forecast with its outcomes, and how the forecasts of a model turned out.

An outcome is graded by the quantiles that were issued, never by others. Prices are in the quote currency.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import AwareDatetime, Field

from forecaster.ledger.grades import fell
from forecaster.market import utc
from forecaster.quantiles import BANDS
from forecaster.schema import FARTHEST, Forecast, Frozen, Horizon, ModelRef, Symbol, minutes_of


class Ahead(Frozen):
    """What speaks of one horizon."""

    hours: int | None = Field(default=None, ge=1, le=24, description="ahead of as_of, where these are whole hours")
    minutes: int = Field(  # earlier versions do not name them
        default_factory=minutes_of, validate_default=True, ge=1, le=FARTHEST, description="ahead of as_of"
    )


class Outcome(Ahead):
    """What became of one horizon of a forecast."""

    target_time: AwareDatetime
    actual: float = Field(gt=0, description="the close, at the forecast's own source")
    error_pct: float = Field(description="median - actual, in percent of actual")
    inside: dict[str, bool] = Field(description="whether the band '50', '80', '95' held it, its edges included")
    pit: float = Field(ge=0, le=1, description="level at which it fell, from the outermost to the outermost")


class Kept(Frozen):
    """A forecast as it was issued, and what became of it so far."""

    forecast: Forecast
    issued_at: AwareDatetime
    outcomes: tuple[Outcome, ...] = Field(description="by hours; a target without a candle has none")


class LedgerPage(Frozen):
    """Forecasts, newest first."""

    forecasts: tuple[Kept, ...]
    next_cursor: str | None = Field(description="where the next page begins; None at the end")


class Miss(Frozen):
    """A close outside the 80 % band."""

    forecast_id: str
    target_time: AwareDatetime
    median: float
    actual: float
    error_pct: float


class Graded(Ahead):
    """How the forecasts of a year of one symbol, horizon and model turned out, beside 'no change' on the same times."""

    symbol: Symbol
    model: ModelRef
    n: int = Field(gt=0, description="forecasts graded")
    graded_from: AwareDatetime = Field(description="close of the first target")
    graded_to: AwareDatetime
    mae: float = Field(ge=0)
    mae_persistence: float = Field(ge=0)
    skill: float | None = Field(description="1 - mae / mae_persistence; None where the price never moved")
    skill_low: float | None = Field(description="of its 95 % interval; None with less than two weeks")
    skill_high: float | None
    direction: float | None = Field(description="share of moves whose sign was right; None where there was none")
    coverage: dict[str, float] = Field(description="share inside the band: '50', '80', '95' -> 0..1")
    mean_pit: float = Field(ge=0, le=1, description="0.5 where forecasts are neither too high nor too low")
    misses: tuple[Miss, ...] = Field(description="the newest closes outside the 80 % band, newest first")


class Waiting(Ahead):
    """Forecasts of one symbol and horizon that have come to no outcome yet, of all models and sources."""

    symbol: Symbol
    n: int = Field(gt=0, description="forecasts")
    next_target: AwareDatetime = Field(description="when the first of them comes due")


class TrackRecord(Frozen):
    """Every symbol, model and horizon with something to grade; models newest first."""

    rows: tuple[Graded, ...]
    waiting: tuple[Waiting, ...] = Field(default=(), description="what has no outcome yet, where one symbol is asked")


def pit(horizon: Horizon, actual: float) -> float:
    """The level at which a close fell: see grades.fell."""
    return float(_fell(horizon, actual)[0][0])


def inside(horizon: Horizon, actual: float) -> dict[str, bool]:
    """Whether each band holds a close, its edges included."""
    return dict(zip(BANDS, _fell(horizon, actual)[1][0].tolist(), strict=True))


def outcomes_of(forecast: Forecast, issued_at: int, closes: Mapping[int, float]) -> tuple[Outcome, ...]:
    """What became of a forecast, by closes by their time (Unix s)."""
    start, told = int(forecast.as_of.timestamp()), []
    for horizon in forecast.horizons:
        target = start + 60 * horizon.minutes
        if target in closes and target > issued_at:
            told.append(_outcome(horizon, closes[target]))
    return tuple(told)


def error_pct(median: float, actual: float) -> float:
    """The median's error in percent of the close."""
    return 100 * (median / actual - 1)


def _outcome(horizon: Horizon, actual: float) -> Outcome:
    level, held = _fell(horizon, actual)
    return Outcome(
        hours=horizon.hours,
        minutes=horizon.minutes,
        target_time=utc(horizon.target_time.timestamp()),
        actual=actual,
        error_pct=error_pct(horizon.median, actual),
        inside=dict(zip(BANDS, held[0].tolist(), strict=True)),
        pit=float(level[0]),
    )


def _fell(horizon: Horizon, actual: float) -> Any:
    keys = sorted(horizon.quantiles, key=float)
    prices = np.array([[horizon.quantiles[key] for key in keys]])
    return fell(prices, np.array([float(key) for key in keys]), np.array([actual]))
