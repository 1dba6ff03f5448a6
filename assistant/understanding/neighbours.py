"""What parts of a message, and the asks that they become, take from those beside and before them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import ceil
from zoneinfo import ZoneInfo

from assistant.understanding.asks import DAY, QUANTITIES, TIMES, filled
from assistant.understanding.conversation import AHEAD, BACK, LOOKED_UP, TIMED
from assistant.understanding.frame import Ask, CompareBy, Intent
from assistant.understanding.message_parts import Message, Part, says_nothing
from assistant.understanding.slots import Slots, unitless

SHORT = 5  # words of a message that only turns what was asked: "and to rise?"
LEVELS = range(50, 100)  # percent that a number alone may be, after a range was asked for
_PRONOUN = re.compile(r"\b(?:its?|that|this|those|these|they|then|same|such)\b")
_SHORT_PRICE = re.compile(r"(?<![\w$.:/-])\d{2,3}(?:\.\d{1,2})?(?![\w%:/-]|\.\d)")
SHORTENED = 10_000  # dollars from which on people leave the thousands out
_AGAIN = re.compile(  # of what was explained
    r"\bwhat(?:'s| is) (?:it|that|this) (?:good |used )?for\b"
    r"|\bwhy (?:(?:does|is) )?(?:(?:it|that|this) )?(?:matter|important)\b"
    r"|\bwhy should (?:i|we|anyone) (?:care|bother)\b"
    r"|\b(?:more simply|simpler|in simple(?:r)? (?:words|terms)|in plain \w+|like i'?m (?:five|5|a child))\b"
    r"|\b(?:an?|any|for) example\b|\b(?:not|don't|dont) (?:get|understand)(?: (?:it|that|this))?\W*$"
    r"|\bwhat do you mean\b|^\W*(?:and |but )?why\W*$"
)
_HOW_FAR = re.compile(r"\W*(?:and |but |ok |so )*(?:by |in |at |about )?how (?:much|far)(?: though| exactly| then)?\W*")
_NOW = re.compile(r"\bnow\b(?! (?:coin|n|in|for|do|what|show|the|tomorrow|next|and)\b)|\btoday\b")
_SINCE = re.compile(r"\bsince\W*(?:then\W*)?$")
_THEN = re.compile(r"\bthen\b")
_IN_COIN = re.compile(r"\b(?:it|that|this)\b(?: \w+)? in \S+\W*$")
_VERSUS = re.compile(r"\b(?:vs|versus|compared?)\b")


def adds_nothing(part: Part) -> bool:
    """Whether a part only asks what the record tells anyway: "and what came of it", "hit rate?"."""
    return part.intent in (Intent.METRICS, Intent.CANDLES, Intent.OTHER) and says_nothing(part.slots)


def with_coin(parts: Sequence[Part], message: Message) -> list[Part]:
    """The parts; those before the one that names the message's only coin speak of it too: "1h, 4h and 8h for eth"."""
    first = next((place for place, part in enumerate(parts) if part.slots.symbols), 0)
    if len(message.named) != 1:
        return list(parts)
    coined = [replace(part, slots=replace(part.slots, symbols=message.named)) for part in parts[:first]]
    return [*coined, *parts[first:]]


def timed_alike(asks: Sequence[Ask]) -> list[Ask]:
    """Forecasts in a row with the time of the last of them, where the others name none: "btc and eth in 3 hours"."""
    told = list(asks)
    for place in range(len(told) - 2, -1, -1):
        this, after = told[place], told[place + 1]
        if this.intent is after.intent is Intent.FORECAST and not any(getattr(this, name) for name in TIMES):
            told[place] = replace(this, **{name: getattr(after, name) for name in (*TIMES, "zone", "assumed")})
    return told


