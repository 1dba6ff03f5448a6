"""What the newest message asks, once what it leaves unsaid is filled in from the messages before it."""

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.intents import Intent, IntentClassifier
from assistant.slots import Slots, read_slots
from forecaster.schema import Symbol
from tools.metrics import Metric

USUAL_SYMBOL: Symbol = "BTC-USD"
_ANSWERED = frozenset({Intent.PRICE, Intent.CANDLES, Intent.FORECAST, Intent.METRICS, Intent.ADVICE})
_ABOUT_A_COIN = _ANSWERED - {Intent.METRICS}
_TIMED = frozenset({Intent.CANDLES, Intent.FORECAST, Intent.ADVICE})


@dataclass(frozen=True, slots=True)
class Question:
    """A question that stands on its own. ``hours`` is as asked: it may be None, negative or huge."""

    intent: Intent  # never FOLLOWUP
    symbols: tuple[Symbol, ...] = (USUAL_SYMBOL,)
    hours: int | None = None
    metric: Metric | None = None
    foreign: str | None = None  # a coin or stock that was asked for and is not offered


def read_question(messages: Sequence[str], classifier: IntentClassifier) -> Question:
    """The question of the newest of a person's messages, oldest first."""
    question = Question(Intent.OTHER)
    for message, intent in zip(messages, classifier.classify(messages), strict=True):
        question = _filled_in(intent, read_slots(message), question)
    return question


def _filled_in(intent: Intent, slots: Slots, before: Question) -> Question:
    hours = slots.hours
    if intent is Intent.FOLLOWUP:
        intent = _continued(slots, before)
        if hours is None and intent is before.intent:
            hours = before.hours
    foreign = slots.foreign if not slots.symbols and intent in _ABOUT_A_COIN else None
    return Question(intent, slots.symbols or before.symbols, hours, slots.metric, foreign)


def _continued(slots: Slots, before: Question) -> Intent:
    """What a message wants that only names another coin, time or metric."""
    if slots.metric:
        return Intent.METRICS
    if slots.direction == "past":
        return Intent.CANDLES
    if slots.hours is not None and (slots.direction == "future" or before.intent not in _TIMED):
        return Intent.FORECAST
    if before.intent in _ANSWERED:
        return before.intent
    return Intent.PRICE if slots.symbols or slots.foreign else Intent.OTHER
