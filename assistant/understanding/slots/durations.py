"""Spans of time in plain English, as minutes."""

import re
from math import ceil

EVERY = 3  # hours from the first on that are a path
FARTHEST = 1_000_000  # hours: enough to be refused in words, and finite
_UNIT = r"(?P<unit>minutes?|mins?|hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|years?|yrs?|y)"
_UNITS = r"(?:minutes?|mins?|hours?|hrs?|hr|h|days?|d|weeks?|wks?|w|months?|years?|yrs?|y)\b"
_UNIT_MINUTES = {"mi": 1, "h": 60, "d": 24 * 60, "w": 168 * 60, "mo": 720 * 60, "y": 8760 * 60}
_NUMBER = r"-?\d{1,16}(?:\.\d{1,6})?(?:e\d{1,3})?"
_BETWEEN = r"(?:full |whole |more |last |past |next |previous |coming |following |recent |other |such )*"
_SPAN = re.compile(
    rf"(?<![\d$.])(?P<number>{_NUMBER}(?=[ -]*{_BETWEEN}{_UNITS})|\b(?:an?|one)(?=[ -]))[ -]*{_BETWEEN}{_UNIT}\b"
)
_NEXT_OR_LAST = re.compile(
    rf"\b(?:next|coming|following|upcoming|this|last|past|previous|within the|in the|whole|the) (?:full "
    rf"|whole )?{_UNIT}\b"
)
_LATER = re.compile(rf"\b{_UNIT} (?:next|last|past|coming|following|previous|ago|later|ahead|from now|chart|change)\b")
_UNITLESS = re.compile(
    r"\b(?:in|within|next|last|past|after) ?(?P<number>-?\d{1,4})\b(?! *(?:%|percent|dollars|usd|forecast"
    r"|prediction|[.,:/]\d|x\b))"
)
_PLUS = re.compile(r"(?<![\w)])\+ ?(?P<number>\d{1,4})\b(?!\d*[.%])")
_M = re.compile(r"(?<![\d$.,-])(\d{1,3}) ?m\b(?! ?(?:usd|dollars?))")
_PASSES = re.compile(
    r"(?:\$|\b(?:usd|above|over|below|under|hits?|reach(?:es)?|breaks?|cross(?:es)?|pass(?:es)?|past|than|to"
    r"|at|exceeds?"
    r"|tops?|touch(?:es)?|worth|have|with|invest))(?: \w{1,6})? ?$"
)
_DAY_WORDS = {
    "day after tomorrow": 48, "tomorrow": 24, "yesterday": 24,
    "daily": 24, "overnight": 8, "weekly": 168, "fortnight": 336,
    "all time": FARTHEST,
}  # fmt: skip
_ASSUMED: dict[str, re.Pattern[str]] = {  # vague words, by the key of what is said of them
    "overnight": re.compile(r"\bover ?night\b"),
    "few_hours": re.compile(r"\bfew \d+ hours\b"),
    "few_minutes": re.compile(r"\bfew \d+ minutes\b"),
    "soon": re.compile(r"\b(?:soon|shortly|in a bit)\b"),
}
_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\b(hours|minutes)[=:] ?(\d{1,4})\b", r"\2 \1"),  # as a call of a tool has it
        (r"\b(?:this|same) time tomorrow\b", "in 24 hours"),
        (r"\b(?:an? )?(?:couple|pair|few|several|handful|some)(?: of)?(?: more)? minutes\b", "few 15 minutes"),
        (r"(?<![\w.])(\$?\d[\d.,]*k?) ?<=? ?([^\s<]+) ?<=? ?(?=\$?\d)", r"\2 between \1 and "),  # "p(2 < xrp < 3)"
        (r"\b(\d{1,2})(?:st|nd|rd|th) percentile\b", r"\1% percentile"),
        (r"\bone (?=per ?cent\b|pct\b)", "1 "),
        (r"\bbefore tomorrow\b(?! (?:morning|noon|afternoon|evening|night|at|\d))", "by midnight"),
        (r"\b(?:next|coming|following) minutes\b", "next few 15 minutes"),  # the nearest that are forecast
        (r"\b(?:an?|one|1) hours? and an? quarter\b|\b(?:an?|one|1) and an? quarter hours?\b", "75 minutes"),
        (r"\b(?:3|three)[ -]quarters? (?:of )?(?:an? |the )?hour\b", "45 minutes"),
        (r"\b(?:an? |1 )?quarter[ -](?:of )?(?:an? |the )?hour\b", "15 minutes"),
        (r"\b(?:an? |one |1 )?half[ -](?:an? |of an? )?hour\b", "30 minutes"),
        (r"\b(?:an? |one |1 )?half[ -](?:of )?(?:an? |the )?day\b", "12 hours"),
        (r"\b(?:an?|one|1) day and (?:an? )?half\b|\b1 and (?:an? )?half days?\b", "36 hours"),
        (
            r"(?:\b(?:an?|one|1) |(?<!\d) )hours? and (?:an? )?half\b|\b(?:1|one|an) and (?:an? )?half hours?\b",
            " 90 minutes",
        ),
        (r"\b(\d{1,4}) and (?:an? )?half (hours|days)\b|\b(\d{1,4}) (hours|days) and (?:an? )?half\b", r"\1\3.5 \2\4"),
        (r"\b(\d{1,4}) and 30 minutes (?:after|later|in|from)", r"\1.5 hours later"),
        (r"\b(?:an? )?(?:couple|pair)(?: of)?(?: more)? (?=(?:hours|days|weeks))", "2 "),
        (r"\b(?:an? )?(?:few|several|handful of|some)(?: more)? (?=(?:hours|days|weeks))", "few 3 "),
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
    rf"(?<![\d$.:-])\d{{1,4}}(?:(?: ?(?:,|/|&) ?(?:and )?| (?:and|plus|then) )\d{{1,4}}){{1,24}} ?(?P<unit>{_UNITS})"
)
_ROW = re.compile(rf"(?<![\d$.:-])(?:\d{{1,4}} ?{_UNITS}[ ,]*){{2,}}")  # "1h 2h 3h 4h"
_HOURMINUTES = re.compile(r"(?<!\d)(\d+)\.(\d+) (hourminutes|dayhours)")


