"""The figures in a text: prices, percentages, counts, times and dates, as six languages write them.

A figure may be read in several ways: "69.930" is nearly seventy in English and nearly seventy thousand in German.
Number words count where they name a price or a percentage; small ones, such as "two hours", do not.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from assistant.grounding.number_words import WORDS, value_of


class Kind(StrEnum):
    """What a figure speaks of."""

    MONEY = "money"
    PERCENT = "percent"
    PLAIN = "plain"  # a count, hours, or anything else
    CLOCK = "clock"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a number: its value, and the size of its last digit that is not a trailing zero."""

    value: float
    step: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and where it stands. Clocks have (hour, minute), dates (day, month, year or 0)."""

    kind: Kind
    text: str
    start: int
    end: int
    readings: tuple[Reading, ...] = ()  # none where it cannot be read: then nothing vouches for it
    parts: tuple[int, ...] = ()
    sign: int = 0  # 1 and -1 where it is written


_MONTHS = (
    "jan january januar enero janvier janeiro ene", "feb february februar febrero février fevereiro fév fev",
    "mar march märz marzo mars março mär", "apr april abril avril abr avr", "may mai mayo maio",
    "jun june juni junio juin junho", "jul july juli julio juillet julho juil", "aug august agosto août ago aoû",
    "sep september septiembre septembre setembro sept set", "oct october oktober octubre octobre outubro okt out",
    "nov november noviembre novembre novembro", "dec december dezember diciembre décembre dezembro dez dic déc",
)  # fmt: skip
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, start=1) for name in names.split()}
MONTHS = tuple(_MONTH_OF)  # their names in all languages
MONTH = rf"(?:{'|'.join(sorted(_MONTH_OF, key=len, reverse=True))})\b\.?"
LONGEST = 60  # characters of a number that is read
_GAP = "[ \u00a0\u202f\u2009]"
_NUMBER = r"\d{1,3}(?:[.,'\u2019 \u00a0\u202f\u2009]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_SCALES = {
    r"k\b|tsd\b|thousand\b|tausend\b|mil\b|mille\b|\u5343": 1e3,
    r"\u4e07|\u842c": 1e4,
    r"m\b(?=\W*(?:usd|dollar))|mio\b|million\w*|millon\w*|mill\u00f3n|milh\w*": 1e6,
    r"bn\b|billion\w*|mrd\b|milliard\w*": 1e9,
    r"\u4ebf|\u5104": 1e8,
}
_SCALE = "|".join(_SCALES)
_PERCENT = r"(?:-%-|%|\uff05|per\s?cent\w*|pct\b|prozent\w*|por\s?ciento|por\scento|pour\s?cent|bps\b|basis\spoints?)"
_CURRENCY = r"(?:usdt?\b|dollars?\b|d[o\u00f3]lar\w*|\u7f8e\u5143|\u5200|\$)"
_DAY = r"\d{1,2}(?:st|nd|rd|th|\.|\u00ba|er)?"
_DATES = rf"""
    (?P<iso>\b\d{{4}}-\d\d-\d\d)
  | (?P<zh>(?:(?P<zy>\d{{4}})\u5e74)?(?P<zm>\d{{1,2}})\u6708(?P<zd>\d{{1,2}})[\u65e5\u53f7])
  | (?P<dmy>\b(?P<dd>{_DAY}){_GAP}(?:(?:de|of){_GAP})?(?P<dm>{MONTH})(?:,?{_GAP}(?:de{_GAP})?(?P<dy>\d{{4}})(?!-))?)
  | (?P<mdy>\b(?P<mm>{MONTH}){_GAP}(?P<md>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,?{_GAP}(?P<my>\d{{4}})(?!-))?)
  | (?P<slash>\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b)
