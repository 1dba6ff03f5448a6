"""A small grammar: which coins, hours, prices, metrics and counts a question names. It reads plain English.

Other languages are turned into plain English first, word by word, by assistant/understanding/languages.py.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Literal

from assistant.understanding.coins import foreign, symbols_in, unnamed, usual_price
from assistant.understanding.durations import minutes_marked, rewritten, span_minutes
from assistant.understanding.frame import Language
from assistant.understanding.numbers import digits
from assistant.understanding.times import DATE, clocks_marked, hour_close, hour_close_masked, moment
from forecaster.schema import Symbol
from tools import DEAREST, Metric

Direction = Literal["past", "future"]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a question names. ``hours`` are as asked, so they may be 0, negative or huge."""

    symbols: tuple[Symbol, ...] = ()
    foreign: str | None = None  # a stock, currency or metal
    hours: int | None = None  # rounded up
    minutes: int | None = None  # the same, where they are no whole hours
    target: datetime | None = None  # UTC, where the hours come from a time of day
    direction: Direction | None = None
    threshold: float | None = None
    below: bool = False
    metric: Metric | None = None
    last: int | None = None
    days: int | None = None
    bare: int | None = None  # a number that belongs to nothing


_PAST = re.compile(
    r"\b(last|past|previous|ago|yesterday|since|this morning|so far|recent(ly)?|latest|lately|day before|earlier)\b"
)
_FUTURE = re.compile(
    r"\b(next|coming|following|upcoming|in|ahead|from now|later|after|tomorrow|tonight|overnight|within|will|by"
    r"|until|attime)\b"
)
_METRICS: dict[Metric, re.Pattern[str]] = {
    "rmse": re.compile(r"\b(?:rmse|root[ -]mean[ -]squared?(?: error)?|(?:mean )?squared? error)\b"),
    "mape": re.compile(
        r"\b(?:mape|(?:mean |average )?(?:absolute )?percent(?:age)? error|(?:mean )?error percent(?:age)?)\b"
    ),
    "mae": re.compile(
        r"\b(?:mae|mean (?:absolute )?error|average (?:absolute )?error|absolute error|error (?:absolute )?(?:mean"
        r"|average)|error mean absolute)\b"
    ),
    "direction": re.compile(r"\b(?:direction(?:s|al)?(?: accuracy)?|hit rate|up or down right|up/down)\b"),
    "skill": re.compile(r"\bskill(?: score)?\b"),
    "coverage": re.compile(r"\b(?:coverage|calibrat(?:ed|ion)|[589][05] ?% (?:range|band|interval))"),
    "persistence": re.compile(r"\b(?:persistence|no[ -]change|naive|baseline|benchmark)\b"),
}
_MONEY = re.compile(r"\$(\d+(?:\.\d+)?)")
_PASSED = re.compile(
    r"(?:\b(?:above|over|below|under|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|"
    r"tops?|touch(?:es|ing)?|than|past|beyond|beats?|at least|gets? to|goes? to|going to|falls? to|drops? to"
    r"|rises? to|climbs? to|up to|down to|to|at|back)\b|[<>]=?)"
    r"(?: (?:the|a|mark|level|price|of|as|about|around|back|dollars?|usd)){0,3} ?(?P<number>\d{2,9}(?:\.\d+)?)\b"
    r"(?! ?(?:%|percent|hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|am|pm|utc|oclock|candles?"
    r"|forecasts?)\b|[:%])"
)
_BELOW = re.compile(
    r"\b(?:below|under|beneath|less than|lower than|falls?|fell|drops?|down to|sinks?|smaller than|dips?)\b|<"
)
_OWN_MONEY = re.compile(r"\b(?:have|has|got|invest\w*|put|spend|savings|worth of|deposit|with)\b[^?]{0,16}$")
_LEAST_PRICE = 100  # a smaller number is no price, unless it says so or a coin that costs about as much is named
_ABOUT = 20  # times what a coin usually costs, or that part of it: what may be its price
_SMALL_PASSED = re.compile(
    r"\b(?:above|over|below|under|beneath|hits?|hitting|reach(?:es|ing)?|breaks?|breaking|cross(?:es|ing)?"
    r"|pass(?:es|ing)?|exceeds?|tops?|touch(?:es|ing)?|than|beyond|at least)\b"
    r"(?: (?:the|a|mark|level|price|of|about|around)){0,3} ?(?P<number>\d{1,9}(?:\.\d{1,10})?)(?![\d.]*\d)"
    r"(?! ?(?:%|percent|hours?|hrs?|h|minutes?|mins?|days?|weeks?|months?|years?|am|pm|utc|candles?|forecasts?"
    r"|coins?)\b|[:%])"
)
_COUNT = re.compile(
    r"\b(?:last|past|previous|recent|latest|newest|prior) (?P<a>\d{1,6})\b(?! ?(?:hours?|hrs?|h|days?|d|weeks?|w"
    r"|minutes?|months?|years?)\b)"
    r"|\b(?P<b>\d{1,6}) (?:of )?(?:your |the |my |these )?(?:(?:last|past|previous|recent|latest|newest|most|live"
    r"|issued|settled|coin) )*"
    r"(?:forecasts?|predictions?|calls|guesses|outcomes|results|times|hits|misses)\b"
)
_ONE = re.compile(
    r"\b(?:last|previous|latest|most recent|newest) (?:\w+ )?(?:forecast|prediction|call|guess)\b(?!.*\b(?:wrong"
    r"|miss|missed|misses)\b)"
)
_ALARM = re.compile(r"\balarms?\b.{0,24}?\b(\d{1,4}) days\b|\bonce in (\d{1,4}) days\b")
_BARE = re.compile(r"(?<![\w$.])(\d{1,4})(?![\w.%])")


