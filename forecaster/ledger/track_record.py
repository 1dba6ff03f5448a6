"""What the ledger says: a forecast with its outcomes, and how the forecasts of a model turned out.

An outcome is graded by the quantiles that were issued, never by others. Prices are in the quote currency.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from pydantic import AwareDatetime, Field

from forecaster.evaluation import BLOCK, metrics, skill
from forecaster.market import utc
from forecaster.quantiles import BANDS, KEYS, LEVELS, Floats
from forecaster.schema import Forecast, Frozen, Horizon, ModelRef, Symbol

BAND_KEYS = {name: tuple(KEYS[LEVELS.index(level)] for level in levels) for name, levels in BANDS.items()}
MISSES = 5  # of the newest misses, how many are told
MISSED = "80"  # the band that answers lead with
ENOUGH = 2 * BLOCK  # graded hours without which the bootstrap of whole weeks gives no interval


class Outcome(Frozen):
    """What became of one horizon of a forecast."""

    hours: int = Field(ge=1, le=24)
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


class Graded(Frozen):
    """How the newest forecasts of one symbol, horizon and model turned out, beside 'no change' on the same hours."""

    symbol: Symbol
    hours: int = Field(ge=1, le=24)
    model: ModelRef
    n: int = Field(gt=0, description="forecasts graded")
    graded_from: AwareDatetime = Field(description="close of the first target")
    graded_to: AwareDatetime
    mae: float = Field(ge=0)
    mae_persistence: float = Field(ge=0)
    skill: float | None = Field(description="1 - mae / mae_persistence; None where the price never moved")
    skill_low: float | None = Field(description="of its 95 % interval; None with less than two weeks of hours")
    skill_high: float | None
    direction: float | None = Field(description="share of moves whose sign was right; None where there was none")
    coverage: dict[str, float] = Field(description="share inside the band: '50', '80', '95' -> 0..1")
    mean_pit: float = Field(ge=0, le=1, description="0.5 where forecasts are neither too high nor too low")
    misses: tuple[Miss, ...] = Field(description="the newest closes outside the 80 % band, newest first")


class TrackRecord(Frozen):
    """Every symbol, model and horizon with something to grade; models newest first."""

    rows: tuple[Graded, ...]


class Settled(NamedTuple):
    """One graded horizon, as its row is kept."""

    forecast_id: str
    last_close: float
    target_time: int  # Unix s
    actual: float
    median: float
    inside_50: bool
    inside_80: bool
    inside_95: bool
    pit: float


class Issuer(NamedTuple):
    """A model, and the symbol of which it forecast up to so many hours ahead."""

    symbol: Symbol
    model: ModelRef
    horizons: int


class Series(NamedTuple):
    """What was settled of one horizon, newest first."""

    of: Issuer
    hours: int
    settled: list[Settled]


def pit(horizon: Horizon, actual: float) -> float:
    """The level at which a close fell, interpolated in its logarithm, from the outermost level to the outermost.

    Probability integral transform: Dawid (1984), "Statistical theory: the prequential approach".
    """
    levels = sorted(horizon.quantiles, key=float)
    prices = [horizon.quantiles[level] for level in levels]
    return float(np.interp(np.log(actual), np.log(prices), [float(level) for level in levels]))


def inside(horizon: Horizon, actual: float) -> dict[str, bool]:
    """Whether each band holds a close, its edges included."""
    bounds = {name: (horizon.quantiles[low], horizon.quantiles[high]) for name, (low, high) in BAND_KEYS.items()}
    return {name: low <= actual <= high for name, (low, high) in bounds.items()}


def graded(symbol: Symbol, hours: int, model: ModelRef, settled: Sequence[Settled]) -> Graded | None:
    """The grades of outcomes, newest first; None where there is none."""
    if not settled:
        return None
    column = dict(zip(Settled._fields, map(np.array, zip(*settled[::-1], strict=True)), strict=True))
    actual, median, last = column["actual"], column["median"], column["last_close"]  # (n,) oldest first
    missed = (row for row in settled if not getattr(row, f"inside_{MISSED}"))
    row = metrics(model.name, median, actual, last)
    value, low, high = _skill(np.abs(median - actual), np.abs(last - actual))
    return Graded(
        symbol=symbol,
        hours=hours,
        model=model,
        n=len(settled),
        graded_from=utc(int(column["target_time"].min())),
        graded_to=utc(int(column["target_time"].max())),
        mae=row.mae,
        mae_persistence=float(np.abs(last - actual).mean()),
        skill=value,
        skill_low=low,
        skill_high=high,
        direction=row.direction,
        coverage={name: float(column[f"inside_{name}"].mean()) for name in BANDS},
        mean_pit=float(column["pit"].mean()),
        misses=tuple(_miss(row) for row in islice(missed, MISSES)),
    )


def graded_all(series: Iterable[Series]) -> list[Graded]:
    """The grades of each of these that has anything to grade."""
    rows = (graded(each.of.symbol, each.hours, each.of.model, each.settled) for each in series)
    return [row for row in rows if row]


def error_pct(median: float, actual: float) -> float:
    """The median's error in percent of the close."""
    return 100 * (median / actual - 1)


def _skill(loss: Floats, baseline: Floats) -> tuple[float | None, float | None, float | None]:
    """Skill of losses (n,) with its interval, as far as there is enough to say so."""
    if not baseline.any():
        return None, None, None
    if len(loss) < ENOUGH:
        return float(1 - loss.mean() / baseline.mean()), None, None
    return skill(loss, baseline)


def _miss(row: Settled) -> Miss:
    return Miss(
        forecast_id=row.forecast_id,
        target_time=utc(row.target_time),
        median=row.median,
        actual=row.actual,
        error_pct=error_pct(row.median, row.actual),
    )
