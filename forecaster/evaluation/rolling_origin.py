"""Grades the model on a caller's own closes: one hour ahead from each hour on, beside two baselines.

Every forecast sees the 60 closes up to its hour and what became of the forecasts before it, nothing later.
"""

import numpy as np
from pydantic import Field

from forecaster.errors import InvalidInput
from forecaster.evaluation.baselines import known_quantiles
from forecaster.evaluation.metrics import coverage, metrics
from forecaster.evaluation.significance import BLOCK, diebold_mariano, skill
from forecaster.inference import Predictor
from forecaster.quantiles import BANDS, MEDIAN, Floats, band, crps
from forecaster.schema import CALLER, WINDOW, Frozen, InputKind, ModelRef

FEWEST, MOST = 2 * WINDOW, 10_000  # closes
ENOUGH = 2 * BLOCK  # graded hours without which the bootstrap of whole weeks gives no interval


class Improvement(Frozen):
    """By how much smaller the mean loss is than a baseline's on the same hours."""

    baseline: str
    value: float | None = Field(description="1 - loss / baseline's; None where the baseline never erred")
    ci_low: float | None = Field(description="95 % interval, bootstrap of whole weeks; None with less than two")
    ci_high: float | None
    p: float | None = Field(description="Diebold-Mariano, two-sided; None where it cannot be told")


class RollingOrigin(Frozen):
    """One-hour forecasts from closes alone against what followed; errors in the closes' own currency."""

    symbol: str
    source: str = CALLER
    model: ModelRef
    input: InputKind = "closes_only"
    n: int = Field(gt=0, description="forecasts graded")
    mae: float = Field(ge=0, description="of the median")
    mae_persistence: float = Field(ge=0)
    skill: Improvement = Field(description="of the absolute error, against no change")
    direction: float | None = Field(description="share of moves whose sign was right; None where none was called")
    crps: float = Field(ge=0, description="of the log return, times 10,000")
    crps_rolling_quantiles: float = Field(ge=0, description="of the last 90 days' quantiles, or as many as there are")
    crps_skill: Improvement
    coverage: dict[str, float] = Field(description="share inside the band: '50', '80', '95' -> 0..1")
    notes: tuple[str, ...]


def rolling_origin(predictor: Predictor, symbol: str, closes: Floats) -> RollingOrigin:
    """Grade the forecasts after each of hourly closes (n,), oldest first, but the first 59 and the last.

    Takes 120 to 10,000 closes, each finite and positive. Raises InvalidInput for others, and what
    Predictor.next_hours raises.
    """
    if not FEWEST <= len(closes) <= MOST:
        raise InvalidInput(f"{len(closes)} closes cannot be graded.", f"Send {FEWEST} to {MOST:,} hourly closes.")
    quantiles = predictor.next_hours(symbol, closes)  # (m, Q) log returns
    last, actual = closes[WINDOW - 1 : -1], closes[WINDOW:]
    with np.errstate(over="ignore"):
        predicted = last * np.exp(quantiles[:, MEDIAN])
        sizes = np.square(predicted - actual), (predicted - actual) / actual
    if not np.isfinite(sizes).all():
        raise InvalidInput("No error can be computed from moves like these.", "Send hourly closes of one coin.")
    outcome = np.diff(np.log(closes[WINDOW - 1 :]))
    errors, still = np.abs(predicted - actual), np.abs(last - actual)
    ours, rolling = (
        crps(quantiles, outcome),
        crps(known_quantiles(closes, np.arange(WINDOW - 1, len(closes) - 1)), outcome),
    )
    trained_to = predictor.facts.trained_to
    return RollingOrigin(
        symbol=symbol,
        model=predictor.ref,
        n=len(outcome),
        mae=float(errors.mean()),
        mae_persistence=float(still.mean()),
        skill=_improvement("persistence", errors, still),
        direction=metrics("", predicted, actual, last).direction,
        crps=float(1e4 * ours.mean()),
        crps_rolling_quantiles=float(1e4 * rolling.mean()),
        crps_skill=_improvement("rolling_quantiles", ours, rolling),
        coverage=coverage({name: band(quantiles, name) for name in BANDS}, outcome),
        notes=(
            f"the networks were trained on hours until {trained_to:%Y-%m-%d %H:%M} UTC: only later ones are a test",
        ),
    )


def _improvement(baseline: str, loss: Floats, its: Floats) -> Improvement:
    value = low = high = None
    if its.any():
        value = float(1 - loss.mean() / its.mean())
        if len(loss) >= ENOUGH:
            value, low, high = skill(loss, its)
    return Improvement(baseline=baseline, value=value, ci_low=low, ci_high=high, p=diebold_mariano(loss, its, 1))
