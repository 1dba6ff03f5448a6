"""What prices are and did, in words: now, at a moment, over hours, and the unusual moves among them."""

from datetime import datetime, timedelta

from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Forecast, Price, Provenance
from tools import AnomalyReport, PriceAnswer, SpanAnswer, Surprise, catalogue, decimals_of

LEAST_EXPECTED = 0.005  # false alarms; fewer are none
FEW_EXPECTED = 0.1  # false alarms, below which two decimals are told


def price(speech: Speech, found: Price, *, brief: bool, more: bool) -> list[str]:
    """The price now; with `more`, the newest hourly close. Without a trade, that alone, and that it is old."""
    traded = found.time > found.as_of
    told = speech.say(
        "price.now" if traded else "price.closed",
        coin=speech.coin(found.symbol),
        price=speech.price(found.price, found.symbol, found.quote),
        moved=_moved(speech, found.change_24h_pct),
        origin="" if brief else speech.origin(found.source, found.time, now(found)),
    )
    if not traded:
        return [told, speech.say("price.since")]
    close = speech.price(found.last_close, found.symbol, found.quote)
    hour = speech.say("price.hour", close=close, time=speech.near(found.as_of, now(found)))
    return [told, hour] if more else [told]


def asked_of_price(speech: Speech, ask: Ask, answer: PriceAnswer, *, brief: bool, more: bool) -> list[str]:
    """The price of a past moment, the worth of an amount, how far a price is, or the price in another currency."""
    found, told, origin = answer.price, [], ""
    if not brief:
        origin = speech.origin(answer.rate_source or found.source, found.time, now(found))
    if answer.close_then is not None and answer.close_time is not None:
        source = answer.close_source or found.source
        facts = {
            "coin": speech.coin(found.symbol),
            "price": speech.price(answer.close_then, found.symbol, found.quote),
            "time": speech.there(answer.close_time, now(found), ask.zone),
            "origin": "" if brief else speech.say("names.of_source", source=speech.source(source)),
        }
        told.append(speech.say("price.then", **facts))
    if answer.to is not None and answer.distance is not None and answer.distance_pct is not None:
        facts = {
            "target": speech.asked_price(answer.to, found.quote),
            "away": speech.price(abs(answer.distance), found.symbol, found.quote),
            "percent": speech.percent(abs(answer.distance_pct), 2),
            "of_coin": speech.of_coin(found.symbol),
        }
        far = speech.say("price.higher" if answer.distance >= 0 else "price.lower", **facts)
        return [*told, far, *price(speech, found, brief=brief, more=False)]
    if answer.amount is not None and answer.value is not None:
        amount, worth = _worth(speech, answer)
        if told:  # then; and now, to set beside it
            return [
                *told,
                speech.say("price.was_worth", amount=amount, worth=worth),
                *(_since(speech, answer, origin) or price(speech, found, brief=brief, more=False)),
            ]
        told.append(speech.say("price.worth", amount=amount, worth=worth, origin=origin))
    elif answer.price_in_currency is not None and answer.currency is not None:
        worth = _in(speech, answer.price_in_currency, answer.currency)
        told.append(speech.say("price.now", coin=speech.coin(found.symbol), price=worth, moved="", origin=origin))
    return told or price(speech, found, brief=brief, more=more)


def _since(speech: Speech, answer: PriceAnswer, origin: str) -> list[str]:
    """What an amount of then is worth now."""
    if answer.value_now is None or answer.change_since_pct is None:
        return []
    worth = _in(speech, answer.value_now, answer.price.quote)
    change = speech.percent(answer.change_since_pct, 2, sign=True)
    return [speech.say("price.worth_now", worth=worth, percent=change, origin=origin)]


def span(speech: Speech, ask: Ask, found: SpanAnswer, *, brief: bool) -> list[str]:
    """What the price did over hours of the past; first the high, the low or the volatility where that was asked for."""
    candles, ended = found.span, found.end < found.span.as_of
    if ask.start is not None or ended:
        over = speech.period(found.start, found.end if ended else None, now(candles), ask.zone)
    else:
        over = speech.over(candles.hours)
    beside = found.start if ended else now(candles)  # which is told
    facts = {
        "over": over,
        "coin": speech.coin(candles.symbol),
        "of_coin": speech.of_coin(candles.symbol),
        "origin": "" if brief else speech.origin(candles.source, candles.as_of, now(candles)),
        **_size(speech, candles.change_pct),
        **{
            name: speech.price(value, candles.symbol, candles.quote)
            for name, value in (
                ("first", candles.first_open), ("last", candles.last_close),
                ("low", candles.low), ("high", candles.high),
            )
        },
        **{
            f"{name}_time": speech.there(time, beside, ask.zone)
            for name, time in (("high", found.high_time), ("low", found.low_time))
        },
    }  # fmt: skip
    told = _extreme(speech, ask, found, facts) or _movement(speech, ask, found, facts)
    return [*told, *_farthest(speech, ask, candles.hours)]


