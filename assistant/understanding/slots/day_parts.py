"""Parts of a day in plain English ("early tomorrow morning", "late afternoon", "dawn"), as an hour of the day each."""

import re
from typing import NamedTuple


class DayPart(NamedTuple):
    """The words for a part of a day, the hour that it is taken for, and what is said of that."""

    words: str
    hour: int
    assumed: str | None


_DAY = r"(?:tomorrow(?:'s)?|yesterday(?:'s)?|this|next|the next|in the|on the|during the|by(?: the)?)"
_HOURS: dict[str, dict[str | None, int]] = {  # by "early", "late", or neither
    "morning": {"early": 6, "mid": 10, None: 9, "late": 11},
    "afternoon": {"early": 13, "mid": 15, None: 15, "late": 17},
    "evening": {"early": 18, "mid": 20, None: 20, "late": 22},
}
_QUALIFIED = re.compile(
    rf"\b(?:{_DAY} )?(?P<when>early|late|mid)(?: on)?[ -](?:{_DAY} )?(?P<part>{'|'.join(_HOURS)})s?\b"
)
_PLAIN = re.compile(rf"\b(?:{_DAY}|from) (?P<part>{'|'.join(_HOURS)})\b")
_NAMED = tuple(
    (re.compile(rf"\b(?:{words})\b"), hour, assumed)
    for words, hour, assumed in (
        ("(?:end|close) of (?:the |this )?(?:trading )?day|eod|midnight|end of today", 24, None),
        ("(?:over |for |in )?(?:the )?(?:rest|remainder) of (?:the |this )?(?:day|today)", 24, None),
        ("tonight|later today", 24, "tonight"),
        ("(?:tomorrow|yesterday) night", 24, None),
        ("(?:in the |the )?(?:small|wee|early) hours|in the dead of night", 4, "small_hours"),
        ("(?:crack of )?dawn|sunrise|daybreak", 6, "early"),
        ("first thing(?: in the morning| tomorrow morning| tomorrow)?|breakfast(?: time)?", 8, "early"),
        ("(?<=tomorrow )am|(?:when|by the time) i (?:wake|get) up", 9, "morning"),
        ("noon|midday|lunchtime|lunch", 12, None),
        ("dinner(?: ?time)?|supper(?: ?time)?", 19, "evening"),
        ("bed ?time", 23, "tonight"),
    )
)


def day_part(english: str) -> DayPart | None:
    """The first part of a day that a text names; None where it names none, or only "this morning", a span."""
    if found := _QUALIFIED.search(english):
        early = found["part"] == "morning" and found["when"] == "early"
        return DayPart(found[0], _HOURS[found["part"]][found["when"]], "early" if early else found["part"])
    for pattern, hour, assumed in _NAMED:
        if found := pattern.search(english):
            return DayPart(found[0], hour, assumed)
    found = _PLAIN.search(english)
    if found is None or found[0] == "this morning":
        return None
    return DayPart(found[0], _HOURS[found["part"]][None], found["part"])
