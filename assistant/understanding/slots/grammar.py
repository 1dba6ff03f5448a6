"""A small grammar: which coins, times, quantities, metrics and counts a question names. It reads plain English.

Other languages are turned into plain English first, word by word, by assistant/understanding/languages.py. Times are
read before other numbers, so that no date or clock is taken for a price.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Literal
from zoneinfo import ZoneInfo

from assistant.understanding.frame import USUAL_SYMBOL, CompareBy, Side
from assistant.understanding.slots.amounts import LEAST_PRICE
from assistant.understanding.slots.coins import COINS, foreign, priced_like, symbols_in, unnamed
from assistant.understanding.slots.comparisons import compared_by, is_calmest, is_ratio, is_turned
from assistant.understanding.slots.currencies import currency_in
from assistant.understanding.slots.currencies import unmarked as without_currencies
from assistant.understanding.slots.days import DATE, Impossible
from assistant.understanding.slots.durations import assumed_in, minutes_marked, rewritten, span_minutes
from assistant.understanding.slots.numbers import digits
from assistant.understanding.slots.quantities import PASSED, PERCENT, Quantities, quantities_in
from assistant.understanding.slots.record import told_of_forecasts
from assistant.understanding.slots.times import (
    clocks_marked,
    dates_marked,
    halves_marked,
    hour_close,
    hour_close_masked,
    military_marked,
    moment,
)
from assistant.understanding.slots.zones import MARKED as ZONES
from assistant.understanding.slots.zones import zone_in
from forecaster.schema import Symbol
from tools import Metric

Tense = Literal["past", "future"]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a question names. ``hours`` are as asked, so they may be 0, negative or huge. Times are in UTC."""

    symbols: tuple[Symbol, ...] = ()
    foreign: str | None = None  # a stock, currency or metal
    hours: int | None = None  # rounded up
    minutes: int | None = None  # the same, where they are no whole hours
    target: datetime | None = None  # a moment to come
    at: datetime | None = None  # a moment of the past
    start: datetime | None = None  # of a day, or of what is asked since then
    end: datetime | None = None
    back: int | None = None  # hours from `start` until now, rounded up
    zone: str | None = None  # that the question names
    assumed: str | None = None  # the vague word that a time was taken for
    direction: Tense | None = None
    quantities: Quantities = field(default_factory=Quantities)
    currency: str | None = None  # but the dollar
    compare_by: CompareBy | None = None
    calmest: bool = False  # of what is compared, whoever moves least comes first
    ratio: bool = False  # one coin's price in another
    farthest: bool = False  # moves or ranges are compared, up or down alike
    turned: bool = False  # the second coin's in the first: "how many sol for one bitcoin"
    metric: Metric | None = None
    last: int | None = None
    horizon: int | None = None  # hours ahead, of forecasts of the record
    worst: bool = False
    end_asked: Side = "range"  # of a span: its high is "above", its low "below"
    loss: bool = False
    told_past: bool = False  # by its verb: "fell"
    asks_when: bool = False
    days: int | None = None
    bare: float | None = None  # a number that belongs to nothing: an int, where it is whole
    impossible: bool = False  # a date or time that there is not

    @property
    def timed(self) -> bool:
        """Whether a time or a span is named."""
        return any(each is not None for each in (self.hours, self.target, self.at, self.start))

    @property
    def priced(self) -> bool:
        """Whether something is asked of the distribution: a price, two, a percentage, a level."""
        q = self.quantities
        return any(each is not None for each in (q.threshold, q.between, q.move_pct, q.move, q.level))


