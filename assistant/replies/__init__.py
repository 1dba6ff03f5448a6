"""Answers composed from tool results alone, in six languages."""

from assistant.replies.alerts import Watch, kind_of, prices_of, timed, watch_of
from assistant.replies.answers import from_results, without_tools
from assistant.replies.cautions import sources, whose, whose_record
from assistant.replies.chances import prices, touch_chance
from assistant.replies.failures import MOST_TOLD, Failure
from assistant.replies.phrases import phrases_in
from assistant.replies.records import beside, interval, verdict
from assistant.replies.speech import Speech
from assistant.replies.wording import (
    ENGLISH,
    MINUS,
    NBSP,
    NUMBER_FORMS,
    SIMULATED,
    NumberForm,
    ago,
    clock,
    day,
    money,
    number,
    percent,
    source_name,
)
from assistant.replies.zones import city_of, letters_of, zone_of

__all__ = [
    "ENGLISH",
    "MINUS",
    "MOST_TOLD",
    "NBSP",
    "NUMBER_FORMS",
    "SIMULATED",
    "Failure",
    "NumberForm",
    "Speech",
    "Watch",
    "ago",
    "beside",
    "city_of",
    "clock",
    "day",
    "from_results",
    "interval",
    "kind_of",
    "letters_of",
    "money",
    "number",
    "percent",
    "phrases_in",
    "prices",
    "prices_of",
    "source_name",
    "sources",
    "timed",
    "touch_chance",
    "verdict",
    "watch_of",
    "whose",
    "whose_record",
    "without_tools",
    "zone_of",
]
