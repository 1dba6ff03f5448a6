"""Times of day and days in plain English ("by midnight", "3 hours ago"); long because each way to name one is here.

They are read on the clock of the zone that `now` is in, and come out as moments of that zone.
"""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from assistant.understanding.frame import Language
from assistant.understanding.slots.day_parts import day_part
from assistant.understanding.slots.days import DATE, DAY, DAYS_AGO, Impossible, day_in, midnight
from assistant.understanding.slots.durations import span_minutes

HOUR = timedelta(hours=1)
NOON = 12  # from which hour on this morning has passed
_PART_GONE = re.compile(
    r"(?<!early )(?<!late )(?<!mid )\b(?P<day>this|last|\w+day) (?P<part>morning|afternoon|evening|night)\b"
)
_HOURS_OF = {"morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24), "night": (20, 30)}  # of a day
_OF_A_SPAN = re.compile(
    r"\b(?:high\w*|low\w*|range|did|mov\w+|chang\w+|swing\w*|chart|candles?|happened|perform\w*|done|went|fell|rose)\b"
)
_UNIT = r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)"
_CLOCK = re.compile(
    r"(?:\b(?P<before>am|pm) )?(?:\b(?P<at>at|by|until|till|before|around|since|from) (?:about |around |the )?)?"
    r"(?<![\d$.:,/-])\b(?P<hour>[01]?\d|2[0-4])(?:(?P<colon>[:h.])(?P<minute>[0-5]\d)(?::[0-5]\d)?(?!\d))?"
    r"(?![\d$:%]|[.,]\d)"
    r"(?: ?(?P<half>[ap]m|oclock|o'clock)\b)?(?: ?(?:in |on |at |, )?(?P<zone>\u01c3[a-z][a-z]))?"
    rf"(?! ?{_UNIT}\b)(?! ?(?:%|percent))"
)
_CLOCKS = re.compile(
    r"\b(?:between|from) (?:about )?(\d{1,2})(?:[:h.]([0-5]\d))? ?([ap]m)? ?(?:and|to|until|till|-) ?"
    r"(\d{1,2})(?:[:h.]([0-5]\d))? ?([ap]m|oclock|o'clock)?(?![\d$%:]|[.,]\d|k\b)"
)
_DAY_COMMA = re.compile(r"(?:(?<=day)|(?<=row)), ?(?=(?:at )?\d{1,2}(?::\d\d| ?[ap]m)\b)")
_FROM_NOON = re.compile(r"\b(between|from) (noon|midday|midnight)(?= (?:and|to|until|till)\b)")
_TO_NOON = re.compile(r"(\b(?:between|from) \d[\d:.]*(?: ?[ap]m)? (?:and|to|until|till) )(noon|midday|midnight)\b")
_NO_CLOCK = re.compile(
    r"(?<![\d$.:,])(?:2[5-9]|[3-9]\d):[0-5]\d(?![\d:])|(?<![\d$.:,])(?:[01]?\d|2[0-4]):[6-9]\d(?!\d)"
)
_LOCAL_H = re.compile(
    r"\b(?:(?:a|as|at|vers|pour|by|until)(?: the)?|(?P<day>today|tomorrow|yesterday|morning|evening|night)) (\d{1,2})"
    r" ?hs?(\d\d)?\b(?! ?(?:hours|minutes))"
)
_AT_HOURS = re.compile(r"\bat (\d{1,2}) hours?\b")  # the Dutch "om 15 uur", the Russian "в 15 часов"
_BY = re.compile(r"\bat (?=\$? ?\d[\d.,]*k? ?(?:\$|%|percent\b|dollars?\b|usd\b))")
_AFTER_PERCENT = re.compile(r"(\d ?(?:%|percent\b|\$|dollars?\b)) (nach|ab|a|zu)(?= *(?:$|[?!,.]))")
_WITHIN_H = re.compile(r"\b(?:within|for) (1[3-9]|2[0-3]) ?h\b")  # "d'ici 22h" is a time of the day, "d'ici 3h" is not
_SLASHED = re.compile(r"(?<![\d/])([0-3]?\d)/([0-3]?\d)/(20\d\d)(?![\d/])")
_AS_H = re.compile(r"\bas (\d{1,2}) ?h(\d\d)?\b")  # the Portuguese "às 22h", as many type it
_YEAR = re.compile(r"(?:by|until) 20[2-9]\d")
_MILITARY = re.compile(
    r"\b((?:at|by|until) )([01]\d|2[0-3])([0-5]\d)"
    r"(?:(?P<sure> ?(?:h|hrs|hours)\b| ?(?=\u01c3))|(?![\w$%.:/-])(?! ?[%\d]))"
)
_HALVES = (
    (re.compile(r"\bhalf past (\d{1,2})\b(?!:)"), 0, 30),
    (re.compile(r"\b(?:a )?quarter past (\d{1,2})\b(?!:)"), 0, 15),
    (re.compile(r"\b(?:a )?quarter to (\d{1,2})\b(?!:)"), -1, 45),
    (re.compile(r"\bhalf to (\d{1,2})\b(?!:)"), -1, 30),  # the German "halb sechs"
)
_CLOCK_H = re.compile(r"\b(at|by|until|till|before) (\d{1,2}) ?h ?([0-5]\d)\b")
_HOUR_CLOSE = re.compile(
    r"(?<!last )(?<!past )(?<!previous )"
    r"\b(?:(?:clos(?:e|es|ing)|ends?|finish(?:es)?)(?: of| at| to| out)? (?:the |this )(?:current |full )?hour\b"
    r"|end of hour\b"
    r"|(?:this|the|current)(?: current)? hour(?:'?s)? (?:close|closing|end)\b|(?:this|the|current) hour ends\b"
    r"|(?:next |coming |this |the |current )?hourly close\b|top of the hour\b|(?:on|at) the (?:full )?hour\b"
    r"|(?:next|coming) full hour\b)(?!['\w])"
)
_CLOSES_THIS_HOUR = re.compile(r"\bclos(?:e|es|ing)(?: +[\w$.]+){1,4} +(?:this|the current) hour\b(?!')")
_SINCE = re.compile(
    r"\b(?:since|yesterday|was|were|did|ago|closed|had|last|been|happened|went|moved|high|highest|low|lowest)\b"
    r"(?!.*\b(?:will|can|could|might|may)\b)"
)
_AHEAD = re.compile(r"\b(?:will|next|going to|by(?! how\b)|until|forecast|predict\w*|coming|upcoming|expect\w*)\b")
_SAID = re.compile(
    r"\b(?:did|have|has|had) your?\b|\byou (?:said|predicted|forecast(?:ed)?|told)\b|\bwas your\b"
    r"|\bhow did (?:it|that|they) (?:go|do|turn)\b|\bwhat came of\b"
)
_CLOSE = re.compile(r"\bclos(?:e|es|ed|ing)\b")
_SAME_TIME = re.compile(
    r"\b(?:this|same|the same|at the same) (?:time|hour) yesterday\b"
    r"|\byesterday,? (?:at )?(?:this|the same|this same|same) (?:time|hour)\b"
)
_MEAL = re.compile(r"(?<!by )(?<!at )(?<!until )(?<!before )\b(?:dinner|supper|lunch|breakfast|wake up|bed ?time)\b")
_COUNTED = re.compile(r"\b(?:in|within|about|for|around) \d+(?:\.\d+)? ?(?:hours?|hrs?|h|minutes?|mins?)\b")
_HOLIDAYS = tuple(
    (re.compile(rf"\b{named}\b"), date)
    for named, date in (
        ("christmas eve", "december 24"), ("christmas(?: day)?(?! island)", "december 25"),
        ("new year'?s? eve", "december 31"), ("new year'?s(?: day)?|new year(?: day)?", "january 1"),
        ("halloween", "october 31"), ("valentine'?s(?: day)?", "february 14"),
    )
)  # fmt: skip
_AGO = re.compile(r"\b(?:ago|earlier|before now)\b|\b(?:hours?|minutes?|days?|weeks?) back\b")


