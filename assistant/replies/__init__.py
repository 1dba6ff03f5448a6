"""Answers composed from tool results alone, in six languages."""

from assistant.replies.answers import Failure, from_results, without_tools
from assistant.replies.speech import Speech
from assistant.replies.wording import (
    MINUS,
    NBSP,
    SIMULATED,
    WARNINGS,
    ago,
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

__all__ = [
    "MINUS",
    "NBSP",
    "SIMULATED",
    "WARNINGS",
    "Failure",
    "Speech",
    "ago",
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
    "without_tools",
]
