"""Answers composed from tool results alone, in six languages."""

from assistant.replies.answers import from_results, without_tools
from assistant.replies.cautions import whose
from assistant.replies.failures import MOST_TOLD, Failure
from assistant.replies.phrases import phrases
from assistant.replies.speech import Speech
from assistant.replies.wording import (
    MINUS,
    NBSP,
    NUMBER_FORMS,
    SIMULATED,
    WARNINGS,
    ago,
    ahead,
    asked_price,
    chance,
    clock,
    day,
    money,
    number,
    odds,
    percent,
    record,
    source_name,
)
from assistant.replies.zones import city_of, letters_of, zone_of

__all__ = [
    "MINUS",
    "MOST_TOLD",
    "NBSP",
    "NUMBER_FORMS",
    "SIMULATED",
    "WARNINGS",
    "Failure",
    "Speech",
    "ago",
    "ahead",
    "asked_price",
    "chance",
    "city_of",
    "clock",
    "day",
    "from_results",
    "letters_of",
    "money",
    "number",
    "odds",
    "percent",
    "phrases",
    "record",
    "source_name",
    "whose",
    "without_tools",
    "zone_of",
]
