"""What the newest message asks, once what it leaves unsaid is filled in from the messages before it."""

from collections.abc import Sequence

from assistant.intents import IntentClassifier
from assistant.question import Ask, Intent, Question
from assistant.slots import Slots, read_slots

_ANSWERED = frozenset({Intent.PRICE, Intent.CANDLES, Intent.FORECAST, Intent.METRICS, Intent.ADVICE})
_ABOUT_A_COIN = _ANSWERED - {Intent.METRICS}
_TIMED = frozenset({Intent.CANDLES, Intent.FORECAST, Intent.ADVICE})


def read_question(messages: Sequence[str], classifier: IntentClassifier) -> Question:
    """The question of the newest of a person's messages, oldest first."""
    ask = Ask(Intent.OTHER)
    for message, intent in zip(messages, classifier.classify(messages), strict=True):
        ask = _filled_in(intent, read_slots(message), ask)
    return Question((ask,))


def _filled_in(intent: Intent, slots: Slots, before: Ask) -> Ask:
    hours = slots.hours
    if intent is Intent.FOLLOWUP:
        intent = _continued(slots, before)
        if hours is None and intent is before.intent:
            hours = before.hours
    foreign = slots.foreign if not slots.symbols and intent in _ABOUT_A_COIN else None
    return Ask(intent, slots.symbols or before.symbols, hours, metric=slots.metric, foreign=foreign)


def _continued(slots: Slots, before: Ask) -> Intent:
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
