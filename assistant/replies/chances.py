"""What was asked of a forecast, in words: the chance of a price or a move, a price at a chance, worth, every hour."""

from collections.abc import Iterator
from math import ceil

from assistant.replies.speech import ARTICLES, LISTED, LOWEST, WIDE, Speech
from assistant.understanding import Ask
from forecaster.schema import Forecast, ForecastWarning, Horizon
from tools import ForecastAnswer, Odds, Rate

MOST_LINES = 8  # of a path; of more hours, every second or third
ROUGH = 0.01  # of a price: so much is told without cents where that is a wide range
INSIDE = 0.01  # a chance of less than this is told as that, where all of it lies within the outermost quantiles


def asked(speech: Speech, ask: Ask, answer: ForecastAnswer) -> list[str]:
    """A sentence for each thing that was asked besides the range; none where nothing was."""
    forecast, odds = answer.forecast, answer.odds
    facts = {"coin": speech.coin(forecast.symbol), "when": when(speech, ask, forecast)}
    told = [_path(speech, ask, forecast, facts)] if answer.path else []
    if odds is None:
        return told
    answers = [
        each for tell in (_between, _close, _move, _level, _worth) for each in tell(speech, ask, answer, odds, facts)
    ]
    if answers and answer.in_currency is not None:
        answers[0] = speech.joined([answers[0], _rate(speech, answer.in_currency.rate, forecast)])
    return told + answers


def when(speech: Speech, ask: Ask, forecast: Forecast) -> str:
    """The time that a forecast is for, and how far ahead: of now, where the candles that it starts from are old."""
    horizon, old = forecast.horizons[-1], ForecastWarning.STALE_CANDLES in forecast.warnings
    minutes = max(1, horizon.minutes - (ceil(forecast.age_seconds / 60) if old else 0))
    return speech.when(horizon.target_time, forecast.as_of, minutes, ask.zone)


def _rate(speech: Speech, rate: Rate, forecast: Forecast) -> str:
    """At what rate prices in another currency were converted, whose it is and of when."""
    origin = speech.origin(rate.source, rate.time, forecast.as_of)
    return speech.say("chances.rate", rate=speech.asked_price(rate.rate, rate.currency), origin=origin)


def _named(speech: Speech, answer: ForecastAnswer, value: float, named: float | None) -> str:
    """A price that was asked about: in dollars, or in another currency with the dollars beside it."""
    quote = answer.forecast.quote
    if answer.in_currency is None or named is None:
        return speech.asked_price(value, quote)
    price = speech.asked_price(named, answer.in_currency.rate.currency)
    return speech.say("chances.in_dollars", price=price, dollars=prices(speech, answer.forecast, value=value)["value"])


def prices(speech: Speech, forecast: Forecast, **values: float) -> dict[str, str]:
    """Prices beside each other: without cents where they lie far apart; one alone, where it is large."""
    span = max(values.values()) - min(values.values()) if len(values) > 1 else max(values.values()) * ROUGH
    return {name: speech.price(each, forecast.symbol, forecast.quote, span=span) for name, each in values.items()}


def _beside(speech: Speech, rate: Rate, value: float | None, dollars: str) -> str:
    """A price of the answer in another currency, without its cents where it is large, and in dollars."""
    if value is None:
        return dollars
    price = speech.money(value, rate.currency, 0 if value * ROUGH >= WIDE else 2)
    return speech.say("chances.in_dollars", price=price, dollars=dollars)


def _between(speech: Speech, ask: Ask, answer: ForecastAnswer, odds: Odds, facts: dict[str, str]) -> Iterator[str]:
    if odds.between is None or odds.low is None or odds.high is None:
        return
    named = (answer.in_currency and answer.in_currency.between) or (None, None)
    low, high = (_named(speech, answer, each, own) for each, own in zip((odds.low, odds.high), named, strict=True))
    along = speech.say("chances.all_the_way") if ask.stays else ""
    chance = _within(speech, odds, odds.between)
    yield speech.say("chances.between", low=low, high=high, chance=chance, all_the_way=along, **facts)


