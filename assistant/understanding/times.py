"""Times of day and dates in plain English ("by midnight", "at 9 tomorrow morning", "on 25 march"), as UTC moments."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from assistant.understanding.frame import Language

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
_UNIT = r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)"
_CLOCK = re.compile(
    r"(?:\b(?P<before>am|pm) )?(?:\b(?P<at>at|by|until|till|before|around|since|from) (?:about |around |the )?)?"
    r"(?<![\d$.:,])\b(?P<hour>[01]?\d|2[0-4])(?:(?P<colon>[:h.])(?P<minute>[0-5]\d)(?!\d))?(?![\d$:,%]|\.\d)"
    rf"(?: ?(?P<half>[ap]m|oclock|o'clock)\b)?(?: ?(?P<zone>utc|gmt|est|edt|cet|cest|pst|pdt|bst)\b)?"
    rf"(?! ?{_UNIT}\b)(?! ?(?:%|percent))"
)
_LOCAL_H = re.compile(r"\b(?:a|as|at|vers|pour|by|until) (\d{1,2}) ?h(\d\d)?\b(?! ?(?:hours|minutes))")
_CLOCK_H = re.compile(r"\b(at|by|until|till|before) (\d{1,2}) ?h ?([0-5]\d)\b")
_ZONES = {"est": -5, "edt": -4, "cet": 1, "cest": 2, "pst": -8, "pdt": -7, "bst": 1}  # hours from UTC
_NAMED: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b"), hour)
    for words, hour in (
        ("(?:end|close) of (?:the |this )?(?:trading )?day|eod|midnight|tonight|later today|end of today", 24),
        ("tomorrow night", 24),
        ("(?:this|tomorrow|in the) evening|tomorrow's evening", 20),
        ("(?:this|tomorrow|in the) afternoon", 15),
        ("tomorrow morning|in the morning|next morning", 9),
        ("noon|midday|lunchtime", 12),
    )
)
_HOUR_CLOSE = re.compile(
    r"(?<!last )(?<!past )(?<!previous )"
    r"\b(?:(?:clos(?:e|es|ing)|ends?|finish(?:es)?)(?: of| at| to| out)? (?:the |this )(?:current |full )?hour\b"
    r"|end of hour\b"
    r"|(?:this|the|current)(?: current)? hour(?:'?s)? (?:close|closing|end)\b|(?:this|the|current) hour ends\b"
    r"|(?:next |coming |this |the |current )?hourly close\b|top of the hour\b|(?:on|at) the (?:full )?hour\b"
    r"|(?:next|coming) full hour\b)(?!['\w])"
)
_CLOSES_THIS_HOUR = re.compile(r"\bclos(?:e|es|ing)(?: +[\w$.]+){1,4} +(?:this|the current) hour\b(?!')")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)}|weekend)\b")
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of)? (?:{_MONTHS})\b(?: \d{{4}})?|"
    rf"\b(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?\b(?! ?(?:{_UNIT}|\d))(?:,? \d{{4}})?|"
    r"\b20\d\d-[01]?\d-[0-3]?\d\b"
)
_FAR_YEAR = re.compile(r"\b(?:in|by|until|before|for|end of) (20[2-9]\d)\b")
_END_OF = re.compile(r"\b(?:end of (?:the |this )?|by the end of )(week|month|quarter|year)\b")
_SINCE = re.compile(r"\b(?:since|yesterday|was|were|did|ago)\b(?!.*\bwill\b)")


def clocks_marked(english: str, language: Language) -> str:
    """A text with the French and Portuguese "à 17h" as "at 17:00", and everybody's "at 17h30" as "at 17:30"."""
    english = _CLOCK_H.sub(r"\1 \2:\3", english)
    if language not in (Language.FRENCH, Language.PORTUGUESE):
        return english
    return _LOCAL_H.sub(lambda at: f"at {at[1]}:{at[2] or '00'}", english)


def moment(english: str, now: datetime) -> tuple[datetime, str] | None:
    """The moment (UTC) that a text names and the text without it; None where it names none. `now` is in UTC."""
    past = _SINCE.search(english) is not None
    day, day_words = _day(english, now, past=past)
    if clock := _clock(english):
        return _on_the_clock(english, clock, now, day, past=past), _without(english, clock[0], *day_words)
    for pattern, hour in _NAMED:
        if found := pattern.search(english):
            tomorrow = "tomorrow" in english and day is None
            base = day or _midnight(now) + DAY * tomorrow
            return _shifted(base + hour * HOUR, now, found[0], past=past), _without(english, found[0], *day_words)
    if day is not None:
        return day + DAY - (DAY if past else timedelta()), _without(english, *day_words)
    return None