def _extreme(speech: Speech, ask: Ask, found: SpanAnswer, facts: dict[str, str]) -> list[str]:
    """The high or the low, where that was asked for, and how far the price is from it now."""
    if ask.side == "range":
        return []
    name, away = ("high", found.below_high_pct) if ask.side == "above" else ("low", found.above_low_pct)
    told = [speech.say(f"span.the_{name}", **facts)]
    if round(away, 2) and found.end >= found.span.as_of:
        told.append(speech.say(f"span.off_{name}", **(facts | {"percent": speech.percent(away, 2)})))
    return told


def _movement(speech: Speech, ask: Ask, found: SpanAnswer, facts: dict[str, str]) -> list[str]:
    """Where the price went, and when the extremes were; or how much it varied, where that was asked for."""
    percent = "" if found.volatility_pct is None else speech.percent(found.volatility_pct, 2)
    if ask.compare_by == "volatility" and percent:
        return [speech.say("span.volatility", **(facts | {"percent": percent}))]
    moved = speech.say(f"span.{_direction(found.span.change_pct)}", **facts)
    return [moved, speech.say("span.times", **facts)] if len(found.span.candles) != 1 else [moved]


def anomalies(speech: Speech, ask: Ask, report: AnomalyReport, *, brief: bool) -> list[str]:
    """How many moves stood out and the rarest of them, or else the newest move; and how many stand out by chance."""
    count = len(report.anomalies)
    facts = {
        "over": speech.over(report.hours),
        "coin": speech.coin(report.symbol),
        "of_coin": speech.of_coin(report.symbol),
        "count": speech.number(count),
        "origin": "" if brief else speech.origin(report.source, report.as_of, now(report)),
    }
    told_of = max(report.anomalies, key=lambda each: each.once_in_days, default=report.newest)
    facts |= _move(speech, told_of, report)
    told = [speech.say("anomalies.many" if count > 1 else "anomalies.one" if count else "anomalies.none", **facts)]
    if not count:
        told.append(speech.say("anomalies.newest", **facts))
    elif report.expected_alarms >= LEAST_EXPECTED:
        expected = speech.number(report.expected_alarms, 1 if report.expected_alarms >= FEW_EXPECTED else 2)
        told.append(speech.say("anomalies.alarms", expected=expected))
    return told + _farthest(speech, ask, report.hours)


def now(found: Provenance | Forecast) -> datetime:
    """When that was found, by the clock of its source."""
    return found.as_of + timedelta(seconds=found.age_seconds)


def _worth(speech: Speech, answer: PriceAnswer) -> tuple[str, str]:
    """An amount and what it is worth, each with its unit."""
    assert answer.amount is not None and answer.value is not None
    code = answer.price.symbol.partition("-")[0]
    unit = answer.value_in or (answer.price.quote if answer.amount_in == "coin" else code)
    worth = _in(speech, answer.value, unit)
    if answer.amount_in == "coin":
        return speech.coins(answer.amount, code), worth
    if answer.satoshis:
        worth = speech.say("price.satoshis", worth=worth, count=speech.number(answer.satoshis))
    return speech.asked_price(answer.amount, answer.currency or answer.price.quote), worth


def _in(speech: Speech, value: float, unit: str) -> str:
    """A value in a currency or in a coin."""
    if f"{unit}-USD" in catalogue():
        return speech.coins(value, unit)
    return speech.money(value, unit, 2 if value >= 1 else decimals_of(f"{unit}-USD", value))


def _move(speech: Speech, surprise: Surprise, report: AnomalyReport) -> dict[str, str]:
    direction, hours = _direction(surprise.move_pct), surprise.span_hours
    return {
        "move": speech.say(f"anomalies.{direction}", **_size(speech, surprise.move_pct)),
        "span": speech.say("anomalies.hour")
        if hours == 1
        else speech.say("anomalies.hours", hours=speech.number(hours)),
        "time": speech.near(surprise.time, now(report)),
        "rarity": speech.rarity(surprise.once_in_days),
    }


def _moved(speech: Speech, change_pct: float | None) -> str:
    if change_pct is None:
        return ""
    return speech.say(f"price.{_direction(change_pct)}", **_size(speech, change_pct))


def _direction(change_pct: float) -> str:
    return "flat" if round(change_pct, 2) == 0 else "up" if change_pct > 0 else "down"


def _size(speech: Speech, change_pct: float) -> dict[str, str]:
    """How far the price moved; nothing where it did not."""
    return {"percent": speech.percent(abs(change_pct), 2)} if round(change_pct, 2) else {}


def _farthest(speech: Speech, ask: Ask, hours: int) -> list[str]:
    """That there are not as many hours as were asked for."""
    return [speech.say("span.farthest")] if ask.hours is not None and ask.hours > hours else []
