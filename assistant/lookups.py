"""What to look up for a question: what is asked becomes calls of tools, and a call that fails another one."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from assistant.replies import MOST_TOLD, Failure, timed
from assistant.understanding import Ask, Intent, Language, Question
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
MOST_AMOUNT = 1e12  # that tools take
USUAL_SPAN = 24  # hours of candles, where none were asked for
Call = tuple[str, dict[str, object]]  # a tool's name and arguments


def first_calls(question: Question) -> list[Call]:
    """What to look up for a question, each thing once, and no more than a turn may."""
    wanted = [ask for ask in question.asks if not _said_by(ask, question.asks)]
    calls = [_spoken(call, question.language) for ask in wanted for call in _calls(ask)]
    return [call for place, call in enumerate(calls) if call not in calls[:place]][:MOST_CALLS]


def _spoken(call: Call, language: Language) -> Call:
    """A call with the language that an explanation is wanted in."""
    name, args = call
    return (name, {**args, "language": str(language)}) if name == "explain" and language != Language.ENGLISH else call


def _said_by(ask: Ask, asks: Sequence[Ask]) -> bool:
    """Whether another part of the question brings what this one wants without naming it: "RMSE, and why it matters"."""
    if ask.intent in (Intent.METRICS, Intent.WHY) and ask.metric is None:
        return any(each.intent is Intent.METRICS and each.metric for each in asks)
    if ask == Ask(Intent.PRICE, ask.symbols):  # an amount of then is told with its worth now
        then = [each for each in asks if each.intent is Intent.PRICE and each.at and each.amount and not each.currency]
        return any(set(ask.symbols) <= set(each.symbols) for each in then)
    if ask.intent is Intent.CANDLES and ask.hours is None:
        return any(each.intent is Intent.TRACK_RECORD for each in asks)
    return False


def _calls(ask: Ask) -> list[Call]:
    if ask.foreign:
        return []
    args: dict[str, object] = {}
    match ask.intent:
        case Intent.PRICE:
            name, args = "get_price", _price(ask)
        case Intent.CANDLES:
            name, args = "get_candles", _span(ask)
        case Intent.FORECAST | Intent.ADVICE:
            name, args = "forecast", _ahead(ask) | _odds(ask)
        case Intent.ALERT:
            priced = ask.unusual or ((ask.threshold or ask.between) and not timed(ask))
            name, args = ("get_price", {}) if priced else ("forecast", _ahead(ask) | _odds(replace(ask, touch=False)))
        case Intent.COMPARE:
            return [("compare", {"symbols": list(ask.symbols), "by": ask.compare_by or "move"} | _lasting(ask))]
        case Intent.ANOMALIES:
            days = None if ask.days is None else _within(ask.days, int(LARGEST_BUDGET), 1)
            name, args = "detect_anomalies", {"hours": _within(ask.hours, MOST_HOURS, USUAL_HOURS)} | _given(days=days)
        case Intent.TRACK_RECORD:
            name, args = "track_record", _record(ask)
        case Intent.EXPLAIN:
            return [("explain", _given(topic=ask.topic))]
        case Intent.METRICS | Intent.WHY:
            return [("explain", {"topic": ask.metric or RECORD})]
        case _:
            return []
    return [(name, {"symbol": symbol} | args) for symbol in ask.symbols]


def _price(ask: Ask) -> dict[str, object]:
    """A price now or at a moment of the past, of an amount, in another currency; and how far another price is."""
    return _given(at=_minute(ask.at), currency=ask.currency, to=ask.threshold) | _amount(ask)


def _span(ask: Ask) -> dict[str, object]:
    """Days of the calendar, or the last hours."""
    if ask.start is not None:
        return _given(start=_minute(ask.start), end=_minute(ask.end))
    return {"hours": _within(ask.hours, LONGEST_LOOK_BACK, USUAL_SPAN)}


def _lasting(ask: Ask) -> dict[str, object]:
    """What a comparison spans: days of the calendar, or hours where any were named."""
    if ask.start is not None and (ask.compare_by or "move") in ("move", "volatility"):
        return _given(start=_minute(ask.start), end=_minute(ask.end))
    return _given(hours=None if ask.hours is None else _within(ask.hours, LONGEST_LOOK_BACK, USUAL_SPAN))


def _record(ask: Ask) -> dict[str, object]:
    """The newest forecasts, the one for a time, or the worst miss."""
    if ask.at is not None:
        return _given(at=_minute(ask.at))
    if ask.hours in range(2, FARTHEST + 1) and ask.last is None:
        return _given(hours=ask.hours, worst=ask.worst or None)
    return _given(last=_within(ask.last, MOST_LAST, USUAL_LAST), worst=ask.worst or None)


def _ahead(ask: Ask) -> dict[str, object]:
    """How far a forecast looks: until a time of day, or so many minutes or hours; as far as it may where not at all."""
    if ask.target is not None and ask.hours in range(1, FARTHEST + 1):
        return {"until": minute(ask.target)}
    if ask.minutes in range(1, 60 * FARTHEST + 1):
        return {"minutes": ask.minutes}
    return {"hours": _within(ask.hours, FARTHEST, FARTHEST if ask.path else 1)}


def _odds(ask: Ask) -> dict[str, object]:
    """What a forecast is asked besides its range: of prices, percentages, a level, an amount, or hour by hour."""
    between = None if ask.between is None else list(ask.between)
    asked: dict[str, object] = _given(threshold=ask.threshold, between=between)
    if move := _given(move_pct=ask.move_pct, move=ask.move):
        asked |= move | {"direction": ask.direction}
    if ask.level is not None:
        asked |= {"level": ask.level, "side": ask.side}
    if ask.touch and asked.keys() & {"threshold", "move_pct", "move"}:
        asked["touch"] = True
    asked |= ({"path": True} if ask.path else {}) | _amount(ask)
    money = asked.keys() & {"threshold", "between", "level"} or asked.get("amount_in") == "quote"
    return asked | (_given(currency=ask.currency) if money else {})


def _amount(ask: Ask) -> dict[str, object]:
    if ask.amount is None or not 0 < ask.amount <= MOST_AMOUNT:
        return {}
    return {"amount": ask.amount, "amount_in": ask.amount_in}


def _minute(time: datetime | None) -> str | None:
    return None if time is None else minute(time)


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
        return Failure(
            told["message"],
            told.get("longest_hours"),
            tuple(told.get("supported", ())),
            symbol,
            "unread" if told["error"] == "invalid_arguments" else told.get("cause", ""),
            datetime.fromisoformat(told["earliest"]) if "earliest" in told else None,
        )
    except (ValueError, KeyError, TypeError):
        return Failure("One thing could not be looked up.")


def _within(hours: int | None, longest: int, usual: int) -> int:
    return usual if hours is None else max(1, min(longest, hours))
