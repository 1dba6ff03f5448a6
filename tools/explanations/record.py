"""The model's record on hours it never saw: each metric beside that of 'no change'."""

from collections.abc import Callable
from typing import Literal, get_args

from pydantic import Field

from forecaster.market import rounded
from forecaster.schema import Frozen, Report
from tools.tool import minute, shorten

Metric = Literal["mae", "rmse", "mape", "direction", "skill", "coverage", "persistence"]
METRICS: tuple[Metric, ...] = get_args(Metric)
RECORD = "record"  # the topic that gives all of them


class MetricExplanation(Frozen):
    """One metric: what the model scored, and what 'no change' scored on the same hours."""

    metric: Metric
    unit: Literal["USD", "%"]
    value: float | None = Field(description="in `unit`; None where the report does not hold it")
    baseline: float | None = Field(description="the same for 'no change', or the ideal value of coverage")


class MetricsAnswer(Frozen):
    """The metrics that were asked for, with the report they come from."""

    report: Report
    metrics: tuple[MetricExplanation, ...]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


_Pair = Callable[[Report], tuple[float | None, float | None]]  # the model's and the baseline's
_VALUES: dict[Metric, tuple[Literal["USD", "%"], _Pair]] = {
    "mae": ("USD", lambda report: (report.model.mae, report.persistence.mae)),
    "rmse": ("USD", lambda report: (report.model.rmse, report.persistence.rmse)),
    "mape": ("%", lambda report: (report.model.mape_pct, report.persistence.mape_pct)),
    "direction": ("%", lambda report: (_percent(report.model.direction), _percent(report.persistence.direction))),
    "skill": ("%", lambda report: (100 * report.skill.value, 0.0)),
    "coverage": ("%", lambda report: (_percent(report.coverage.get("80")), 80.0)),
    "persistence": ("USD", lambda report: (report.persistence.mae, report.persistence.mae)),
}


def metrics_of(topic: str, report: Report) -> MetricsAnswer | None:
    """The metric that a topic is about, or all of them for the record; None for other topics."""
    chosen = METRICS if topic == RECORD else tuple(metric for metric in METRICS if metric == topic)
    return MetricsAnswer(report=report, metrics=tuple(_row(each, report) for each in chosen)) if chosen else None


def _row(metric: Metric, report: Report) -> MetricExplanation:
    unit, pair = _VALUES[metric]
    value, baseline = pair(report)
    return MetricExplanation(metric=metric, unit=unit, value=value, baseline=baseline)


def facts_of(answer: MetricsAnswer) -> dict[str, object]:
    """The same as a tool's text gives it."""
    report = answer.report
    return {
        "model": report.model.name,
        "symbol": report.symbol,
        "graded_from": minute(report.graded_from),
        "graded_to": minute(report.graded_to),
        "graded_hours": report.n,
        "error_as_multiple_of_no_change": round(1 - report.skill.value, 2),
        "remarks": shorten("; ".join(report.remarks)),
        "metrics": {row.metric: _facts(row) for row in answer.metrics},
    }


def _facts(row: MetricExplanation) -> dict[str, object]:
    facts: dict[str, object] = {"unit": row.unit}
    for name, number in (("value", row.value), ("baseline", row.baseline)):
        if number is not None:
            facts[name] = rounded(number) if row.unit == "USD" else round(number, 2)
    return facts