class Moment(NamedTuple):
    """A time that a text names, as a moment; where it is a day of the past or today, that day too."""

    at: datetime
    rest: str  # the text without it
    day: tuple[datetime, datetime] | None = None  # its beginning and end, where no time of day was named
    assumed: str | None = None  # the vague word that the time was taken for
    clock: bool = True  # a time of day was named


def dates_marked(text: str, language: str) -> str:
    """A text with dates such as 28/11/2026 as 2026-11-28: the month first in English, where that is possible.

    Holidays of a fixed date are that date.
    """
    for named, date in _HOLIDAYS:
        text = named.sub(date, text)

    def iso(date: "re.Match[str]") -> str:
        first, second = int(date[1]), int(date[2])
        month, day = (first, second) if language == Language.ENGLISH and first <= 12 else (second, first)
        month, day = (day, month) if month > 12 >= day else (month, day)
        return f"{date[3]}-{month:02}-{day:02}"

    return _SLASHED.sub(iso, text)


def clocks_marked(english: str, language: str) -> str:
    """A text with the Romance "à 17h" as "at 17:00", and everybody's "at 17h30" as "at 17:30"."""
    english = _CLOCK_H.sub(r"\1 \2:\3", english)
    english = _AS_H.sub(lambda at: f"at {at[1]}:{at[2] or '00'}", english)
    if language == Language.GERMAN:  # "fällt um 500 $", "gibt 2 % nach"
        english = _AFTER_PERCENT.sub(
            lambda at: f"{at[1]} {'rise' if at[2] == 'zu' else 'fall'}", _BY.sub("by ", english)
        )
    if language not in set(Language):
        english = _AT_HOURS.sub(r"at \1:00", english)
    if language not in (Language.FRENCH, Language.PORTUGUESE, Language.SPANISH):
        return english
    english = _WITHIN_H.sub(r"by \1:00", english)
    return _LOCAL_H.sub(lambda at: f"{at['day'] + ' ' if at['day'] else ''}at {at[2]}:{at[3] or '00'}", english)


