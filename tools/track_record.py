"""The live record: what was forecast before each of the newest hours, or for a moment, and what happened."""

from datetime import timedelta

from pydantic import Field

from forecaster.ledger import Graded, Kept, LedgerPage, Outcome, Settled, graded
from forecaster.market import plain, rounded
from forecaster.schema import Frozen, Horizon, Symbol
from forecaster.serving import ForecastBackend
from tools.arguments import Moment
from tools.facts import TrackRecordFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute

USUAL_LAST = 24
MOST_LAST = 168
READ = 200  # forecasts looked through: the newest have no outcome yet
PAGES = 5  # of so many forecasts, looked through for one of a moment
NEAR = timedelta(minutes=30)
ROWS = 12  # forecasts in the text; the data holds all
UNKNOWN = "No forecast so many hours ahead for that moment is kept, as far back as was looked."


class TrackRecordArguments(Arguments):
    """Which coin, and how many of its newest forecasts."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    last: int = Field(default=USUAL_LAST, ge=1, le=MOST_LAST, description="how many of the newest settled forecasts")
    at: Moment | None = Field(
        default=None, description="a moment with its zone: what was forecast for it, and what came of that"
    )
    hours: int = Field(default=1, ge=1, le=24, description="which forecasts: those so many hours ahead")
    worst: bool = Field(default=False, description="the farthest miss among the last ones")


class TrackRecordAnswer(Frozen):
    """Forecasts for the next hour with what happened, newest first, and their grades."""

    symbol: Symbol
    grades: Graded | None = Field(description="of these forecasts; None where none has an outcome yet")
    forecasts: tuple[Kept, ...] = Field(description="those with an outcome, of the newest model alone")
    waiting: int = Field(ge=0, description="newer forecasts whose hour has not closed yet")
    hours: int = Field(default=1, description="how far ahead these forecasts looked")
    asked: Kept | None = Field(default=None, description="the forecast for the moment asked about, settled or open")
    worst: Kept | None = Field(default=None, description="of these, the one whose median was farthest off in percent")


async def track_record(backend: ForecastBackend, arguments: TrackRecordArguments) -> ToolResult:
    """The newest forecasts issued live and what became of them, as a TrackRecordAnswer."""
    page = await backend.history(arguments.symbol, None, None, READ)
    asked = await _asked(backend, arguments, page) if arguments.at else None
    answer = _answer(arguments, page.forecasts, asked)
    return ToolResult(_text(answer, arguments.at is not None), answer)


async def _asked(backend: ForecastBackend, arguments: TrackRecordArguments, page: LedgerPage) -> Kept | None:
    """The forecast so many hours ahead whose target is nearest to the moment, within half an hour; a few pages back."""
    assert arguments.at is not None
    wanted, ahead = arguments.at, timedelta(hours=arguments.hours)
    found: list[tuple[timedelta, Kept]] = []
    for _ in range(PAGES):
        for kept in page.forecasts:
            off = abs(kept.forecast.as_of + ahead - wanted)
            if off <= NEAR and _horizon(kept, arguments.hours):
                found.append((off, kept))
        oldest = page.forecasts[-1].forecast.as_of if page.forecasts else None
        if page.next_cursor is None or oldest is None or oldest + ahead < wanted - NEAR:
            break
        page = await backend.history(arguments.symbol, None, page.next_cursor, READ)
    return min(found, key=lambda each: each[0])[1] if found else None


def _answer(arguments: TrackRecordArguments, kept: tuple[Kept, ...], asked: Kept | None) -> TrackRecordAnswer:
    model, hours = kept[0].forecast.model if kept else None, arguments.hours
    same = [each for each in kept if each.forecast.model == model and _horizon(each, hours)]
    settled = [(each, row) for each in same if (row := _settled(each, hours))][: arguments.last]
    newest = same.index(settled[0][0]) if settled else len(same)
    worst = max(settled, key=lambda each: abs(each[1].median / each[1].actual - 1)) if settled else None
    return TrackRecordAnswer(
        symbol=arguments.symbol,
        grades=graded(arguments.symbol, hours, model, [row for _, row in settled]) if model else None,
        forecasts=tuple(each for each, _ in settled),
        waiting=newest,
        hours=hours,
        asked=asked,
        worst=worst[0] if arguments.worst and worst else None,
    )


def _settled(kept: Kept, hours: int) -> Settled | None:
    """What the close then made of a forecast; None while it is open, or where it never was at hand."""
    horizon, outcome = _horizon(kept, hours), _outcome(kept, hours)
    if horizon is None or outcome is None:
        return None
    return Settled(
        forecast_id=kept.forecast.id,
        last_close=kept.forecast.last_close,
        target_time=int(outcome.target_time.timestamp()),
        actual=outcome.actual,
        median=horizon.median,
        inside_50=outcome.inside["50"],
        inside_80=outcome.inside["80"],
        inside_95=outcome.inside["95"],
        pit=outcome.pit,
    )


def _horizon(kept: Kept, hours: int) -> Horizon | None:
    return next((each for each in kept.forecast.horizons if each.hours == hours), None)


def _outcome(kept: Kept, hours: int) -> Outcome | None:
    return next((each for each in kept.outcomes if each.hours == hours), None)


def _text(answer: TrackRecordAnswer, asked: bool) -> str:
    facts: dict[str, object] = {"symbol": answer.symbol, "hours_ahead": answer.hours, "waiting": answer.waiting}
    if asked:
        facts |= {"asked": _told(answer.asked, answer.hours)} if answer.asked else {"asked_unknown": UNKNOWN}
    if answer.worst:
        facts |= {"worst": _told(answer.worst, answer.hours)}
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
        "newest": {"columns": "closed,low_80,high_80,actual,inside_80", "rows": _rows(answer)},
        "newest_misses": [f"{minute(m.target_time)},{plain(m.median)},{plain(m.actual)}" for m in grades.misses],
    }
    return compact(facts)


def _told(kept: Kept, hours: int) -> dict[str, object]:
    """One forecast, and its outcome where there is one."""
    horizon, outcome = _horizon(kept, hours), _outcome(kept, hours)
    assert horizon is not None  # it was chosen for having one
    facts: dict[str, object] = {
        "issued_at_close": minute(kept.forecast.as_of),
        "target_time": minute(horizon.target_time),
        "range_80": [rounded(horizon.quantiles["0.10"]), rounded(horizon.quantiles["0.90"])],
        "median": rounded(horizon.median),
    }
    if outcome is None:
        return facts
    return facts | {
        "actual": rounded(outcome.actual),
        "inside_80": outcome.inside["80"],
        "error_pct": round(outcome.error_pct, 3),
    }


def _rows(answer: TrackRecordAnswer) -> list[str]:
    rows = []
    for each in answer.forecasts[:ROWS]:
        horizon, outcome = _horizon(each, answer.hours), _outcome(each, answer.hours)
        if horizon is None or outcome is None:
            continue
        low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
        held = "yes" if outcome.inside["80"] else "no"
        rows.append(",".join((minute(outcome.target_time), *map(plain, (low, high, outcome.actual)), held)))
    return rows


TRACK_RECORD = Tool(
    name="track_record",
    title="Track record",
    description=(
        "What the live forecasts for the next hour (or 2 to 24) said, what happened, and how good they were, misses "
        "included; also the forecast for a given moment, and the worst miss. For the model's record on historical "
        "hours use explain with the topic record."
    ),
    arguments=TrackRecordArguments,
    facts=TrackRecordFacts,
    run=track_record,
)
