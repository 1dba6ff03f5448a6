"""The live record: what was forecast before each of the newest hours, what happened, and how good that was."""

from pydantic import Field

from forecaster.ledger import Graded, Kept, Settled, graded
from forecaster.market import plain, rounded
from forecaster.schema import Frozen, Horizon, Symbol
from forecaster.serving import ForecastBackend
from tools.facts import TrackRecordFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute

AHEAD = 1  # hours: each forecast is judged by the close after it
USUAL_LAST = 24
MOST_LAST = 168
READ = 200  # forecasts looked through: the newest have no outcome yet
ROWS = 12  # forecasts in the text; the data holds all


class TrackRecordArguments(Arguments):
    """Which coin, and how many of its newest forecasts."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    last: int = Field(default=USUAL_LAST, ge=1, le=MOST_LAST, description="how many of the newest settled forecasts")


class TrackRecordAnswer(Frozen):
    """Forecasts for the next hour with what happened, newest first, and their grades."""

    symbol: Symbol
    grades: Graded | None = Field(description="of these forecasts; None where none has an outcome yet")
    forecasts: tuple[Kept, ...] = Field(description="those with an outcome, of the newest model alone")
    waiting: int = Field(ge=0, description="newer forecasts whose hour has not closed yet")


async def track_record(backend: ForecastBackend, arguments: TrackRecordArguments) -> ToolResult:
    """The newest forecasts issued live and what became of them, as a TrackRecordAnswer."""
    page = await backend.history(arguments.symbol, None, None, READ)
    answer = _answer(arguments, page.forecasts)
    return ToolResult(_text(answer), answer)


def _answer(arguments: TrackRecordArguments, kept: tuple[Kept, ...]) -> TrackRecordAnswer:
    model = kept[0].forecast.model if kept else None
    same = [each for each in kept if each.forecast.model == model]
    settled = [each for each in same if _settled(each)][: arguments.last]
    newest = same.index(settled[0]) if settled else len(same)
    rows = [row for each in settled if (row := _settled(each))]
    return TrackRecordAnswer(
        symbol=arguments.symbol,
        grades=graded(arguments.symbol, AHEAD, model, rows) if model else None,
        forecasts=tuple(settled),
        waiting=newest,
    )


def _settled(kept: Kept) -> Settled | None:
    """What the next hour's close made of a forecast; None while it is open, or where it never was at hand."""
    outcome = next((each for each in kept.outcomes if each.hours == AHEAD), None)
    if outcome is None:
        return None
    return Settled(
        forecast_id=kept.forecast.id,
        last_close=kept.forecast.last_close,
        target_time=int(outcome.target_time.timestamp()),
        actual=outcome.actual,
        median=_next_hour(kept).median,
        inside_50=outcome.inside["50"],
        inside_80=outcome.inside["80"],
        inside_95=outcome.inside["95"],
        pit=outcome.pit,
    )


def _next_hour(kept: Kept) -> Horizon:
    return next(each for each in kept.forecast.horizons if each.hours == AHEAD)


def _text(answer: TrackRecordAnswer) -> str:
    facts: dict[str, object] = {"symbol": answer.symbol, "hours_ahead": AHEAD, "waiting": answer.waiting}
    grades = answer.grades
    if grades is None:
        return compact(facts | {"settled": 0, "message": "No live forecast of this coin has an outcome yet."})
    facts |= {
        "settled": grades.n,
        "graded_from": minute(grades.graded_from),
        "graded_to": minute(grades.graded_to),
        "coverage_pct": {band: round(100 * share, 1) for band, share in grades.coverage.items()},
        "mae": rounded(grades.mae),
        "mae_no_change": rounded(grades.mae_persistence),
        "skill_vs_no_change_pct": None if grades.skill is None else round(100 * grades.skill, 2),
        "direction_right_pct": None if grades.direction is None else round(100 * grades.direction, 1),
        "model": f"{grades.model.name} {grades.model.version}",
        "newest": {"columns": "closed,low_80,high_80,actual,inside_80", "rows": _rows(answer.forecasts)},
        "newest_misses": [f"{minute(m.target_time)},{plain(m.median)},{plain(m.actual)}" for m in grades.misses],
    }
    return compact(facts)


def _rows(forecasts: tuple[Kept, ...]) -> list[str]:
    rows = []
    for each in forecasts[:ROWS]:
        horizon, outcome = _next_hour(each), next(o for o in each.outcomes if o.hours == AHEAD)
        low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
        held = "yes" if outcome.inside["80"] else "no"
        rows.append(",".join((minute(outcome.target_time), *map(plain, (low, high, outcome.actual)), held)))
    return rows


TRACK_RECORD = Tool(
    name="track_record",
    title="Track record",
    description=(
        "What the live forecasts for the next hour said, what happened, and how good they were, misses included. For "
        "the model's record on historical hours use explain with the topic record."
    ),
    arguments=TrackRecordArguments,
    facts=TrackRecordFacts,
    run=track_record,
)