def military_marked(english: str, *, priced: bool) -> str:
    """A text with "at 1830" as "at 18:30"; where it may be a price, only before "h" or a zone."""
    return _MILITARY.sub(
        lambda at: at[0] if at["sure"] is None and (priced or _YEAR.fullmatch(at[0])) else f"{at[1]}{at[2]}:{at[3]} ",
        english,
    )


def halves_marked(english: str) -> str:
    """A text with "half past 5" as "5:30", and "between noon and midnight" as "between 12pm and 24:00"."""
    english = _DAY_COMMA.sub(" ", english)
    english = _FROM_NOON.sub(lambda at: f"{at[1]} {'0:00' if at[2] == 'midnight' else '12pm'}", english)
    english = _TO_NOON.sub(lambda at: f"{at[1]}{'24:00' if at[2] == 'midnight' else '12pm'}", english)
    for pattern, hours, minutes in _HALVES:
        english = pattern.sub(lambda at, h=hours, m=minutes: f"{(int(at[1]) + h) % 24}:{m} oclock", english)  # type: ignore[misc]
    return english


def moment(english: str, now: datetime) -> Moment | None:
    """The moment that a text names; None where it names none. Raises Impossible for 30 February and 25:00."""
    if _NO_CLOCK.search(english):
        raise Impossible
    at_noon = DAYS_AGO.search(english) and (_clock(english) or day_part(english))  # "2 days ago at noon"
    if not at_noon and (ago := _ago(english, now)) is not None:
        return ago
    if same := _SAME_TIME.search(english):
        return Moment(now - DAY, _without(english, same[0]))
    past = _SINCE.search(english) is not None or ("this morning" in english and now.hour >= NOON)
    ahead = _AHEAD.search(english) is not None and _SAID.search(english) is None
    day, day_words = day_in(english, now, past=past, ahead=ahead)
    if (spent := _span_gone(english, now, day, past=past)) and not ahead:
        words, begins, ends = spent
        return Moment(ends, _without(english, words, *day_words), (begins, ends), clock=False)
    clock, part = _clock(english), day_part(english)
    if part and not clock and _MEAL.search(english) and _COUNTED.search(english):
        return None  # "i'm out for dinner, where is it in 3 hours"
    if day is None and (clock or part) and _SAID.search(english) and "yesterday" not in english:
        day = midnight(now)
    if clock:
        at = _on_the_clock(english, clock, now, day, past=past and not ahead)
        return Moment(at, _without(english, clock[0].replace(clock["zone"] or "\0", ""), *day_words))
    if gone_part := _part_gone(english, now, day, ahead=ahead):
        return gone_part
    if part:
        tomorrow = "tomorrow" in english and day is None
        base = day or midnight(now) + DAY * tomorrow - DAY * (day is None and "yesterday" in part.words)
        gone = "this " in part.words and base + part.hour * HOUR <= now
        dated = day is not None or tomorrow or "yesterday" in part.words
        at = _shifted(base + part.hour * HOUR, now, past=past or gone, dated=dated)
        return Moment(at, _without(english, part.words, *day_words), None, part.assumed)
    return None if day is None else _whole(english, day, day_words, now)


def hour_close(english: str, now: datetime) -> tuple[datetime, str] | None:
    """The end of the hour of the clock that `now` is in and the text without it, where a text names that."""
    found = _HOUR_CLOSE.search(english) or _CLOSES_THIS_HOUR.search(english)
    if found is None:
        return None
    return now.replace(minute=0, second=0, microsecond=0) + HOUR, _without(english, found[0])


def hour_close_masked(english: str) -> str:
    """A text in which the end of an hour of the clock is a time like others."""
    return _HOUR_CLOSE.sub("attime", english)


def _ago(english: str, now: datetime) -> Moment | None:
    """So long before now."""
    found = None if _AHEAD.search(english) else _AGO.search(english)
    minutes = span_minutes(english) if found else None
    if minutes is None or minutes <= 0 or minutes > 10 * 366 * 24 * 60:
        return None
    return Moment(now - timedelta(minutes=minutes), english)


def _whole(english: str, day: datetime, words: list[str], now: datetime) -> Moment:
    """A day without a time in it: its end, for a day to come its end too, and its two ends where it began already."""
    at = day + DAY * (2 if any("weekend" in word for word in words) else 1)
    span = (day, at) if day <= now else None
    if re.search(r"\bsince\b", english):
        at = day
    return Moment(at, _without(english, *words), span, clock=_CLOSE.search(english) is not None and at <= now)


