"""Days in plain English ("friday", "28 november", "day before yesterday"), as the midnights that they begin with."""

import re
from datetime import datetime, timedelta
from functools import lru_cache

DAY = timedelta(days=1)
REACH = DAY  # ahead, that a forecast looks
_UNIT = r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?)"
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEKDAY = re.compile(rf"\b(?P<next>next |coming )?(?P<day>{'|'.join(_WEEKDAYS)}|weekend)s?\b")
_MONTHS = (
    "january|february|march|april|may|june|july|august|september|october|november|december|"
    "jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th|\.)?(?: of)?(?: the)? (?:{_MONTHS})\b(?:,? (?:of )?\d{{4}})?|"
    rf"\b(?:{_MONTHS}) \d{{1,2}}(?:st|nd|rd|th)?\b(?! ?(?:{_UNIT}|\d(?!\d?(?: ?[ap]m|:\d|\d{{3}}))))(?:,? \d{{4}})?|"
    r"\b20\d\d[-/.][01]?\d[-/.][0-3]?\d(?!\d)|(?<![\d$.,/-])[0-3]?\d[./][0-3]?\d[./]20\d\d(?!\d)"
    r"|(?<![\d$.,/-])[0-3]?\d\.[01]?\d\.(?![\d.])"
)
_MONTH_YEAR = re.compile(rf"\b(?:{_MONTHS}) 20\d\d\b")
_FAR_YEAR = re.compile(
    r"\b(?:in|by|until|before|for|end of|of) (20[2-9]\d)\b|\b(?:in|during|of|year|price|worth) (20(?:09|1\d))\b"
)
_END_OF = re.compile(r"\b(?:end of (?:the |this )?|by the end of )(week|month|quarter|year)\b")
_TODAY = re.compile(r"\btoday(?:'?s)?\b")
_YESTERDAY = re.compile(r"\byesterday(?:'?s)?\b")
DAYS_AGO = re.compile(r"\b(\d{1,3}) days ago\b|\bago (\d{1,3}) days\b")
_PREVIOUS = re.compile(r"\bday before\b(?: yesterday\b)?")


class Impossible(ValueError):
    """A date or time of day that there is not, such as 30 February."""


def day_in(english: str, now: datetime, *, past: bool, ahead: bool) -> tuple[datetime | None, list[str]]:
    """Midnight at the beginning of the day that a text names, and the words that name it."""
    if end := _END_OF.search(english):
        days = {"week": 6 - now.weekday(), "month": 30 - now.day, "quarter": 90, "year": 365 - now.timetuple().tm_yday}
        return midnight(now) + max(0, days[end[1]]) * DAY, [end[0]]
    if date := DATE.search(english):
        return _dated(date[0], now, past=past and not ahead), [date[0]]
    if month := _MONTH_YEAR.search(english):
        return _dated(f"1 {month[0]}", now, past=False), [month[0]]
    if far := _FAR_YEAR.search(english):
        return midnight(now).replace(year=int(far[1] or far[2]), month=12, day=31), [far[0]]
    if named := _WEEKDAY.search(english):
        return _weekday(named, english, now, past=past, ahead=ahead), [named[0]]
    if ago := DAYS_AGO.search(english):
        return midnight(now) - int(ago[1] or ago[2]) * DAY, [ago[0]]
    for pattern, away in ((_PREVIOUS, -2), (_YESTERDAY, -1), (_TODAY, 0)):
        if word := pattern.search(english):
            return midnight(now) + away * DAY, [word[0]]
    return None, []


def _weekday(named: "re.Match[str]", english: str, now: datetime, *, past: bool, ahead: bool) -> datetime:
    """Midnight of the day of the week that is meant: the last one where the next is out of reach."""
    weekday = 5 if named["day"] == "weekend" else _WEEKDAYS.index(named["day"])
    away = (weekday - now.weekday()) % 7
    if named["next"]:
        return midnight(now) + (away or 7) * DAY
    if past or (midnight(now) + away * DAY - now > REACH and not ahead):
        away -= 7 * (away > 0 or re.search(r"\blast\b", english) is not None)
    return midnight(now) + away * DAY


def _dated(date: str, now: datetime, *, past: bool) -> datetime:
    """The day of a date: of this year where none is named, unless only another can be meant."""
    parsed = _parsed(date, midnight(now).replace(tzinfo=None))
    if parsed is None:
        raise Impossible
    day = parsed.replace(tzinfo=now.tzinfo)
    if re.search(r"\d{4}", date):
        return day
    if past and day > now:
        return day.replace(year=day.year - 1)
    half_a_year = 183 * DAY
    if not past and day + DAY < now - half_a_year:
        return day.replace(year=day.year + 1)
    return day


@lru_cache(maxsize=256)
def _parsed(date: str, today: datetime) -> datetime | None:
    import dateparser  # type: ignore[import-untyped]  # takes a second, which few questions need

    if numeric := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", date):
        date = f"{numeric[1]}-{int(numeric[2]):02}-{int(numeric[3]):02}"
    order = "MDY" if re.match(r"\d{1,2}/\d", date) and not re.match(r"(1[3-9]|[23]\d)/", date) else "DMY"
    if re.match(r"\d{4}-", date):
        order = "YMD"
    settings = {
        "RELATIVE_BASE": today,
        "PREFER_DATES_FROM": "current_period",
        "REQUIRE_PARTS": ["day", "month"],
        "DATE_ORDER": order,
        "PARSERS": ["absolute-time"],
    }
    parsed = dateparser.parse(date.rstrip("."), languages=["en"], settings=settings)
    return None if parsed is None else midnight(parsed.replace(tzinfo=None))


def midnight(time: datetime) -> datetime:
    """The beginning of a moment's day, on its own clock."""
    return time.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