_PAST = re.compile(
    r"\b(last|past|previous|ago|yesterday|since|this morning|so far|recent(ly)?|latest|lately|day before|earlier"
    r"|all time|\d+ ?h(?:ours?)? (?:gains?|losses|change[sd]?|returns?|performance|moves?))\b"
)
_FUTURE = re.compile(
    r"\b(next|coming|following|upcoming|in(?! \u01c0)|ahead|from now|later|after|tomorrow|tonight|overnight|within|will"
    r"|by|until|attime)\b"
)
_FEW = re.compile(r"\bfew (?=\d)")  # what durations.py leaves of "a few hours"
_STRANGE = re.compile(
    r"^(?:what's |whats |what is )?(?:the )?(?:price|value|forecast|prediction|chart) (?:of"
    r"|for) ([a-z]{4,}[0-9]+[a-z0-9]*|[a-z]+\d+)\W*$"
)
_HIGH = re.compile(r"\b(?:high|highest|peak|top|max|maximum)\b")
_LOW = re.compile(r"\b(?:low|lowest|bottom|min|minimum)\b")
_LOSS = re.compile(r"\b(?:my risk|(?:i|we) be down|lose|loss|losses|at risk|value at risk|worst case|downside)\b")
_FELL = re.compile(r"\b(?:fell|rose|dropped|gained|lost|pumped|dumped|moved|did|performed|was|were|went)\b")
_IN_SATOSHIS = re.compile(r"(?<!\d)(?<!\d )\b(?:sats|satoshis)\b")  # and not "500 sats"
_MOVED = re.compile(r"\b(?:mov(?:ed?|es|ing)|(?:wid|narrow)(?:er|est)|volatil\w*|uncertain)\b")
_SINCE = re.compile(r"\bsince\b")
_DAY = 24 * 60  # minutes
_SHORTEST = 10  # minutes in which a candle of five has closed
_WHEN = re.compile(r"\b(?:when|wann|cuando|quand|quando|how (?:soon|long|many (?:hours|minutes|days)))\b|\u65f6\u5019")
_BARE = re.compile(r"(?<![\w$.])(\d{1,4}(?:\.\d{1,8})?)(?![\w%]|\.\d)")


def read_slots(
    english: str,
    language: str,
    now: datetime,
    every: tuple[Symbol, ...] = (),
    both: tuple[Symbol, ...] = ("BTC-USD", "ETH-USD"),
    zone: str = "UTC",
    near: tuple[Symbol, ...] = (),
) -> Slots:
    """What a question in plain English names; `now` is in UTC, and `zone` that of its clocks where it names none.

    `every` is what "all coins" means, `both` what "both" means, and `near` are the coins of the text around it.
    """
    text = readied(english, language)
    named, currency = zone_in(text), currency_in(text)
    symbols = symbols_in(text, every=every, both=both)
    told = told_of_forecasts(text)
    slots = Slots(
        symbols=symbols,
        foreign=foreign(text) or _unknown(text),
        zone=named,
        currency=currency,
        compare_by=compared_by(text),
        calmest=is_calmest(text),
        ratio=is_ratio(text),
        farthest=_MOVED.search(text) is not None,
        turned=is_turned(text),
        metric=told.metric,
        last=told.last,
        horizon=told.horizon,
        worst=told.worst,
        end_asked=_end_asked(text),
        loss=_LOSS.search(text) is not None,
        told_past=_FELL.search(text) is not None,
        asks_when=_WHEN.search(text) is not None,
        days=told.days,
    )
    try:
        slots, rest = _timed(slots, text, now.astimezone(ZoneInfo(named or zone)))
    except Impossible:
        return replace(slots, impossible=True)
    rest = without_currencies(ZONES.sub(" ", rest))
    quantities, rest = quantities_in(
        rest, COINS, priced_like(symbols_in(text, both=()) or near), foreign_money=currency is not None
    )
    bare = _BARE.search(rest)
    return replace(
        slots,
        quantities=quantities,
        bare=_number(bare[1]) if bare and not slots.timed and not told.counted else None,
        foreign=None if currency else slots.foreign,
    )