def read_slots(
    english: str,
    language: Language,
    now: datetime,
    every: tuple[Symbol, ...] = (),
    both: tuple[Symbol, ...] = ("BTC-USD", "ETH-USD"),
) -> Slots:
    """What a question in plain English names; `now` is in UTC.

    `every` is what "all coins" means, and `both` what "both" means.
    """
    text = readied(english, language)
    direction: Direction | None = "past" if _PAST.search(text) else "future" if _FUTURE.search(text) else None
    threshold, below, rest = _threshold(text)
    count = _COUNT.search(" ".join(unnamed(rest).split()))
    closing, target = hour_close(rest, now) if direction != "past" else None, None
    minutes = span_minutes(rest) if closing is None else None
    hours = None if minutes is None else ceil(minutes / 60)
    if minutes is None and (at := closing or moment(rest, now)):
        target, rest = at
        hours, direction, target = _hours_to(target, now, direction)
    alarm = _ALARM.search(text)
    bare = _BARE.search(rest)
    return Slots(
        symbols=symbols_in(text, every=every, both=both),
        foreign=foreign(text),
        hours=hours,
        minutes=minutes if minutes is not None and minutes % 60 else None,
        target=target,
        direction=direction,
        threshold=threshold,
        below=below,
        metric=next((metric for metric, pattern in _METRICS.items() if pattern.search(text)), None),
        last=int(count["a"] or count["b"]) if count else 1 if _ONE.search(text) else None,
        days=int(alarm[1] or alarm[2]) if alarm else None,
        bare=int(bare[1]) if bare and hours is None and not count else None,
    )


def metrics_named(english: str) -> int:
    """How many metrics a text names."""
    return sum(pattern.search(english) is not None for pattern in _METRICS.values())


def readied(english: str, language: Language) -> str:
    """A text with numbers as digits and spans of time in one form. Reading it again changes nothing."""
    return " ".join(rewritten(digits(minutes_marked(clocks_marked(english, language)), language)).split())


def mask(readied_text: str) -> str:
    """A readied text with coins and numbers made alike, so that a classifier sees what is asked and not of what."""
    dated = DATE.sub("attime", hour_close_masked(readied_text))
    masked = unnamed(re.sub(r"\bat (?=\d{1,2}(?:\b|[ap]m))", "attime ", dated))
    masked = re.sub(r"\$\d+(?:\.\d+)?", " money ", masked)
    masked = _PASSED.sub(
        lambda at: at[0].replace(at["number"], "money") if float(at["number"]) >= _LEAST_PRICE else at[0], masked
    )
    return " ".join(re.sub(r"-?\d[\d,.:]*(e\d+)?", " n ", masked).split())


def _threshold(text: str) -> tuple[float | None, bool, str]:
    """A price that the coin may pass, whether below is meant, and the text without it."""
    found = [(money.start(), money[1], money[0]) for money in _MONEY.finditer(text)]
    found += [(at.start("number"), at["number"], at["number"]) for at in _PASSED.finditer(text)]
    found += [
        (n.start(), n[0], n[0])
        for n in re.finditer(r"(?<![\w$.:/-])\d{4,9}(?:\.\d+)?(?![\w:%-]| ?(?:hours|minutes))", text)
    ]
    found = [each for each in found if float(each[1]) >= (1 if each[2][0] == "$" else _LEAST_PRICE)]
    near = _costs(text)
    found += [(money.start(), money[1], money[0]) for money in _MONEY.finditer(text) if near(float(money[1]))]
    found += [(at.start("number"), n, n) for at in _SMALL_PASSED.finditer(text) if near(float(n := at["number"]))]
    for place, number, whole in sorted(set(found)):
        value = float(number)
        sold_as_year = (
            not text.startswith("$", place)
            and 2020 <= value <= 2099
            and re.search(r"\b(?:in|by|since|of) $", text[:place])
        )
        if sold_as_year or _OWN_MONEY.search(text[:place]):
            continue
        rest = text[:place] + " money " + text[place + len(whole) :]
        return min(value, float(DEAREST)), _BELOW.search(text) is not None, rest
    return None, False, text


def _costs(text: str) -> Callable[[float], bool]:
    """Whether an amount may be the price of a coin that the text names."""
    usual = [usual_price(symbol) for symbol in symbols_in(text, both=())]
    return lambda value: (
        value > 0 and any(price is None or price / _ABOUT <= value <= price * _ABOUT for price in usual)
    )


def _hours_to(
    target: datetime, now: datetime, direction: Direction | None
) -> tuple[int | None, Direction | None, datetime | None]:
    """Hours from now until a moment, or from one in the past until the newest close of an hour."""
    if target > now:
        return ceil((target - now).total_seconds() / 3600), "future" if direction is None else direction, target
    closed = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return max(1, ceil((closed - target).total_seconds() / 3600)), "past", None
