"""What to look up for a question: what is asked becomes calls of tools, and a call that fails another one."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.replies import MOST_TOLD, Failure
from assistant.understanding import Ask, Intent, Question
from tools import (
    FARTHEST,
    LARGEST_BUDGET,
    LONGEST_LOOK_BACK,
    MOST_HOURS,
    MOST_LAST,
    RECORD,
    USUAL_HOURS,
    USUAL_LAST,
    minute,
)

if TYPE_CHECKING:  # LangChain takes seconds to import
    from langchain_core.messages import ToolCall, ToolMessage

MOST_CALLS = MOST_TOLD  # in one turn
USUAL_SPAN = 24  # hours of candles, where none were asked for
Call = tuple[str, dict[str, object]]  # a tool's name and arguments


def first_calls(question: Question) -> list[Call]:
    """What to look up for a question, each thing once, and no more than a turn may."""
    calls = [call for ask in question.asks if not _said_by(ask, question.asks) for call in _calls(ask)]
    return [call for place, call in enumerate(calls) if call not in calls[:place]][:MOST_CALLS]


def _said_by(ask: Ask, asks: Sequence[Ask]) -> bool:
    """Whether another part of the question brings what this one wants without naming it: "RMSE, and why it matters"."""
    if ask.intent in (Intent.METRICS, Intent.WHY) and ask.metric is None:
        return any(each.intent is Intent.METRICS and each.metric for each in asks)
    if ask.intent is Intent.CANDLES and ask.hours is None:
        return any(each.intent is Intent.TRACK_RECORD for each in asks)
    return False


def _calls(ask: Ask) -> list[Call]:
    if ask.foreign:
        return []
    args: dict[str, object] = {}
    match ask.intent:
        case Intent.PRICE:
            name = "get_price"
        case Intent.CANDLES:
            name, args = "get_candles", {"hours": _within(ask.hours, LONGEST_LOOK_BACK, USUAL_SPAN)}
        case Intent.FORECAST | Intent.ADVICE:
            name, args = "forecast", _ahead(ask) | _given(threshold=ask.threshold)
        case Intent.ANOMALIES:
            days = None if ask.days is None else _within(ask.days, int(LARGEST_BUDGET), 1)
            name, args = "detect_anomalies", {"hours": _within(ask.hours, MOST_HOURS, USUAL_HOURS)} | _given(days=days)
        case Intent.TRACK_RECORD:
            last = ask.hours if ask.last is None else ask.last
            name, args = "track_record", {"last": _within(last, MOST_LAST, USUAL_LAST)}
        case Intent.METRICS | Intent.WHY:
            return [("explain", {"topic": ask.metric or RECORD})]
        case _:
            return []
    return [(name, {"symbol": symbol} | args) for symbol in ask.symbols]


def _ahead(ask: Ask) -> dict[str, object]:
    """How far a forecast looks: until a time of day, or so many minutes or hours; as far as it may where not at all."""
    if ask.target is not None and ask.hours in range(1, FARTHEST + 1):
        return {"until": minute(ask.target)}
    if ask.minutes in range(1, 60 * FARTHEST + 1):
        return {"minutes": ask.minutes}
    return {"hours": _within(ask.hours, FARTHEST, 1)}


def _given(**args: object) -> dict[str, object]:
    """The arguments that were asked for."""
    return {name: value for name, value in args.items() if value is not None}


def second_calls(asked: "Sequence[ToolCall]", done: "Sequence[ToolMessage]") -> list[Call]:
    """What to look up instead of a forecast that the model cannot give: a nearer one, or the coin's price.

    A call that was already made is not made again.
    """
    failures = {message.tool_call_id: failure_of(message) for message in done if message.status == "error"}
    wanted: list[Call] = []
    for call in asked:
        failure = failures.get(str(call["id"]))
        if failure is None or "symbol" not in call["args"]:
            continue
        symbol = call["args"]["symbol"]
        if failure.longest_hours:
            wanted.append(("forecast", {"symbol": symbol, "hours": failure.longest_hours}))
        elif failure.supported and call["name"] == "forecast":
            wanted.append(("get_price", {"symbol": symbol}))
    made = [(call["name"], call["args"]) for call in asked]
    return [call for call in wanted if call not in made]


def failure_of(message: "ToolMessage", symbol: str | None = None) -> Failure:
    """A failed call, read from the JSON that tools give; other failures, such as a limit, come as plain words."""
    try:
        told = json.loads(message.text)
        return Failure(told["message"], told.get("longest_hours"), tuple(told.get("supported", ())), symbol)
    except (ValueError, KeyError, TypeError):
        return Failure("One thing could not be looked up.")


def _within(hours: int | None, longest: int, usual: int) -> int:
    return usual if hours is None else max(1, min(longest, hours))
