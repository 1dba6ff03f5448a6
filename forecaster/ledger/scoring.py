"""Grades of many days from their sums, with an interval from a bootstrap of whole weeks of days.

Its blocks are of seven graded days that follow one another, whatever number of forecasts each has: the errors of one
day are alike, those of forecasts five minutes apart all the more.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from forecaster.evaluation import BLOCK
from forecaster.ledger.grades import MISSES, MissRow, Outcomes, Sums, summed
from forecaster.ledger.track_record import Graded, Miss, error_pct
from forecaster.market import utc
from forecaster.quantiles import BANDS, Floats
from forecaster.schema import HOUR, ModelRef, Symbol

WEEK, DRAWS = 7, 1000  # days in a block, and bootstrap samples
ENOUGH_DAYS = 2 * WEEK
ENOUGH = 2 * BLOCK  # outcomes
DAY = 24 * HOUR


class Issuer(NamedTuple):
    """A model, and the symbol that it forecast."""

    symbol: Symbol
    model: ModelRef


class Series(NamedTuple):
    """What was settled of an issuer's forecasts: each day's sums by horizon, and the newest misses."""

    of: Issuer
    sums: Sums  # (days, H), oldest first; a horizon without an outcome on a day has n = 0
    misses: Sequence[MissRow]  # of each horizon, newest first


class Settled(NamedTuple):
    """One graded horizon."""

    forecast_id: str
    last_close: float
    target_time: int  # Unix s
    actual: float
    median: float
    inside_50: bool
    inside_80: bool
    inside_95: bool
    pit: float


def graded_all(series: Iterable[Series]) -> list[Graded]:
    """The grades of each horizon of each of these that has anything to grade."""
    return [row for each in series for row in _graded(each)]


def graded(symbol: Symbol, hours: int, model: ModelRef, settled: Sequence[Settled]) -> Graded | None:
    """The grades of outcomes of forecasts so many hours ahead, newest first; None where there is none."""
    days: dict[int, list[Settled]] = {}
    for each in settled:
        days.setdefault((each.target_time - hours * HOUR) // DAY, []).append(each)
    sums = [_summed(each, 60 * hours) for _, each in sorted(days.items())]
    missed = [
        (60 * hours, each.forecast_id, each.target_time, each.median, each.actual)
        for each in settled
        if not each.inside_80
    ]
    [row] = graded_all([Series(Issuer(symbol, model), np.stack(sums), missed[:MISSES])]) if sums else [None]
    return row


def _graded(series: Series) -> list[Graded]:
    sums = series.sums
    n = sums["n"].sum(axis=0)  # (H,)
    total = {name: sums[name].sum(axis=0) for name in ("error", "no_change", "moved", "right", "inside", "level")}
    first, last = sums["first"].min(axis=0).tolist(), sums["last"].max(axis=0).tolist()
    low, high = _intervals(sums["error"], sums["no_change"])
    sure = ((sums["n"] > 0).sum(axis=0) >= ENOUGH_DAYS) & (n >= ENOUGH) & (total["no_change"] > 0)
    missed: dict[int, list[MissRow]] = {}
    for each in series.misses:
        missed.setdefault(each[0], []).append(each)
    rows = []
    for at in np.flatnonzero(n).tolist():
        minutes, count = int(sums["minutes"][0, at]), int(n[at])
        error, no_change = float(total["error"][at]), float(total["no_change"][at])
        rows.append(
            Graded(
                symbol=series.of.symbol,
                hours=None if minutes % 60 else minutes // 60,
                minutes=minutes,
                model=series.of.model,
                n=count,
                graded_from=utc(first[at]),
                graded_to=utc(last[at]),
                mae=error / count,
                mae_persistence=no_change / count,
                skill=1 - error / no_change if no_change > 0 else None,
                skill_low=float(low[at]) if sure[at] else None,
                skill_high=float(high[at]) if sure[at] else None,
                direction=float(total["right"][at] / total["moved"][at]) if total["moved"][at] else None,
                coverage={name: float(total["inside"][at, band] / count) for band, name in enumerate(BANDS)},
                mean_pit=min(float(total["level"][at] / count), 1.0),
                misses=tuple(_miss(each) for each in missed.get(minutes, [])[:MISSES]),
            )
        )
    return rows


def _intervals(error: Floats, no_change: Floats) -> tuple[Floats, Floats]:
    """95 % intervals (H,) of the skill, of daily sums (days, H)."""
    days = len(error)
    if days < ENOUGH_DAYS:
        return np.zeros(error.shape[1]), np.zeros(error.shape[1])
    drawn = _weeks(np.concatenate([error, no_change], axis=1)).T @ _counts(days)  # (2 H, draws)
    loss, moved = drawn[: error.shape[1]], drawn[error.shape[1] :]
    skill = 1 - loss / np.where(moved > 0, moved, 1.0)
    low, high = np.quantile(skill, [0.025, 0.975], axis=1, overwrite_input=True)
    return low, high


def _weeks(sums: Floats) -> Floats:
    """Sums over every seven days that follow one another: (days, H) -> (days - 6, H)."""
    total = np.cumsum(np.concatenate([np.zeros((1, sums.shape[1])), sums]), axis=0)
    weeks: Floats = total[WEEK:] - total[:-WEEK]
    return weeks


@lru_cache(maxsize=8)
def _counts(days: int) -> Floats:
    """How often each week of so many days is in each sample: (days - 6, draws)."""
    starts = days - WEEK + 1
    picks = np.random.default_rng(0).integers(0, starts, size=(DRAWS, -(-days // WEEK)))
    counts = np.zeros((starts, DRAWS))
    np.add.at(counts, (picks, np.arange(DRAWS)[:, None]), 1.0)
    counts.flags.writeable = False
    return counts


def _summed(settled: Sequence[Settled], minutes: int) -> Sums:
    """Sums (1,) of outcomes of one horizon."""
    column = dict(zip(Settled._fields, map(np.array, zip(*settled, strict=True)), strict=True))
    found = Outcomes(
        row=np.arange(len(settled)),
        minutes=np.full(len(settled), minutes),
        target=column["target_time"],
        median=column["median"],
        actual=column["actual"],
        inside=np.stack([column[f"inside_{name}"] for name in BANDS], axis=-1),
        level=column["pit"],
        crps=np.full(len(settled), np.nan),
    )
    return summed(found, column["last_close"])


def _miss(row: MissRow) -> Miss:
    _, forecast_id, target, median, actual = row
    return Miss(
        forecast_id=forecast_id,
        target_time=utc(target),
        median=median,
        actual=actual,
        error_pct=error_pct(median, actual),
    )