def with_unit(slots: Slots, text: str, last: Ask) -> Slots:
    """The slots, where a number has no unit with that of the ask before: "and in 12"."""
    if not slots.priced and last.minutes is not None and isinstance(count := slots.bare or unitless(text), int):
        return replace(slots, hours=ceil(count / 60), minutes=count if count % 60 else None)
    if not isinstance(slots.bare, int) or last.intent not in TIMED or slots.priced:
        return slots
    counted = last.intent is Intent.TRACK_RECORD
    return replace(slots, last=slots.bare) if counted else replace(slots, hours=slots.bare)


def in_thousands(text: str, last: Ask) -> str:
    """A text whose short numbers are prices as the ask before had them: "and 66?" after $65000."""
    price = last.threshold or (last.between or (0.0,))[0]
    prices = range(round(price / 3000), round(3 * price / 1000)) if price >= SHORTENED else ()
    return _SHORT_PRICE.sub(lambda n: f"${1000 * float(n[0]):g}" if int(float(n[0])) in prices else n[0], text)


def as_said_before(slots: Slots, last: Ask) -> Slots:
    """The slots, where a percentage, a turn or a time of day changes that of the ask before."""
    q = slots.quantities
    percent = q.percent or (slots.bare if (slots.bare or 0) in LEVELS else None)
    plain = last.intent is Intent.FORECAST and last.move_pct is last.threshold is last.amount is None
    sure = plain and (q.percent or 0) in LEVELS  # "and at 95 %?"
    if sure or (last.level is not None and percent is not None):
        return replace(slots, quantities=replace(q, level=float(percent or 0), side=last.side), bare=None)
    if last.amount is not None and slots.loss and says_nothing(slots):
        return replace(slots, quantities=replace(q, amount=last.amount, amount_in=last.amount_in))
    alone = slots.bare is not None and not slots.timed and not slots.priced
    if last.move_pct is not None and (q.percent is not None or alone or (q.turn != "either" and not slots.priced)):
        turn = last.direction if q.turn == "either" else q.turn
        percent = q.percent or slots.bare or last.move_pct
        return replace(slots, quantities=replace(q, move_pct=float(percent), direction=turn), bare=None)
    if alone and (last.amount is not None or last.intent is Intent.PRICE):
        return replace(slots, quantities=replace(q, amount=slots.bare, amount_in=last.amount_in), bare=None)
    if last.threshold is not None and alone:
        return replace(slots, quantities=replace(q, threshold=float(slots.bare or 0), below=last.below), bare=None)
    if last.at is not None and slots.target is not None and last.intent is Intent.PRICE:
        days = slots.target.date() - last.at.date()
        gone = slots.target - (days or timedelta(hours=12 if (slots.hours or 0) <= 12 else 24))  # "noon, and at 10?"
        return replace(slots, at=gone, target=None, hours=None, direction="past")
    if last.at is not None and slots.start is not None and slots.end is not None and last.intent is Intent.PRICE:
        days = slots.start.date() - last.at.date()  # "and the day before"
        return replace(slots, at=last.at + days, start=None, end=None)
    return slots


def of_a_level(slots: Slots, last: Ask) -> bool:
    """Whether a percentage is how sure the range of the forecast before is to be, and no term to explain."""
    return slots.quantities.level is not None and last.intent in AHEAD