def rewritten(text: str) -> str:
    """A text whose spans are a number and a unit each; a list such as "1, 6 and 24 hours" gets its unit thrice.

    A few minutes, and the next ones, are a quarter of an hour: the nearest that is forecast.
    """
    for pattern, replacement in _REWRITES:
        text = pattern.sub(replacement, text)
    text = _HOURMINUTES.sub(_summed, text)
    text = _LIST.sub(lambda listed: _listed([f"{n} {listed['unit']}" for n in re.findall(r"\d+", listed[0])]), text)
    return _ROW.sub(lambda row: _listed(re.findall(rf"\d+ ?{_UNITS}", row[0])), text)


def _listed(spans: list[str]) -> str:
    """Spans beside each other; "1h 2h 3h" are three hours, each of them asked about."""
    steps = [int(each.split()[0].rstrip("hours")) if re.search(r"\d ?h", each) else 0 for each in spans]
    if len(spans) >= EVERY and steps == list(range(1, len(spans) + 1)):
        return f" {len(spans)} hours hour by hour "
    return f" {' , '.join(spans)} "


_JOINED = (
    (re.compile(r"(\d) ?(?:\u0447(?:\u0430\u0441\w*)?\b|시간)"), r"\1 hours"),
    (re.compile(r"(\d) ?시"), r"\1 oclock"),
    (re.compile(r"(\d) ?(?:мин\w*|mins?)\b|(\d) ?분"), r"\1\2 minutes"),
)


def minutes_marked(text: str) -> str:
    """A text with "15m" as "15 minutes", unless that may be millions that a price passes."""
    for pattern, written in _JOINED:
        text = pattern.sub(written, text)
    return _M.sub(lambda found: found[0] if _PASSES.search(text[: found.start()]) else f"{found[1]} minutes", text)


def assumed_in(text: str) -> str | None:
    """The vague word for a span that a text has, by its key; None where there is none."""
    return next((key for key, pattern in _ASSUMED.items() if pattern.search(text)), None)


def unitless(text: str) -> int | None:
    """The number of a rewritten text that is a time without its unit, as in "and in 30?"."""
    if _SPAN.search(text):
        return None
    found = _PLUS.search(text) or _UNITLESS.search(text)
    return int(found["number"]) if found else None


def span_minutes(text: str) -> int | None:
    """The first span that a rewritten text names, in minutes rounded up, or None."""
    if span := _SPAN.search(text):
        number = 1.0 if span["number"].isalpha() else float(span["number"])
        return _whole(number * _unit_minutes(span["unit"]))
    if unitless := _PLUS.search(text) or _UNITLESS.search(text):
        return _whole(60 * int(unitless["number"]))
    for word, hours in _DAY_WORDS.items():
        if re.search(rf"\b{word}\b", text) and not (word in ("tomorrow", "yesterday") and _TIMED.search(text)):
            return 60 * hours
    if named := _NEXT_OR_LAST.search(text) or _LATER.search(text):
        return _whole(_unit_minutes(named["unit"]))
    return None


_TIMED = re.compile(
    r"\b(?:tomorrow (?:morning|afternoon|evening|night|noon)|(?:at|by|until|since|around) \d|\d{1,2} ?[ap]m|\d:\d\d"
    r"|midnight|noon|oclock|end of)\b"
)


def _whole(minutes: float) -> int:
    """Minutes rounded up, within what can be said."""
    return ceil(max(-60 * FARTHEST, min(60 * FARTHEST, round(minutes, 6))))


def _summed(found: "re.Match[str]") -> str:
    first, second = int(found[1]), int(found[2])
    minutes = first * 60 + second if found[3] == "hourminutes" else (first * 24 + second) * 60
    return f"{minutes} minutes"


def _unit_minutes(unit: str) -> int:
    return _UNIT_MINUTES[unit[:2] if unit[0] == "m" else unit[0]]