def _timed(slots: Slots, text: str, now: datetime) -> tuple[Slots, str]:
    """The slots with the times of a text, which are on the clock of `now`, and the text without them."""
    direction: Tense | None = "past" if _PAST.search(text) else "future" if _FUTURE.search(text) else None
    slots = replace(slots, direction=direction, assumed=assumed_in(text))
    if direction != "past" and (closing := hour_close(text, now)):
        return _ahead(slots, closing[0], now), closing[1]
    found = moment(text, now)
    spanned = span_minutes(text) if found is None or (found.day and not found.clock) else None
    if spanned is not None and not (found and found.day and spanned == _DAY):
        whole = None if spanned % 60 == 0 else spanned
        begun = direction == "past" and (whole or 0) > 0  # hours would begin too early
        start = (now - timedelta(minutes=max(spanned, _SHORTEST))).astimezone(UTC) if begun else None
        return replace(slots, hours=ceil(spanned / 60), minutes=whole, start=start), text
    if found is None:
        return slots, text
    slots = replace(slots, assumed=found.assumed or slots.assumed)
    if found.day is not None:
        start, end = (each.astimezone(UTC) for each in found.day)
        slots = replace(slots, start=start, end=None if end > now else end, back=_hours_between(start, now))
    if found.at > now:
        tense = slots.direction if found.day is not None else slots.direction or "future"  # today is both
        return replace(_ahead(slots, found.at, now), direction=tense), found.rest
    at = found.at.astimezone(UTC)
    if _SINCE.search(text):
        return replace(slots, direction="past", start=at, end=None, back=_hours_between(at, now)), found.rest
    back = span_minutes(text) if found.rest == text else None  # "3 hours ago"
    hours = None if back is None else ceil(back / 60)
    return replace(slots, direction="past", at=at if found.clock else None, hours=hours), found.rest


def _hours_between(start: datetime, end: datetime) -> int:
    """Rounded up, and at least one."""
    return max(1, ceil((end - start).total_seconds() / 3600))


def _ahead(slots: Slots, target: datetime, now: datetime) -> Slots:
    """The slots with a moment to come, and the hours until then rounded up."""
    return replace(
        slots, hours=_hours_between(now, target), target=target.astimezone(UTC), direction=slots.direction or "future"
    )


def _number(written: str) -> float:
    return float(written) if "." in written else int(written)


def _unknown(text: str) -> str | None:
    """A word that stands where a coin's name would, and is none: "price of wifhat"."""
    found = _STRANGE.search(unnamed(text))
    return found[1] if found else None


def _end_asked(text: str) -> Side:
    """Whether a text asks for a high or for a low, and not for both."""
    high, low = _HIGH.search(text) is not None, _LOW.search(text) is not None
    return "range" if high == low else "above" if high else "below"


def readied(english: str, language: str) -> str:
    """A text with numbers as digits and spans of time in one form. Reading it again changes nothing."""
    text = clocks_marked(dates_marked(english, language), language)
    named = symbols_in(text, both=()) or (USUAL_SYMBOL,)
    text = military_marked(text, priced=priced_like(named)(2_000))
    text = rewritten(halves_marked(digits(minutes_marked(text), language)))
    if any(symbol != USUAL_SYMBOL for symbol in named):
        text = _IN_SATOSHIS.sub("btc", text)
    return " ".join(text.split())


def mask(readied_text: str) -> str:
    """A readied text with coins and numbers made alike, so that a classifier sees what is asked and not of what."""
    unmarked = _FEW.sub("", without_currencies(ZONES.sub(" ", readied_text)))
    dated = DATE.sub("attime", hour_close_masked(unmarked))
    masked = unnamed(re.sub(r"\bat (?=\d{1,2}(?:\b|[ap]m))", "attime ", dated))
    masked = re.sub(r"\$\d+(?:\.\d+)?", " money ", PERCENT.sub(" n% ", masked))
    masked = PASSED.sub(
        lambda at: at[0].replace(at["number"], "money") if float(at["number"]) >= LEAST_PRICE else at[0], masked
    )
    return " ".join(re.sub(r"-?\d[\d,.:]*(e\d+)?", " n ", masked).split())