def continued(part: Part, slots: Slots, last: Ask) -> Intent:
    """What a message wants that only names another coin, time, price, metric or count."""
    if slots.metric and not of_a_level(slots, last) and not (slots.symbols and slots.priced):
        return Intent.METRICS
    if slots.at is not None and last.intent is not Intent.TRACK_RECORD:
        return Intent.PRICE
    if slots.priced or slots.quantities.path:
        return Intent.FORECAST
    if slots.last is not None and slots.hours is None and last.intent is Intent.TRACK_RECORD:
        return Intent.TRACK_RECORD
    now = _NOW.search(part.masked)
    if now and slots.hours in (None, DAY) and slots.start is None and (now[0] == "now" or last.intent not in BACK):
        return Intent.PRICE
    this_week = slots.direction is None and slots.target is None and (slots.hours or 0) > DAY
    if (slots.direction == "past" and slots.hours is not None) or slots.start is not None or this_week:
        day = slots.start is not None and slots.end is None and slots.minutes is None
        if day and last.intent in AHEAD | {Intent.PRICE}:
            return last.intent  # today
        return last.intent if last.intent in BACK | {Intent.COMPARE} else Intent.CANDLES
    if slots.hours is not None and (slots.direction == "future" or last.intent not in TIMED):
        return Intent.FORECAST
    if last.intent in LOOKED_UP - {Intent.WHY, Intent.EXPLAIN}:
        return last.intent
    return Intent.PRICE if slots.symbols or slots.foreign or slots.currency else Intent.OTHER


def of_now(part: Part) -> bool:
    """Whether a part asks for now, and not for what was asked before."""
    return _NOW.search(part.masked) is not None


def of_the_same(ask: Ask, part: Part, last: Ask) -> Ask:
    """The ask of a part that names no coin, with the time, price or amount before that it speaks of."""
    if part.slots.symbols:
        return ask
    if ask.intent is Intent.CANDLES and last.at is not None and not part.slots.timed and _SINCE.search(part.text):
        return replace(ask, start=last.at, hours=None)  # "how much has it moved since"
    if ask.intent is Intent.FORECAST and part.slots.loss and ask.amount is None and last.amount is not None:
        return replace(ask, amount=last.amount, amount_in=last.amount_in)  # "how much could i lose by midnight"
    if ask.intent is Intent.PRICE and last.intent is Intent.FORECAST and ask.amount and _THEN.search(part.text):
        return as_before(replace(ask, intent=Intent.FORECAST), last)  # "what would 1000 of them be worth then"
    either = ask.intent in (Intent.FORECAST, Intent.ALERT) and not ask.unusual
    turned = says_nothing(part.slots) and part.slots.quantities.turn != "either"  # "what's the chance of a fall"
    again = part.slots.priced or _PRONOUN.search(part.text) or turned  # "and the chance that it falls 1 %"
    return as_before(ask, last) if either and again and last.intent in (Intent.FORECAST, Intent.ALERT) else ask


def says_again(part: Part, last: Ask) -> bool:
    """Whether a part that names nothing turns what was asked before: "and their volatility?", "a rise of that size"."""
    slots, short = part.slots, len(part.text.strip(" ?!.").split()) <= SHORT
    if last.level is not None and slots.bare in LEVELS and short and not slots.timed:  # "80 is enough"
        return True
    if last.amount is not None and slots.bare is not None and part.intent is Intent.OTHER:  # "what if i have 4"
        return not (slots.symbols or slots.timed or slots.priced)
    if not says_nothing(slots):
        return False
    if last.intent is Intent.FORECAST and (short or _PRONOUN.search(part.text)):
        placed = last.threshold is not None or last.move_pct is not None or last.move is not None
        turned = slots.quantities.touch or slots.quantities.closes
        if (placed and turned) or (short and last.amount is not None and slots.loss):
            return True  # "and touch it?", "and close above it?", "worst case?"
    if last.intent is part.intent is Intent.PRICE:
        return short and part.slots.bare is not None  # "how much for 3"
    if last.intent in (Intent.FORECAST, Intent.CANDLES) and _HOW_FAR.fullmatch(part.text):
        return True
    if last.intent is Intent.COMPARE:
        return part.slots.compare_by is not None and short
    turned = last.move_pct is not None and part.slots.quantities.turn != "either"
    return turned and (short or _PRONOUN.search(part.text) is not None)


