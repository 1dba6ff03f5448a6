"""Answers composed from tool results alone, in six languages."""

from assistant.replies.answers import from_results, without_tools
from assistant.replies.cautions import whose
from assistant.replies.failures import MOST_TOLD, Failure
from assistant.replies.speech import Speech
from assistant.replies.wording import (
    ENGLISH,
    MINUS,
    NBSP,
    SIMULATED,
    WARNINGS,
    NumberForm,
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
from assistant.replies.zones import zone_of

__all__ = [
    "ENGLISH",
    "MINUS",
    "MOST_TOLD",
    "NBSP",
    "SIMULATED",
    "WARNINGS",
    "Failure",
    "NumberForm",
    "Speech",
    "ago",
    "ahead",
    "asked_price",
    "chance",
    "clock",
    "day",
    "from_results",
    "money",
    "number",
    "odds",
    "percent",
    "record",
    "source_name",
    "whose",
    "without_tools",
    "zone_of",
]
