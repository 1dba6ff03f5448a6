"""The steps beside an answer in words: what was looked up, and where what was found comes from. Plain text."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from pydantic import BaseModel

from assistant.agent import ToolFinished, ToolStarted
from assistant.page.cards.words import CardSpeech
from assistant.replies import sources
from tools import RECORD, USUAL_HOURS, Explanation, MetricsAnswer, catalogue

MOST_COINS = 6  # of a title
LONGEST = 40  # characters of what a model made up
READINGS = {
    "get_price": "price", "get_candles": "candles", "compare": "compare", "track_record": "track_record",
    "detect_anomalies": "anomalies",
}  # fmt: skip


def step_title(call: ToolStarted, zone: str) -> str:
    """What is looked up, such as "The forecast of Bitcoin for the next hour"; times are in the zone."""
    speech, args = CardSpeech(call.language, zone), call.args
    told = speech.comma([_reading(speech, call.name, args), *_details(speech, args)])
    return f"{told[:1].upper()}{told[1:]}"


def step_failed(call: ToolFinished, title: str) -> str:
    """The title of a step that did not work."""
    return CardSpeech(call.language).say("step.failed", title=title)


def step_found(call: ToolFinished, zone: str) -> str:
    """Where a result comes from, in a sentence for each source; "" where it has none."""
    speech = CardSpeech(call.language, zone)
    match call.data:
        case Explanation():
            return call.data.title
        case MetricsAnswer() | None:
            return ""
        case BaseModel():
            told = {
                speech.say("time.based_on", source=speech.source(each.source), time=speech.time(each.as_of)): None
                for each in sources([call.data])
            }
            return speech.joined(list(told))


def _reading(speech: CardSpeech, name: str, args: Mapping[str, object]) -> str:
    symbols = _symbols(args)
    facts = {"coin": _coins(speech, symbols), "of_coin": _coins(speech, symbols, owning=True)}
    if name == "explain":
        return speech.say("readings.metrics" if args.get("topic") == RECORD else "readings.explain")
    if not symbols or name not in (*READINGS, "forecast"):
        return speech.say("readings.other")
    if name == "forecast":
        return speech.say("readings.forecast_for", ahead=_ahead(speech, args), **facts)
    if name in ("get_candles", "detect_anomalies") and "start" not in args:
        hours = _whole(args.get("hours"), 24 if name == "get_candles" else USUAL_HOURS)
        if name == "get_candles":
            return speech.say("readings.candles_over", over=speech.over(hours), **facts)
        return speech.comma([speech.say("readings.anomalies", **facts), speech.over(hours)])
    return speech.say(f"readings.{READINGS[name]}", **facts)


def _ahead(speech: CardSpeech, args: Mapping[str, object]) -> str:
    """How far a forecast looks: until a time, so many minutes or hours."""
    until = _moment(args.get("until"))
    if until is not None:
        return speech.near(until, until)
    if "minutes" in args:
        return speech.span(_whole(args["minutes"], 60))
    return speech.ahead(_whole(args.get("hours"), 1))


def _details(speech: CardSpeech, args: Mapping[str, object]) -> Iterator[str]:
    """What else was asked, as far as it has a word or is a price, a percentage or a time."""
    for name in ("threshold", "move", "to"):
        if isinstance(price := args.get(name), int | float):
            yield _price(speech, price)
    between = args.get("between")
    if isinstance(between, list) and len(between) == 2 and all(isinstance(each, int | float) for each in between):
        yield speech.say("card.interval", low=_price(speech, between[0]), high=_price(speech, between[1]))
    for name in ("move_pct", "level"):
        if isinstance(percent := args.get(name), int | float):
            yield speech.percent(percent, 0 if percent == round(percent) else 1)
    for name in ("start", "end", "at"):
        if (time := _moment(args.get(name))) is not None:
            yield speech.time(time)
    if isinstance(currency := args.get("currency"), str):
        yield currency[:LONGEST]
    yield from (speech.say(f"step.{name}") for name in ("touch", "path", "worst") if args.get(name) is True)


def _price(speech: CardSpeech, value: float) -> str:
    return speech.asked_price(value, "").strip()  # in which currency is not known yet


def _symbols(args: Mapping[str, object]) -> list[str]:
    given = args.get("symbols", args.get("symbol", ()))
    found = [given] if isinstance(given, str) else list(given) if isinstance(given, list) else []
    return [str(each)[:LONGEST] for each in found[:MOST_COINS]]


def _coins(speech: CardSpeech, symbols: list[str], *, owning: bool = False) -> str:
    """Their names; of what is no coin, what it was called."""
    if not all(symbol in catalogue() for symbol in symbols):
        return speech.comma(symbols)
    if not symbols:
        return ""
    return speech.of_coin(*symbols) if owning else speech.coin(*symbols)


def _whole(value: object, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else usual


def _moment(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time is not None and time.tzinfo is not None else None
