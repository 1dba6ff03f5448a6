"""What is asked, in words: what a vague word was taken for, two readings of a question, what an answer lacks."""

from collections.abc import Sequence

from assistant.replies.speech import HOUR, Speech
from assistant.understanding import Ask, Intent
from tools import FARTHEST

_NAMES = {
    Intent.PRICE: "price", Intent.CANDLES: "candles", Intent.FORECAST: "forecast", Intent.METRICS: "metrics",
    Intent.TRACK_RECORD: "track_record", Intent.ANOMALIES: "anomalies", Intent.ADVICE: "advice", Intent.WHY: "why",
    Intent.METHOD: "method", Intent.DATA: "data", Intent.CAPABILITIES: "capabilities", Intent.COMPARE: "compare",
    Intent.EXPLAIN: "explain",
}  # fmt: skip
ASSUMED = (
    "overnight",
    "tonight",
    "morning",
    "early",
    "small_hours",
    "afternoon",
    "evening",
    "few_hours",
    "few_minutes",
    "soon",
)
IMPOSSIBLE = "impossible"  # in place of an assumption: a day or a time that there is not


def assumed(speech: Speech, ask: Ask) -> str:
    """What a vague word was taken for."""
    if ask.target is not None:
        meant = speech.there(ask.target, ask.target, ask.zone)
    else:
        meant = speech.span(ask.minutes or HOUR * (ask.hours or 1))
    return speech.say("assumed.said", word=speech.say(f"assumed.{ask.assumed}"), meant=meant)


def reading(speech: Speech, ask: Ask) -> str:
    """What an ask wants, such as "the price of Bitcoin"."""
    name = _NAMES.get(ask.intent, "other")
    return speech.say(f"readings.{name}", coin=speech.coin(*ask.symbols), of_coin=speech.of_coin(*ask.symbols))


def unsure(speech: Speech, nearest: Sequence[Ask]) -> str:
    """Asks back which of two readings is meant. Hours are told only where nothing else tells these apart."""
    first, second = (reading(speech, ask) for ask in nearest[:2])
    if first == second:
        first, second = (_with_hours(speech, ask) for ask in nearest[:2])
    return speech.say("fixed.unsure", first=first, second=second)


def _with_hours(speech: Speech, ask: Ask) -> str:
    if ask.hours is None or ask.hours < 1:
        return reading(speech, ask)
    if ask.intent is Intent.CANDLES:
        return speech.say("readings.candles_over", coin=speech.coin(*ask.symbols), over=speech.over(ask.hours))
    if ask.intent is Intent.FORECAST and ask.hours <= FARTHEST:
        ahead = speech.ahead(ask.hours) if ask.minutes is None else speech.span(ask.minutes)
        return speech.say("readings.forecast_for", of_coin=speech.of_coin(*ask.symbols), ahead=ahead)
    return reading(speech, ask)
