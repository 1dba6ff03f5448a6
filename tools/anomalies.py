"""Surprises: which of the newest hours moved as almost no hour does, judged by the forecasts issued before them."""

from pydantic import Field

from forecaster.anomalies import LARGEST_BUDGET, MOST_HOURS, AnomalyReport, Surprise
from forecaster.market import rounded
from forecaster.schema import Symbol
from forecaster.serving import ForecastBackend
from tools.facts import AnomalyFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute, provenance

USUAL_HOURS = 24
USUAL_DAYS = 10
MOST_TOLD = 6  # surprises in the text, the rarest; the data holds all


class AnomalyArguments(Arguments):
    """Which coin, how far back, and how rare an hour must be to count."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    hours: int = Field(default=USUAL_HOURS, ge=1, le=MOST_HOURS, description="how many of the newest hours to judge")
    days: int = Field(
        default=USUAL_DAYS,
        ge=1,
        le=int(LARGEST_BUDGET),
        description="about one false alarm in so many days is bearable",
    )


async def detect_anomalies(backend: ForecastBackend, arguments: AnomalyArguments) -> ToolResult:
    """The newest hours judged, as an AnomalyReport."""
    report = await backend.anomalies(arguments.symbol, arguments.hours, arguments.days)
    return ToolResult(_text(report), report)


def rarest(report: AnomalyReport) -> tuple[Surprise, ...]:
    """The surprises that are told, oldest first."""
    told = sorted(report.anomalies, key=lambda each: -each.once_in_days)[:MOST_TOLD]
    return tuple(sorted(told, key=lambda each: each.time))


def _text(report: AnomalyReport) -> str:
    facts: dict[str, object] = {
        "symbol": report.symbol,
        "hours_judged": report.hours,
        "one_false_alarm_in_days": report.budget_days,
        "false_alarms_expected_in_these_hours": round(report.expected_alarms, 2),
        "anomalies_found": len(report.anomalies),
        "rarest": [_facts(each) for each in rarest(report)],
        "newest_hour": _facts(report.newest),
    }
    return compact(facts | provenance(report))


def _facts(
    each: Surprise,
) -> dict[str, object]:
    return {
        "closed": minute(each.time),
        "move_pct": round(each.move_pct, 2),
        "over_hours": each.span_hours,
        "rarity": each.rarity,
        "close": rounded(each.close),
        "expected_95": [rounded(each.expected_low), rounded(each.expected_high)],
    }


DETECT_ANOMALIES = Tool(
    name="detect_anomalies",
    title="Surprises",
    description=(
        "Find the unusual moves among a coin's newest hours: those that the forecasts issued before them held for "
        "nearly impossible, with how rare such an hour is."
    ),
    arguments=AnomalyArguments,
    facts=AnomalyFacts,
    run=detect_anomalies,
)
