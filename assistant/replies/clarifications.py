"""What is asked, in words: to offer two readings of a question, and to name what is missing from an answer."""

from collections.abc import Sequence

from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent
from tools import FARTHEST

_NAMES = {
    Intent.PRICE: "price", Intent.CANDLES: "candles", Intent.FORECAST: "forecast", Intent.METRICS: "metrics",
    Intent.TRACK_RECORD: "track_record", Intent.ANOMALIES: "anomalies", Intent.ADVICE: "advice", Intent.WHY: "why",
    Intent.METHOD: "method", Intent.DATA: "data", Intent.CAPABILITIES: "capabilities",
}  # fmt: skip


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
