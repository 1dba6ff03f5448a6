"""Asks with the times, counts and quantities that their intents take from what a part of a message names."""

from dataclasses import replace

from assistant.understanding.conversation import ABOUT_A_COIN
from assistant.understanding.frame import USUAL_SYMBOL, Ask, Intent
from assistant.understanding.slots import Slots

DAY = 24  # hours
LARGEST_MOVE = 30  # percent that are taken for a move, and not for a chance, where nothing says what they are
TIMES = ("hours", "minutes", "target", "at", "start", "end")
QUANTITIES = (
    "threshold", "below", "between", "move_pct", "move", "direction", "level", "side", "touch", "stays", "path",
    "amount", "amount_in",
)  # fmt: skip


def filled(ask: Ask, slots: Slots) -> Ask:
    """The ask with the times, counts and quantities that its intent takes."""
    match ask.intent:
        case Intent.FORECAST:
            return _until_reached(_forecast(ask, slots), slots)
        case Intent.ALERT:
            return replace(_forecast(ask, slots), unusual=ask.unusual and not slots.priced)
        case Intent.ADVICE:
            return _timed(ask, slots)
        case Intent.PRICE:
            return _priced(ask, slots)
        case Intent.CANDLES:
            return _spanned(ask, slots)
        case Intent.COMPARE:
            return _compared(ask, slots)
        case Intent.TRACK_RECORD:
            return _recorded(ask, slots)
        case Intent.ANOMALIES:
            return replace(ask, hours=slots.back or slots.hours, days=slots.days)
        case Intent.METRICS:
            if slots.metric is None and (slots.hours or 0) > 1 and set(slots.symbols) <= {USUAL_SYMBOL}:
                return Ask(Intent.EXPLAIN, topic="accuracy-by-horizon")
            return replace(ask, metric=slots.metric)
    return ask


def _timed(ask: Ask, slots: Slots) -> Ask:
    return replace(
        ask, hours=slots.hours, minutes=slots.minutes, target=slots.target, zone=slots.zone, assumed=slots.assumed
    )


def _forecast(ask: Ask, slots: Slots) -> Ask:
    """A forecast of a time, with what is asked of its distribution."""
    values = {name: getattr(slots.quantities, name) for name in QUANTITIES}
    unsaid = all(values[name] is None for name in ("threshold", "between", "move_pct", "move", "level", "amount"))
    if unsaid and slots.symbols and 0 < (slots.quantities.percent or 0) <= LARGEST_MOVE:
        values |= {"move_pct": slots.quantities.percent, "direction": slots.quantities.turn}  # "does it budge 2 %"
    if slots.quantities.amount is not None and slots.loss:
        values["direction"] = "down"
    return replace(_timed(ask, slots), **values, currency=slots.currency)


def _until_reached(ask: Ask, slots: Slots) -> Ask:
    """The chance that a price is touched as far ahead as can be seen, where it is asked when it will be."""
    if not slots.asks_when or slots.timed or slots.told_past or ask.threshold is None:
        return ask
    return replace(ask, hours=DAY, touch=not slots.quantities.closes)


def _recorded(ask: Ask, slots: Slots) -> Ask:
    """Forecasts that were made: for a moment, of a horizon, or the newest ones."""
    ahead = slots.direction != "past" and slots.target is None and slots.hours is not None and slots.hours <= DAY
    horizon = slots.horizon or (slots.hours if ahead else None)
    counted = slots.hours if horizon is None and slots.target is None else None  # one was made each hour
    last = slots.last or (DAY if slots.start else counted)
    at = slots.at or (slots.target if slots.start is None else None)
    return replace(ask, last=last, at=at, worst=slots.worst, zone=slots.zone, hours=horizon)


def _spanned(ask: Ask, slots: Slots) -> Ask:
    """What a coin did over the last hours, or since a moment; its high or its low, or how calm it was."""
    calm = "volatility" if slots.compare_by == "volatility" else ask.compare_by
    span = replace(ask, hours=slots.hours, zone=slots.zone, compare_by=calm, side=slots.end_asked)
    return replace(span, start=slots.start, end=slots.end, hours=None) if slots.start else span


def _compared(ask: Ask, slots: Slots) -> Ask:
    """Coins beside each other; which "will do better" is asked of their forecasts."""
    timed = slots.hours is not None or slots.compare_by == "move"  # and not "rank them by volatility"
    ahead = slots.direction == "future" and not slots.told_past and timed
    by = "forecast" if slots.compare_by in ("move", "volatility") and ahead else slots.compare_by
    spanned = slots.start is not None and by in (None, "move", "volatility")
    calmest = slots.calmest and by not in ("price", "record")
    return replace(
        ask,
        hours=None if spanned else _rest_of_the_day(slots) if slots.start and by == "forecast" else slots.hours,
        start=slots.start if spanned else None,
        end=slots.end if spanned else None,
        zone=slots.zone,
        compare_by=by or ask.compare_by,
        direction="either" if calmest else slots.quantities.turn,
        farthest=slots.farthest,
        worst=calmest,
    )


def _rest_of_the_day(slots: Slots) -> int:
    """Hours until midnight, where a day that has begun is named."""
    return max(1, DAY - (slots.back or 0) % DAY)


def _priced(ask: Ask, slots: Slots) -> Ask:
    """A price: now or at a moment of the past, of an amount, in a currency or another coin; how far another one is."""
    q, currency = slots.quantities, slots.currency
    if len(ask.symbols) == 2 and q.path is False and currency is None and slots.compare_by is None and slots.ratio:
        of, in_ = reversed(ask.symbols) if slots.turned else ask.symbols
        ask, currency = replace(ask, symbols=(of,)), in_.partition("-")[0]
    closed = slots.end if slots.at is None else slots.at
    if closed is None and q.amount is not None and slots.direction == "past":
        closed = slots.start  # "bought 2 eth last night", "am i up since yesterday"
    far = q.threshold if all(each is None for each in (closed, q.amount, currency)) else None
    return replace(
        ask, at=closed, zone=slots.zone, amount=q.amount, amount_in=q.amount_in, currency=currency, threshold=far
    )


def with_foreign(ask: Ask, slots: Slots) -> list[Ask]:
    """The ask, and the same of a coin that is not offered, where one is named; of that alone, where no other is."""
    if slots.foreign is None or ask.intent not in ABOUT_A_COIN:
        return [ask]
    of_foreign = replace(ask, foreign=slots.foreign)
    return [ask, of_foreign] if slots.symbols else [of_foreign]
