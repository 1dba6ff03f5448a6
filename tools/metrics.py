"""The model's record: every metric with its value, the baseline's, what it means and how to read it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import Field

from forecaster.market import rounded
from forecaster.schema import Frozen, Report
from forecaster.serving import ForecastBackend
from tools.facts import MetricsFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute, shorten

Metric = Literal["mae", "rmse", "mape", "direction", "skill", "coverage", "persistence"]
METRICS: tuple[Metric, ...] = get_args(Metric)


class MetricArguments(Arguments):
    """Which metric; None means all of them."""

    metric: Metric | None = Field(default=None, description="leave out for all")


class MetricExplanation(Frozen):
    """One metric: what the model scored, what 'no change' scored on the same hours, and what to make of it."""

    metric: Metric
    title: str
    unit: Literal["USD", "%"]
    value: float | None = Field(description="in `unit`; None where the report does not hold it")
    baseline: float | None = Field(description="the same for 'no change', or the ideal value of coverage")
    meaning: str
    reading: str


class MetricsAnswer(Frozen):
    """The metrics that were asked for, with the report they come from."""

    report: Report
    metrics: tuple[MetricExplanation, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    unit: Literal["USD", "%"]
    value: Callable[[Report], float | None]
    baseline: Callable[[Report], float | None]
    meaning: str
    reading: str


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


_GLOSSARY: dict[Metric, _Entry] = {
    "mae": _Entry(
        title="Mean absolute error (MAE)",
        unit="USD",
        value=lambda report: report.model.mae,
        baseline=lambda report: report.persistence.mae,
        meaning="how far the forecast was from the real close, on average",
        reading="Lower is better, and only the comparison with 'no change' on the same hours says whether it is good.",
    ),
    "rmse": _Entry(
        title="Root mean squared error (RMSE)",
        unit="USD",
        value=lambda report: report.model.rmse,
        baseline=lambda report: report.persistence.rmse,
        meaning="how far the forecast was from the real close, with large misses counted more heavily",
        reading="Lower is better; far above the MAE, it says that there were some very large misses.",
    ),
    "mape": _Entry(
        title="Mean absolute percentage error (MAPE)",
        unit="%",
        value=lambda report: report.model.mape_pct,
        baseline=lambda report: report.persistence.mape_pct,
        meaning="the average error in percent of the real close",
        reading="Lower is better; it compares years with different price levels.",
    ),
    "direction": _Entry(
        title="Direction",
        unit="%",
        value=lambda report: _percent(report.model.direction),
        baseline=lambda report: _percent(report.persistence.direction),
        meaning="how often the forecast was right about up or down",
        reading="50 % is a coin flip; for one hour ahead, a percentage far above it would be suspicious.",
    ),
    "skill": _Entry(
        title="Skill",
        unit="%",
        value=lambda report: 100 * report.skill.value,
        baseline=lambda report: 0.0,
        meaning="how much smaller the average error is than that of 'no change'",
        reading="0 % equals 'no change', above is better, below is worse.",
    ),
    "coverage": _Entry(
        title="Coverage of the 80 % range",
        unit="%",
        value=lambda report: _percent(report.coverage.get("80")),
        baseline=lambda report: 80.0,
        meaning="how often the real close fell inside the 80 % range",
        reading="Close to 80 % is right; below, the ranges are too narrow; above, too wide.",
    ),
    "persistence": _Entry(
        title="No change (persistence)",
        unit="USD",
        value=lambda report: report.persistence.mae,
        baseline=lambda report: report.persistence.mae,
        meaning="the simplest forecast, that the next close equals the last one; the number is its average error",
        reading="A model that does not beat it adds nothing to the last price.",
    ),
}


async def explain_metrics(backend: ForecastBackend, arguments: MetricArguments) -> ToolResult:
    """The model's record, one metric or all, as a MetricsAnswer."""
    report = await backend.report()
    chosen = METRICS if arguments.metric is None else (arguments.metric,)
    answer = MetricsAnswer(report=report, metrics=tuple(_explain(metric, report) for metric in chosen))
    return ToolResult(_text(answer), answer)


def _explain(metric: Metric, report: Report) -> MetricExplanation:
    entry = _GLOSSARY[metric]
    return MetricExplanation(
        metric=metric,
        title=entry.title,
        unit=entry.unit,
        value=entry.value(report),
        baseline=entry.baseline(report),
        meaning=entry.meaning,
        reading=entry.reading,
    )


def _text(answer: MetricsAnswer) -> str:
    report = answer.report
    return compact(
        {
            "model": report.model.name,
            "symbol": report.symbol,
            "graded_from": minute(report.graded_from),
            "graded_to": minute(report.graded_to),
            "graded_hours": report.n,
            "error_as_multiple_of_no_change": round(1 - report.skill.value, 2),
            "remarks": shorten("; ".join(report.remarks)),
            "metrics": {row.metric: _row(row, brief=len(answer.metrics) > 1) for row in answer.metrics},
        }
    )


def _row(row: MetricExplanation, *, brief: bool) -> dict[str, object]:
    facts: dict[str, object] = {"unit": row.unit, "meaning": row.meaning}
    for name, number in (("value", row.value), ("baseline", row.baseline)):
        if number is not None:
            facts[name] = rounded(number) if row.unit == "USD" else round(number, 2)
    return facts if brief else facts | {"title": row.title, "how_to_read": row.reading}


EXPLAIN_METRICS = Tool(
    name="explain_metrics",
    title="Model record",
    description="How good the model was on hours it never saw, beside 'no change', and what each metric means.",
    arguments=MetricArguments,
    facts=MetricsFacts,
    run=explain_metrics,
)