def _close(speech: Speech, ask: Ask, answer: ForecastAnswer, odds: Odds, facts: dict[str, str]) -> Iterator[str]:
    """The chance that a price is touched on the way, where that was asked, and that of a close above or below it."""
    if odds.above is None or odds.below is None or answer.threshold is None:
        return
    lower = answer.threshold < answer.forecast.last_price
    below = ask.below or (lower and (answer.touch or ask.below is None))  # what is touched lies ahead
    name, chance = ("below", odds.below) if below else ("above", odds.above)
    named = answer.in_currency.threshold if answer.in_currency else None
    price = _named(speech, answer, answer.threshold, named)
    if ask.stays and odds.touch is not None and bool(ask.below) != lower:
        yield _staying(speech, odds, "below" if ask.below else "above", facts | {"price": price})
        return
    ahead = below == lower  # a price that is passed lies behind
    if ahead and odds.touch is not None:
        yield _touched(speech, odds, name, chance, facts | {"price": price})
        return
    touch = _touch(speech, answer, odds) if ahead else ""
    yield speech.say(f"chances.{name}", price=price, chance=speech.chance(chance), touch=touch, **facts)


def _touched(speech: Speech, odds: Odds, name: str, close: float, facts: dict[str, str]) -> str:
    """The chance that a price is touched, then that of a close above or below it."""
    touch = touch_chance(speech, odds)
    beyond = speech.say(f"chances.then_{name}", chance=speech.chance(close))
    return speech.say("chances.touched", **(facts | {"chance": touch, "beyond": beyond}))


def _staying(speech: Speech, odds: Odds, name: str, facts: dict[str, str]) -> str:
    """The chance that a price is never touched, then that of a close on the same side of it."""
    touch, close = odds.touch or 0.0, (odds.below if name == "below" else odds.above) or 0.0
    least = speech.say("numbers.over", percent=speech.percent(100 - ceil(round(100 * touch, 6)), 0))
    stays = least if odds.touch_at_most else speech.chance(1 - touch)
    beyond = speech.say(f"chances.then_{name}", chance=speech.chance(close))
    return speech.say(f"chances.throughout_{name}", **(facts | {"chance": stays, "beyond": beyond}))


def touch_chance(speech: Speech, odds: Odds) -> str:
    """The chance of a touch, or what it is at most, in whole percent."""
    touch = odds.touch or 0.0
    if odds.touch_at_most:
        return speech.say("numbers.under", percent=speech.percent(ceil(round(100 * touch, 6)), 0))
    return speech.chance(touch)


def _touch(speech: Speech, answer: ForecastAnswer, odds: Odds) -> str:
    if odds.touch is not None:
        return speech.say("chances.touch", chance=touch_chance(speech, odds))
    return speech.say("chances.likelier") if answer.touch else ""


def _move(speech: Speech, ask: Ask, answer: ForecastAnswer, odds: Odds, facts: dict[str, str]) -> Iterator[str]:
    """The chance of a move of so many percent, or dollars, with the prices that it leads to."""
    if odds.move is None or odds.move_pct is None:
        return
    quote, size = answer.forecast.quote, _whole(speech, odds.move_pct)
    facts = facts | {"percent": speech.asked_price(answer.move_size, quote) if answer.move_size else size}
    ends = {"up": odds.move_price_up, "down": odds.move_price_down}
    known = {name: each for name, each in ends.items() if each}
    if not known:
        yield speech.say("chances.too_far", **facts)
        return
    told = prices(speech, answer.forecast, **known)
    direction = "either" if len(told) == len(ends) else next(iter(told))
    if odds.touch is not None and direction != "either":
        way, name = ("higher", "above") if direction == "up" else ("lower", "below")
        price = speech.say(f"chances.{way}", price=told[direction], percent=facts["percent"])
        yield _touched(speech, odds, name, odds.move, facts | {"price": price})
        return
    chance = _within(speech, odds, odds.move) if direction == "either" else speech.chance(odds.move)
    facts |= told | {"chance": chance, "touch": _touch(speech, answer, odds)}
    yield speech.say(f"chances.{direction}", **facts)


