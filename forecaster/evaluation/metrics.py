"""How forecasts are scored: each series of forecasts by every metric, and next closes in the quote currency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import InvalidInput
from forecaster.evaluation.grades import Hindcast
from forecaster.evaluation.record import Lead, Scores
from forecaster.evaluation.significance import Interval, diebold_mariano, share, skill, skill_of_means
from forecaster.market import utc
from forecaster.quantiles import BANDS, LEVELS, MEDIAN, Floats, band, crps, probability_up
from forecaster.schema import HOUR, WINDOW, MetricRow, Report, Skill, Symbol

FEWEST = 2  # forecasts, without which nothing can be said
SUREST = 5  # direction is graded once more in one of this many hours
LEAST_SCALE = 1e-9  # quote currency; MASE stays finite after a year of still prices
CHUNK = 8192  # forecasts at a time: what the CRPS of so many takes stays in the cache
LEAST_VARIANCE = 1e-12  # of a log return; QLIKE stays finite where a distribution has no width

_SHARES = np.diff([0.0, *LEVELS, 1.0])  # (Q + 1,) of the distribution, before, between and beyond the quantiles


def score(quantiles: Floats, outcome: Floats, last: Floats, rolling_crps: Floats, scale: float, ahead: int) -> Scores:
    """Scores of forecasts of the close `ahead` hours on: quantiles (n, Q) at LEVELS against `outcome` (n,), in order.

    `last` (n,) is the close at which each was issued, `rolling_crps` (n,) what quantiles.crps gives the rolling
    quantiles, and `scale` the MAE that MASE divides by. Nothing is NaN, and n >= 1.
    """
    predicted, actual = last * np.exp(quantiles[:, MEDIAN]), last * np.exp(outcome)
    point = metrics("", predicted, actual, last)
    loss, baseline = np.abs(predicted - actual), np.abs(last - actual)
    parts = [slice(i, i + CHUNK) for i in range(0, len(outcome), CHUNK)]
    shape = np.concatenate([crps(quantiles[part], outcome[part]) for part in parts])
    spread = np.concatenate([variance(quantiles[part]) for part in parts])
    bands = {name: band(quantiles, name) for name in BANDS}
    mae_skill, crps_skill = skill(loss, baseline), skill(shape, rolling_crps)
    (direction, low, high), surest = _direction(quantiles, predicted, actual, last)
    return Scores(
        n=len(outcome),
        mae=point.mae,
        rmse=point.rmse,
        mape_pct=point.mape_pct,
        mase=point.mae / max(scale, LEAST_SCALE),
        mae_skill=mae_skill.value,
        mae_skill_low=mae_skill.low,
        mae_skill_high=mae_skill.high,
        mae_p=diebold_mariano(loss, baseline, ahead),
        direction=direction,
        direction_low=low,
        direction_high=high,
        direction_surest=surest,
        crps=float(1e4 * shape.mean()),
        crps_skill=crps_skill.value,
        crps_skill_low=crps_skill.low,
        crps_skill_high=crps_skill.high,
        crps_p=diebold_mariano(shape, rolling_crps, ahead),
        coverage=coverage(bands, outcome),
        width_pct={name: float(100 * (np.exp(b) - np.exp(a)).mean()) for name, (a, b) in bands.items()},
        qlike=qlike(spread, outcome),
    )


def leads(ours: Floats, its: Floats, outcome: Floats, last: Floats, ahead: int) -> tuple[Lead, Lead]:
    """Our quantiles against another forecaster's, both (n, Q), on the same hours: by CRPS, and by absolute error."""
    actual = last * np.exp(outcome)
    missed, their_miss = (np.abs(last * np.exp(each[:, MEDIAN]) - actual) for each in (ours, its))
    return _lead(crps(ours, outcome), crps(its, outcome), ahead), _lead(missed, their_miss, ahead)


def _lead(ours: Floats, its: Floats, ahead: int) -> Lead:
    value, low, high = skill(ours, its)
    return Lead(skill=value, low=low, high=high, p=diebold_mariano(ours, its, ahead))


def below(quantiles: Floats, outcome: Floats) -> tuple[float, ...]:
    """Share of outcomes (n,) below each level's quantile, of (n, Q): Q shares; a tie counts half.

    Where it equals the level, the forecaster is reliable: Gneiting, Balabdaoui, Raftery (2007), "Probabilistic
    forecasts, calibration and sharpness".
    """
    actual = outcome[:, None]
    shares = ((actual < quantiles).mean(axis=0) + (actual <= quantiles).mean(axis=0)) / 2
    return tuple(shares.tolist())


def variance(quantiles: Floats) -> Floats:
    """Variance (n,) of the distributions with quantiles (n, Q), uniform between two levels, ended at the outer ones.

    Ended means, as for quantiles.crps, that what lies beyond an outer level is taken to lie at its quantile.
    """
    centred = quantiles - quantiles[:, MEDIAN : MEDIAN + 1]
    edges = np.concatenate([centred[:, :1], centred, centred[:, -1:]], axis=1)  # (n, Q + 2)
    low, high = edges[:, :-1], edges[:, 1:]
    mean = (low + high) @ _SHARES / 2
    square = (low * (low + high) + high**2) @ _SHARES / 3
    spread: Floats = np.maximum(square - mean**2, 0.0)
    return spread


def qlike(forecast: Floats, outcome: Floats) -> float:
    """Mean of r^2 / v + ln v, of variances v (n,) and log returns r (n,); on average least at the true variance.

    Patton (2011), "Volatility forecast comparison using imperfect volatility proxies".
    """
    floored = np.maximum(forecast, LEAST_VARIANCE)
    return float((outcome**2 / floored + np.log(floored)).mean())