def hour_close(english: str, now: datetime) -> tuple[datetime, str] | None:
    """The end (UTC) of the hour of the clock that `now` is in and the text without it, where a text names that."""
    found = _HOUR_CLOSE.search(english) or _CLOSES_THIS_HOUR.search(english)
    if found is None:
        return None
    return now.replace(minute=0, second=0, microsecond=0) + HOUR, _without(english, found[0])


def hour_close_masked(english: str) -> str:
    """A text in which the end of an hour of the clock is a time like others."""
    return _HOUR_CLOSE.sub("attime", english)


def _clock(english: str) -> "re.Match[str] | None":
    for found in _CLOCK.finditer(english):
        minutes = found["colon"] in (":", "h") or (found["colon"] == "." and found["half"]) or found["zone"]
        if found["half"] or found["before"] or minutes or (found["at"] and not found["colon"]):
            return found
    return None


def _on_the_clock(english: str, clock: "re.Match[str]", now: datetime, day: datetime | None, *, past: bool) -> datetime:
    hour, minute = int(clock["hour"]), int(clock["minute"] or 0)
    half = (clock["before"] or clock["half"] or "").strip()
    late = half == "pm" or re.search(r"\b(?:tonight|evening|afternoon|night)\b", english) is not None
    if late and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    time = timedelta(hours=hour - _ZONES.get(clock["zone"] or "", 0), minutes=minute)
    if day is None and "tomorrow" in english:
        day = _midnight(now) + DAY
    elif day is None and "yesterday" in english:
        day = _midnight(now) - DAY
    if day is not None:
        return day + time
    unclear = (
        not half
        and not clock["zone"]
        and clock["colon"] is None
        and 1 <= hour <= 12
        and not past
        and "morning" not in english
    )
    if unclear:  # "at 5": whichever comes first
        return min(_upcoming(_midnight(now) + time + half_day * HOUR, now) for half_day in (0, 12))
    return _shifted(_midnight(now) + time, now, "", past=past)


def _shifted(at: datetime, now: datetime, words: str, *, past: bool) -> datetime:
    """The occurrence before now of what lies in the past, else the one after it."""
    if past:
        return at - DAY if at > now else at
    return at if words.startswith("tomorrow") else _upcoming(at, now)


def _upcoming(at: datetime, now: datetime) -> datetime:
    while at <= now:
        at += DAY
    return at


def _day(english: str, now: datetime, *, past: bool) -> tuple[datetime | None, list[str]]:
    """Midnight at the beginning of the day that a text names, and the words that name it."""
    if far := _FAR_YEAR.search(english):
        return datetime(int(far[1]), 12, 31, tzinfo=UTC), [far[0]]
    if end := _END_OF.search(english):
        days = {"week": 6 - now.weekday(), "month": 30 - now.day, "quarter": 90, "year": 365 - now.timetuple().tm_yday}
        return _midnight(now) + max(0, days[end[1]]) * DAY, [end[0]]
    if date := DATE.search(english):
        parsed = _parsed(date[0], _midnight(now), "past" if past else "future")
        return parsed, [date[0]]
    if named := _WEEKDAY.search(english):
        weekday = 5 if named[1] == "weekend" else _WEEKDAYS.index(named[1])
        ahead = (weekday - now.weekday()) % 7
        return _midnight(now) + (ahead - 7 * (past and ahead > 0)) * DAY, [named[0]]
    return None, []


@lru_cache(maxsize=256)
def _parsed(date: str, now: datetime, prefer: str) -> datetime | None:
    import dateparser  # type: ignore[import-untyped]  # takes a second, which few questions need

    settings = {
        "RELATIVE_BASE": now.replace(tzinfo=None),
        "PREFER_DATES_FROM": prefer,
        "TIMEZONE": "UTC",
        "REQUIRE_PARTS": ["day", "month"],
    }
    parsed = dateparser.parse(date, languages=["en"], settings=settings)
    return None if parsed is None else _midnight(parsed.replace(tzinfo=UTC))


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)


def _without(english: str, *words: str) -> str:
    for word in words:
        english = english.replace(word, " attime ", 1)
    return re.sub(r"\b(?:tomorrow|yesterday|tonight|morning|evening|afternoon|night)\b", " ", english)