def _within(speech: Speech, odds: Odds, chance: float) -> str:
    """A chance that has two ends: both may lie beyond the outermost quantiles, or none."""
    return speech.chance(chance, 2 * LOWEST if odds.censored else INSIDE)


def _level(speech: Speech, ask: Ask, answer: ForecastAnswer, odds: Odds, facts: dict[str, str]) -> Iterator[str]:
    """The prices that hold with a chance; with the highest that is known, where more was asked."""
    ends = {name: each for name, each in (("low", odds.range_low), ("high", odds.range_high)) if each is not None}
    if odds.level is None or not ends:
        return
    surest = 100 * (1 - LOWEST * len(ends))
    level = min(odds.level, surest)
    name = "range" if len(ends) > 1 else "stays_above" if "low" in ends else "stays_below"
    dollars = prices(speech, answer.forecast, **ends)
    if (own := answer.in_currency) is not None:
        there = {"low": own.range_low, "high": own.range_high}
        dollars = {name: _beside(speech, own.rate, there[name], price) for name, price in dollars.items()}
    facts = facts | dollars | {"level": _whole(speech, level)}
    told = [speech.say(f"chances.{name}", **facts)]
    if odds.level > surest:
        told.append(speech.say("chances.surest", **facts))
    yield speech.joined(told)


def _whole(speech: Speech, percent: float) -> str:
    """A percentage as somebody names it: without decimals where it has none."""
    return speech.percent(percent, 0 if percent == round(percent) else 1)


def _worth(speech: Speech, ask: Ask, answer: ForecastAnswer, odds: Odds, facts: dict[str, str]) -> Iterator[str]:
    """What an amount may be worth then, and what it may lose; the loss first where a fall was asked about."""
    if odds.amount is None:
        return
    issued = answer.forecast
    values = {
        "low": odds.value_low, "high": odds.value_high, "median": odds.value_median, "now": odds.value_now,
        "loss": odds.expected_loss, "risk": odds.value_at_risk_95,
    }  # fmt: skip
    known = {name: each for name, each in values.items() if each is not None}
    wide = max(known.values()) * ROUGH >= WIDE
    code = issued.symbol.partition("-")[0]
    amount = speech.coins(odds.amount, code)
    if odds.amount_in == "quote":
        named = answer.in_currency.amount if answer.in_currency else None
        money = _named(speech, answer, odds.amount, named)
        coin = code if speech.language in ARTICLES else facts["coin"]  # "1.000 $ in the Bitcoin" is no phrase
        amount = speech.say("chances.stake", money=money, coin=coin)
    facts = facts | {name: speech.money(each, issued.quote, 0 if wide else 2) for name, each in known.items()}
    facts |= {"amount": amount, "origin": speech.origin(issued.source, issued.price_time, issued.as_of)}
    order = ("loss", "then_worth") if ask.below or ask.direction == "down" else ("worth", "lost")
    yield speech.joined([speech.say(f"chances.{name}", **facts) for name in order])


def _path(speech: Speech, ask: Ask, forecast: Forecast, facts: dict[str, str]) -> str:
    """The middle and the range of every hour, or of as many as are read at a glance, as a list.

    The last line is of the time that was asked about, though it may be no whole hour away.
    """
    *_, last = forecast.horizons
    hours = [each for each in forecast.horizons if each.hours is not None] or [*forecast.horizons]
    step = -(-len(hours) // MOST_LINES)
    shown = hours[::-1][::step][::-1]
    lines = [_line(speech, ask, forecast, each) for each in (shown if last in shown else [*shown, last])]
    return "\n".join([speech.say("chances.path", **facts), "", *lines]).rstrip() + LISTED


def _line(speech: Speech, ask: Ask, forecast: Forecast, horizon: Horizon) -> str:
    told = prices(
        speech, forecast, low=horizon.quantiles["0.10"], high=horizon.quantiles["0.90"], median=horizon.median
    )
    return speech.say("chances.line", time=speech.there(horizon.target_time, forecast.as_of, ask.zone), **told)