def _direction(
    quantiles: Floats, predicted: Floats, actual: Floats, last: Floats
) -> tuple[Interval | tuple[None, None, None], float | None]:
    """Share of moves whose sign was right, counted as evaluate.metrics does, and that of the surest fifth of them.

    Sure is whose chance of going up lies farthest from a half; equally sure hours count together.
    """
    called = np.sign(predicted - last)
    moved: NDArray[np.bool_] = (actual != last) & (called != 0)
    if not moved.any():
        return (None, None, None), None
    hits = (called[moved] == np.sign(actual - last)[moved]).astype(np.float64)
    confidence = np.abs(probability_up(quantiles[moved]) - 0.5)
    fifth = -(-len(hits) // SUREST)
    least = np.partition(confidence, -fifth)[-fifth]
    return share(hits), float(hits[confidence >= least].mean())


Prices = NDArray[np.float64]


def metrics(name: str, predicted: Prices, actual: Prices, last: Prices) -> MetricRow:
    """Errors of `predicted` (n,) against `actual` (n,), both prices; `last` (n,) is the close before.

    Direction counts the hours in which the price moved and a move was predicted; a forecaster that
    never predicts a move has none.
    """
    error = predicted - actual
    called = np.sign(predicted - last)
    moved = (actual != last) & (called != 0)
    hits = called[moved] == np.sign(actual - last)[moved]
    return MetricRow(
        name=name,
        mae=float(np.abs(error).mean()),
        rmse=float(np.sqrt((error**2).mean())),
        mape_pct=float(100 * np.abs(error / actual).mean()),
        direction=float(hits.mean()) if moved.any() else None,
    )


def mae_skill(predicted: Prices, actual: Prices, last: Prices, *, seed: int = 0) -> Skill:
    """1 - MAE / MAE of 'no change', with a 95 % interval from a moving-block bootstrap of whole weeks."""
    measured = skill(np.abs(predicted - actual), np.abs(last - actual), seed=seed)
    return Skill(
        metric="mae",
        value=measured.value,
        ci_low=measured.low,
        ci_high=measured.high,
        n=len(actual),
        baseline="persistence",
    )


def coverage(bands: Mapping[str, tuple[Prices, Prices]], actual: Prices) -> dict[str, float]:
    """Share of `actual` (n,) inside each band (low (n,), high (n,)), by the band's name."""
    return {name: float(((low <= actual) & (actual <= high)).mean()) for name, (low, high) in bands.items()}


def inside(quantiles: Floats, actual: Prices) -> NDArray[np.bool_]:
    """Whether each of `actual` (n,) is inside each band of quantiles (n, Q): (n, bands)."""
    bands = (band(quantiles, name) for name in BANDS)
    return np.stack([(low <= actual) & (actual <= high) for low, high in bands], axis=1)


def grade(
    symbol: Symbol,
    name: str,
    time: NDArray[np.int64],
    predicted: Prices,
    actual: Prices,
    last: Prices,
    bands: Mapping[str, tuple[Prices, Prices]],
    remarks: tuple[str, ...] = (),
) -> Report:
    """The report on hours whose targets close at `time` + 1 h; every array is (n,), prices in the quote."""
    return Report(
        symbol=symbol,
        graded_from=utc(int(time[0])),
        graded_to=utc(int(time[-1]) + HOUR),
        n=len(actual),
        model=metrics(name, predicted, actual, last),
        persistence=metrics("persistence", last, actual, last),
        skill=mae_skill(predicted, actual, last),
        coverage=coverage(bands, actual),
        remarks=remarks,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What is kept of each of many forecasts, all (n,): 59 bytes of it, and no window."""

    as_of: NDArray[np.int64]  # Unix s
    last: Floats
    predicted: Floats
    actual: Floats
    crps: Floats
    rolling_crps: Floats
    inside: NDArray[np.bool_]  # (n, bands)

    def __len__(self) -> int:
        return len(self.as_of)

    def __getitem__(self, rows: NDArray[Any]) -> "Scored":
        return Scored(*(getattr(self, each.name)[rows] for each in fields(self)))

    @classmethod
    def joined(cls, parts: Iterable["Scored"]) -> "Scored":
        """One part after the other."""
        no = np.empty(0)
        none = cls(np.empty(0, np.int64), no, no, no, no, no, np.empty((0, len(BANDS)), np.bool_))
        every = [none, *parts]
        return cls(*(np.concatenate([getattr(part, each.name) for part in every]) for each in fields(cls)))


def graded(symbol: Symbol, parts: Iterable[Scored]) -> Hindcast:
    """The grades of forecasts, part after part in order. Raises InvalidInput when there are fewer than two."""
    rows = Scored.joined(parts)
    if len(rows) < FEWEST:
        raise InvalidInput(
            f"The file has too few hours of {symbol} to grade a forecast.",
            f"Give one with at least {WINDOW} hours before those that are graded, none of them far apart.",
        )
    row, persistence = (metrics("", each, rows.actual, rows.last) for each in (rows.predicted, rows.last))
    return Hindcast(
        symbol=symbol,
        n=len(rows),
        start=utc(int(rows.as_of[0])),
        stop=utc(int(rows.as_of[-1]) + HOUR),
        mae=row.mae,
        mae_persistence=persistence.mae,
        mae_skill=skill_of_means(row.mae, persistence.mae),
        direction=row.direction,
        crps=float(1e4 * rows.crps.mean()),
        crps_rolling_quantiles=float(1e4 * rows.rolling_crps.mean()),
        coverage=dict(zip(BANDS, rows.inside.mean(axis=0).tolist(), strict=True)),
    )