"""
_CLOCKS = rf"""
    (?P<clock>(?<![\d:])(?P<ch>[01]?\d|2[0-4])[:h](?P<cm>[0-5]\d)(?!\d)(?:{_GAP}?(?P<cap>[ap])\.?m\b)?)
  | (?P<ampm>\b(?P<ah>1[0-2]|0?[1-9]){_GAP}?(?P<ap>[ap])\.?m\b\.?)
  | (?P<oclock>\b(?P<oh>[01]?\d|2[0-4]){_GAP}?(?:uhr\b|o'clock|[\u70b9\u9ede\u65f6](?![\u5185\u95f4])))
"""
_NUMBERS = rf"""
    (?P<before>(?:[$\u20ac\u00a3]|us\$|usdt?\b|\u767e\u5206\u4e4b){_GAP}?)?
    (?P<sign>(?<![\w\u4e00-\u9fff])[+\u2212-])?(?P<second>[$]{_GAP}?)?
    (?<![^\W\u4e00-\u9fff])(?<!\.)(?P<number>{_NUMBER})(?P<scale>{_GAP}?(?:{_SCALE}))?(?P<after>{_GAP}?(?:{_PERCENT}|{_CURRENCY}))?
  | (?P<words>{WORDS})(?P<wafter>{_GAP}?(?:{_PERCENT}|{_CURRENCY}))?
"""
_FIGURE = re.compile(f"{_DATES}|{_CLOCKS}|{_NUMBERS}", re.IGNORECASE | re.VERBOSE)
_LISTED = re.compile(
    rf"^(?P<indent>[^\S\n]*)\d{{1,2}}[.)]\s(?!{MONTH})", re.MULTILINE | re.IGNORECASE
)  # the number of an item in a list


def figures_in(text: str) -> Iterator[Figure]:
    """Every figure, in order."""
    items = {found.end("indent") for found in _LISTED.finditer(text)}
    for found in _FIGURE.finditer(text):
        if found.start() in items:
            continue
        figure = _moment(found) or _words(found) or _number(found)
        if figure is not None:
            yield figure


def readings_of(number: str) -> tuple[Reading, ...]:
    """How a written number may be read; nothing where it is longer than any price or count."""
    if len(number) > LONGEST:
        return ()
    bare = re.sub("['\u2019 \u00a0\u202f\u2009]", "", number)
    points, commas = bare.count("."), bare.count(",")
    if points and commas:
        decimal = max(".,", key=bare.rfind)
        return (_reading(bare.replace("," if decimal == "." else ".", ""), decimal),)
    if points + commas == 0:
        return (_reading(bare, "."),)
    mark = "." if points else ","
    grouped = re.fullmatch(rf"[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+", bare) is not None
    whole = [_reading(bare.replace(mark, ""), ".")] if grouped else []
    return (*whole, _reading(bare, mark)) if points + commas == 1 else tuple(whole)


def _reading(digits: str, mark: str) -> Reading:
    whole, _, decimals = digits.partition(mark)
    if decimals:
        return Reading(float(f"{whole}.{decimals}"), 10.0 ** -len(decimals))
    zeros = len(whole) - len(whole.rstrip("0")) if whole.strip("0") else 0
    return Reading(float(whole), 10.0**zeros)


def _moment(found: re.Match[str]) -> Figure | None:
    parts = _date(found)
    if parts is not None:
        return Figure(Kind.DATE, found[0], *found.span(), parts=parts)
    for hour, minute, half in (("ch", "cm", "cap"), ("ah", "", "ap"), ("oh", "", "")):
        if found[hour] is None:
            continue
        hours = int(found[hour]) % 24
        if half and found[half]:
            hours = hours % 12 + (12 if found[half].lower() == "p" else 0)
        return Figure(Kind.CLOCK, found[0], *found.span(), parts=(hours, int(found[minute]) if minute else 0))
    return None


def _date(found: re.Match[str]) -> tuple[int, int, int] | None:
    if found["iso"]:
        year, month, day = map(int, found["iso"].split("-"))
        return day, month, year
    if found["zh"]:
        return int(found["zd"]), int(found["zm"]), int(found["zy"] or 0)
    if found["slash"]:
        day, month, year = map(int, re.split(r"[/.]", found["slash"]))
        return day, month, year + 2000 if year < 100 else year
    if found["dmy"]:
        return int(re.sub(r"\D", "", found["dd"])), _month(found["dm"]), int(found["dy"] or 0)
    if found["mdy"]:
        return int(found["md"]), _month(found["mm"]), int(found["my"] or 0)
    return None


def _month(name: str) -> int:
    return _MONTH_OF[name.lower().rstrip(".")]


def _words(found: re.Match[str]) -> Figure | None:
    if not found["words"]:
        return None
    value = value_of(found["words"])
    readings = () if value is None else (Reading(value, 1.0),)
    before = found[0] if found[0].startswith("\u767e\u5206\u4e4b") else ""
    return Figure(_kind(before, found["wafter"] or ""), found[0], *found.span(), readings=readings)


def _number(found: re.Match[str]) -> Figure | None:
    before, after = (found["before"] or "") + (found["second"] or ""), (found["after"] or "").strip()
    factor = _factor(found["scale"]) * (0.01 if re.match("bps|basis", after, re.IGNORECASE) else 1)
    readings = tuple(Reading(each.value * factor, each.step * factor) for each in readings_of(found["number"]))
    kind = _kind(before, after)
    if kind is Kind.PLAIN and factor >= 1000:
        kind = Kind.MONEY
    sign = {"+": 1, "-": -1, "\u2212": -1}.get(found["sign"] or "", 0)
    return Figure(kind, found[0], *found.span(), readings=readings, sign=sign)


def _kind(before: str, after: str) -> Kind:
    if "\u767e" in before or re.fullmatch(_PERCENT, after.strip(), re.IGNORECASE):
        return Kind.PERCENT
    return Kind.MONEY if before or after.strip() else Kind.PLAIN


def _factor(scale: str | None) -> float:
    said = (scale or "").strip()
    return next(
        (size for words, size in _SCALES.items() if said and re.match(words.partition("(?=")[0], said, re.I)), 1.0
    )
