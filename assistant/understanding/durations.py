"""Spans of time in plain English, as hours."""

import re
from math import ceil

FARTHEST = 1_000_000  # hours: enough to be refused in words, and finite
_UNIT = r"(?P<unit>minutes?|mins?|hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|years?|yrs?|y)"
_UNITS = r"(?:minutes?|mins?|hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|years?|yrs?|y)\b"
_UNIT_HOURS = {"mi": 1 / 60, "h": 1, "d": 24, "w": 168, "mo": 720, "y": 8760}
_NUMBER = r"-?\d{1,16}(?:\.\d{1,6})?(?:e\d{1,3})?"
_BETWEEN = r"(?:full |whole |more |last |past |next |previous |coming |following |recent |other |such )*"
_SPAN = re.compile(
    rf"(?<![\d$.])(?P<number>{_NUMBER}(?=[ -]*{_BETWEEN}{_UNITS})|\b(?:an?|one)(?=[ -]))[ -]*{_BETWEEN}{_UNIT}\b"
)
_NEXT_OR_LAST = re.compile(
    rf"\b(?:next|coming|following|upcoming|this|last|past|previous|within the|in the|whole|the) (?:full "
    rf"|whole )?{_UNIT}\b"
)
_LATER = re.compile(rf"\b{_UNIT} (?:next|last|past|coming|following|previous|ago|later|ahead|from now)\b")
_UNITLESS = re.compile(
    r"\b(?:in|within|next|last|past|after|\+) ?(?P<number>-?\d{1,4})\b(?! *(?:%|percent|dollars|usd|forecast"
    r"|prediction|[.,:/]\d|x\b))"
)
_PLUS = re.compile(r"(?<![\w)])\+ ?(?P<number>\d{1,4})\b(?!\d*[.%])")
_DAY_WORDS = {
    "day after tomorrow": 48, "day before yesterday": 48, "day before": 48, "tomorrow": 24, "yesterday": 24,
    "today": 24,
    "daily": 24, "overnight": 12, "last night": 12, "this morning": 12, "weekly": 168, "fortnight": 336,
}  # fmt: skip
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(?:this|same) time tomorrow\b", "in 24 hours"),
        (r"\bquarter (?:of )?an? hour\b", "15 minutes"),
        (r"\b(?:an? |one |1 )?half[ -](?:an? |of an? )?hour\b", "30 minutes"),
        (r"\b(?:an? |one |1 )?half[ -](?:of )?(?:an? |the )?day\b", "12 hours"),
        (r"\b(?:an?|one|1) day and (?:an? )?half\b|\b1 and (?:an? )?half days?\b", "36 hours"),
        (r"\b(?:an?|one|1) hours? and (?:an? )?half\b|\b(?:1|one|an) and (?:an? )?half hours?\b", "90 minutes"),
        (r"\b(\d{1,4}) and (?:an? )?half (hours|days)\b|\b(\d{1,4}) (hours|days) and (?:an? )?half\b", r"\1\3.5 \2\4"),
        (r"\b(\d{1,4}) and 30 minutes (?:after|later|in|from)", r"\1.5 hours later"),
        (r"\b(?:an? )?(?:couple|pair)(?: of)?(?: more)? (?=(?:hours|days|weeks))", "2 "),
        (r"\b(?:an? )?(?:few|several|handful of|some)(?: more)? (?=(?:hours|days|weeks))", "3 "),
        (rf"\bbetween (\d{{1,4}}) and (\d{{1,4}}) ?(?={_UNITS})", r"\1-\2 "),
        (rf"(?<![\d$.-])(\d{{1,4}}) ?(?:-|to|or|until) ?(\d{{1,4}})[ -]?(?={_UNITS})", r"\2 "),
        (r"\b(\d{1,3}) ?h ?(\d\d)(?: ?m(?:in)?)?\b", r"\1 hours \2 minutes"),
        (
            r"\b(\d{1,3}) ?hours?,? (?:and )?(\d{1,2}) ?min(?:ute)?s?\b|\b(\d{1,3}) ?h ?(\d{1,2}) ?m\b",
            r"\1\3.\2\4 hourminutes",
        ),
        (r"\b(\d{1,3}) ?days?,? (?:and )?(\d{1,2}) hours?\b", r"\1.\2 dayhours"),
    )
)
_LIST = re.compile(
    rf"(?<![\d$.:-])\d{{1,4}}(?:(?: ?(?:,|/|&) ?(?:and )?| (?:and|plus|then) )\d{{1,4}})+ ?(?P<unit>{_UNITS})"
)
_HOURMINUTES = re.compile(r"(\d+)\.(\d+) (hourminutes|dayhours)")


def rewritten(text: str) -> str:
    """A text whose spans are a number and a unit each; a list such as "1, 6 and 24 hours" gets its unit thrice."""
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _HOURMINUTES.sub(_summed, text)
    return _LIST.sub(lambda listed: " , ".join(f"{n} {listed['unit']}" for n in re.findall(r"\d+", listed[0])), text)


def span_hours(text: str) -> int | None:
    """The first span that a rewritten text names, in hours rounded up, or None."""
    if span := _SPAN.search(text):
        number = 1.0 if span["number"].isalpha() else float(span["number"])
        return whole(number * _unit_hours(span["unit"]))
    if unitless := _PLUS.search(text) or _UNITLESS.search(text):
        return int(unitless["number"])
    for word, hours in _DAY_WORDS.items():
        if re.search(rf"\b{word}\b", text) and not (word in ("tomorrow", "yesterday") and _TIMED.search(text)):
            return hours
    if named := _NEXT_OR_LAST.search(text) or _LATER.search(text):
        return whole(_unit_hours(named["unit"]))
    return None


_TIMED = re.compile(
    r"\b(?:tomorrow (?:morning|afternoon|evening|night|noon)|(?:at|by|until|since|around) \d|\d{1,2} ?[ap]m|\d:\d\d"
    r"|midnight|noon|oclock|end of)\b"
)


def whole(hours: float) -> int:
    """Hours rounded up, within what can be said."""
    return ceil(max(-FARTHEST, min(FARTHEST, round(hours, 9))))


def _summed(found: "re.Match[str]") -> str:
    first, second = int(found[1]), int(found[2])
    minutes = first * 60 + second if found[3] == "hourminutes" else (first * 24 + second) * 60
    return f"{minutes} minutes"


def _unit_hours(unit: str) -> float:
    return _UNIT_HOURS[unit[:2] if unit[0] == "m" else unit[0]]