def compared_again(part: Part, last: Ask) -> Ask | None:
    """A comparison by something else, "and their volatility?", or of one more coin: "compared to btc?"."""
    if last.intent is Intent.COMPARE and says_again(part, last):
        return as_before(filled(Ask(Intent.COMPARE, last.symbols), part.slots), last)
    pair = tuple(dict.fromkeys((*last.symbols, *part.slots.symbols)))
    asked = last.intent in (Intent.FORECAST, Intent.CANDLES) and len(part.slots.symbols) == 1 and not part.slots.timed
    if not asked or len(pair) != 2 or part.slots.priced or not _VERSUS.search(part.text):
        return None
    by: CompareBy = "forecast" if last.intent is Intent.FORECAST else last.compare_by or "move"
    return Ask(Intent.COMPARE, pair, compare_by=by, hours=last.hours)


def explained_again(text: str, last: Ask) -> bool:
    """Whether more is wanted of what was just explained: "and what is it for", "i don't get it"."""
    return last.intent in (Intent.EXPLAIN, Intent.METRICS) and _AGAIN.search(text) is not None


def as_turned_back(last: Ask, part: Part, zone: str) -> Ask:
    """The ask before, without what a part that turns it takes back: its moment, its touch, its clock's zone."""
    if last.intent is Intent.CANDLES and last.start is None and part.slots.quantities.percent in LEVELS:
        return Ask(Intent.FORECAST, last.symbols, hours=last.hours)  # "btc range 6 hours", "95 % please"
    if part.slots.quantities.closes:
        last = replace(last, touch=False, stays=False)
    if part.slots.zone and last.target is not None and not part.slots.timed:  # "new york time i mean"
        told = last.target.astimezone(ZoneInfo(last.zone or zone)).replace(tzinfo=ZoneInfo(part.slots.zone))
        hours = ceil((last.hours or 0) + (told - last.target) / timedelta(hours=1))
        told, hours = (told, hours) if hours > 0 else (told + timedelta(days=1), hours + DAY)  # it is past there
        target = told.astimezone(last.target.tzinfo)
        return replace(last, target=target, hours=last.hours and hours, zone=part.slots.zone)
    return last


def in_coin(part: Part, last: Ask) -> Ask | None:
    """The price before in another coin: "what's that in eth"."""
    other = part.slots.symbols
    if last.intent is not Intent.PRICE or len(other) != 1 or other == last.symbols or not _IN_COIN.search(part.text):
        return None
    return replace(last, currency=other[0].partition("-")[0])


def as_turned(ask: Ask, part: Part, last: Ask) -> Ask:
    """A short question of the same kind as the one before: "and the low?", "sol vs ada"."""
    if ask.intent is Intent.CANDLES:
        return as_before(ask, last)
    if ask.intent is Intent.COMPARE and _VERSUS.search(part.text):
        return as_before(replace(ask, compare_by=None), last)
    return ask


def as_before(ask: Ask, last: Ask) -> Ask:
    """With the time, count, zone, amount and price of the ask before, where it has none of its own."""
    if not any(getattr(ask, name) is not None for name in (*TIMES, "last")):
        ask = replace(ask, **{name: getattr(last, name) for name in (*TIMES, "zone", "assumed", "last")})
    if all(getattr(ask, name) is None for name in ("threshold", "between", "move_pct", "move", "level", "amount")):
        kept = {"path": ask.path or last.path, "touch": ask.touch or last.touch, "unusual": last.unusual}
        ask = replace(ask, **{name: getattr(last, name) for name in QUANTITIES} | kept)
        if ask.intent is Intent.PRICE and ask.symbols != last.symbols:  # of another coin's price
            ask = replace(ask, threshold=None)
    elif last.touch and ask.threshold is not None and last.threshold is not None:
        below = last.below if last.stays and ask.below is None else ask.below
        ask = replace(ask, touch=True, stays=ask.stays or last.stays, below=below)  # "what about 65500"
    by, farthest = ask.compare_by or last.compare_by, ask.farthest or last.farthest
    return replace(ask, currency=ask.currency or last.currency, compare_by=by, farthest=farthest)