def _clock(english: str) -> "re.Match[str] | None":
    undated = DATE.sub(lambda date: " " * len(date[0]), english)
    for found in _CLOCK.finditer(undated):
        minutes = found["colon"] in (":", "h") or (found["colon"] == "." and found["half"]) or found["zone"]
        if found["half"] or found["before"] or minutes or (found["at"] and not found["colon"]):
            return found
    return None


def clocks_joined(english: str) -> str:
    """A text with "between 8am and 10am" as "between 8am to 10am", which no "and" takes apart."""
    return _CLOCKS.sub(lambda span: re.sub(r"\band\b", "to", span[0]), english)


def _span_gone(
    english: str, now: datetime, day: datetime | None, *, past: bool
) -> tuple[str, datetime, datetime] | None:
    """From one time of day to another, "between 8am and 10am", the last ones where no day is named; None if to come."""
    found = _CLOCKS.search(english)
    part = re.search(r"\b(?:(morning)|evening|afternoon)\b", english)
    if found is None or "tomorrow" in english or not (part or any(found[group] for group in (2, 3, 5, 6))):
        return None  # may be prices
    half = found[6] or (None if part is None else "am" if part[1] else "pm")
    first, last = _hour(found[1], found[3] or half), _hour(found[4], half)
    first -= 12 * (found[3] is None and first > last)  # "11 to 2pm"
    start = day or midnight(now)
    begins = start + timedelta(hours=first, minutes=int(found[2] or 0))
    ends = start + timedelta(hours=last, minutes=int(found[5] or 0))
    if past and ends > now and day is None:
        begins, ends = begins - DAY, ends - DAY
    return (found[0], begins, ends) if start - DAY <= begins < ends <= now else None


def _part_gone(english: str, now: datetime, day: datetime | None, *, ahead: bool) -> Moment | None:
    """A part of a day that has begun, as a span, where it is no moment; the end of this morning where that is asked."""
    found = _PART_GONE.search(english)
    if found is None or not ((always := found[0] in ("this morning", "last night")) or _OF_A_SPAN.search(english)):
        return None
    first, last = _HOURS_OF[found["part"]]
    start = day or midnight(now) - DAY * (found["day"] == "last")
    begins = start + first * HOUR * (start + first * HOUR < now)  # at four, this morning began at midnight
    ends = now + HOUR if re.search(r"\b(?:bought|sold)\b", english) else start + last * HOUR
    if ahead or (begins == start and found["part"] != "morning"):
        return Moment(ends, _without(english, found[0])) if always and ends > now else None
    at = begins if re.search(r"\bsince\b", english) else min(ends, now)
    return Moment(at, _without(english, found[0]), (begins, ends), clock=False)


def _hour(written: str, half: str | None) -> int:
    return int(written) % 12 + 12 * (half == "pm") if half in ("am", "pm") else int(written)


def _on_the_clock(english: str, clock: "re.Match[str]", now: datetime, day: datetime | None, *, past: bool) -> datetime:
    hour, minute = int(clock["hour"]), int(clock["minute"] or 0)
    half = (clock["before"] or clock["half"] or "").strip()
    late = half == "pm" or re.search(r"\b(?:tonight|evening|afternoon|night)\b", english) is not None
    if late and hour < 12:
        hour += 12
    elif half == "am" and hour == 12:
        hour = 0
    elif hour == 12 and half != "pm" and re.search(r"\b(?:tonight|night)\b", english):
        hour = 24
    time = timedelta(hours=hour, minutes=minute)
    if day is None and "tomorrow" in english:
        day = midnight(now) + DAY
    if day is not None:
        return day + time
    loose = half in ("oclock", "o'clock") or (not half and clock["colon"] is None)
    unclear = loose and 1 <= hour <= 12 and not past and "morning" not in english
    if unclear:  # "at 5": whichever comes first
        return min(_upcoming(midnight(now) + time + half_day * HOUR, now) for half_day in (0, 12))
    return _shifted(midnight(now) + time, now, past=past, dated=False)


def _shifted(at: datetime, now: datetime, *, past: bool, dated: bool) -> datetime:
    """The occurrence before now of what lies in the past, else the one after it; a day that was named is that day."""
    if dated:
        return at
    if past:
        return at - DAY if at > now else at
    return _upcoming(at, now)


def _upcoming(at: datetime, now: datetime) -> datetime:
    while at <= now:
        at += DAY
    return at


def _without(english: str, *words: str) -> str:
    for word in words:
        english = english.replace(word, " attime ", 1)
    return re.sub(r"\b(?:tomorrow|yesterday|tonight|morning|evening|afternoon|night)\b", " ", english)
