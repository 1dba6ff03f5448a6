"""Alerts that somebody asks for in a chat: what an open page is to watch, and the words that say so.

    ask, result of a tool -> Watch -> the page's card
                          -> words, wherever it is asked

A page can watch the coins that are followed, since it is told of their prices. Elsewhere nothing is promised.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from assistant.replies.forecasts import expectation, fits, start
from assistant.replies.market import price
from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent
from forecaster.schema import Price, Symbol
from tools import FARTHEST, ForecastAnswer, PriceAnswer

USUAL_LEVEL = 80.0  # percent
WIDEST = 95.0  # percent: the outermost range that a forecast has


@dataclass(frozen=True, slots=True)
class Watch:
    """A price at `low` or less, one at `high` or more, or an unusual move where there is neither; times in UTC."""

    symbol: Symbol
    quote: str
    since: datetime
    low: float | None = None
    high: float | None = None
    until: datetime | None = None
    level: float | None = None  # percent, where the two are a forecast's range
    named: bool = False  # whether the visitor named the prices


def watch_of(ask: Ask, result: BaseModel | None, offered: Sequence[Symbol]) -> Watch | None:
    """What is to be watched; None where that cannot be, or is the case already."""
    found = result.price if isinstance(result, PriceAnswer) else result
    if ask.intent is not Intent.ALERT or ask.foreign or not isinstance(found, Price | ForecastAnswer):
        return None
    about = found.forecast if isinstance(found, ForecastAnswer) else found
    if about.symbol not in ask.symbols or about.symbol not in offered:
        return None
    if isinstance(found, Price):
        watch = Watch(found.symbol, found.quote, found.time)
        if ask.unusual:
            return watch
        return _of_prices(watch, *_named(ask, found.price), found.price, named=True)
    forecast, horizon = found.forecast, found.forecast.horizons[-1]
    if not fits(ask, horizon) and (ask.hours is None or 0 < ask.hours <= FARTHEST):
        return None
    watch = Watch(forecast.symbol, forecast.quote, forecast.price_time, until=horizon.target_time)
    if ask.threshold is not None or ask.between is not None:
        return _of_prices(watch, *_named(ask, forecast.last_price), forecast.last_price, named=True)
    odds = found.odds
    if odds is not None and odds.move_pct is not None:
        watch = Watch(watch.symbol, watch.quote, watch.since, until=watch.until if timed(ask) else None)
        return _of_prices(watch, odds.move_price_down, odds.move_price_up, forecast.last_price)
    if odds is not None and (odds.range_low or odds.range_high):
        return _of_prices(watch, odds.range_low, odds.range_high, forecast.last_price, level=odds.level)
    names, level = (("0.025", "0.975"), WIDEST) if (ask.level or 0) > WIDEST else (("0.10", "0.90"), USUAL_LEVEL)
    low, high = (horizon.quantiles[name] for name in names)
    return _of_prices(watch, low, high, forecast.last_price, level=level)


def timed(ask: Ask) -> bool:
    """Whether an alert is wanted until some time."""
    return ask.hours is not None or ask.minutes is not None or ask.target is not None


def told(speech: Speech, ask: Ask, result: BaseModel, *, watches: bool, brief: bool) -> list[str]:
    """What the page is to watch, where there is one, else that nobody watches here; and where the price is now."""
    found = result.price if isinstance(result, PriceAnswer) else result
    if not isinstance(found, Price | ForecastAnswer):
        return [""]
    if isinstance(found, ForecastAnswer):
        symbol, now = found.forecast.symbol, start(speech, found.forecast, None)
    else:
        symbol, now = found.symbol, price(speech, found, brief=brief, more=False)[0]
    if not watches:
        if isinstance(found, ForecastAnswer):
            now = expectation(speech, ask, found, brief=brief, more=False)[0]
        return [speech.joined([speech.say("alert.here"), now])]
    if symbol not in speech.offered:
        return [speech.joined([speech.say("alert.unfollowed", **speech.every_coin()), now])]
    watch = watch_of(ask, result, speech.offered)
    if watch is None:
        already = isinstance(found, ForecastAnswer) or ask.threshold is not None or ask.between is not None
        return [speech.joined([speech.say("alert.already") if already else "", now])]
    return [speech.joined([_watched(speech, ask, watch), now]), speech.say("alert.api")]


def _watched(speech: Speech, ask: Ask, watch: Watch) -> str:
    facts = {"coin": speech.coin(watch.symbol), "until": ""} | prices_of(speech, watch)
    if watch.until is not None:
        facts["until"] = speech.say("alert.until", time=speech.there(watch.until, watch.since, ask.zone))
    if watch.level is not None:
        facts["level"] = speech.percent(watch.level, 0)
    return speech.say(f"alert.{kind_of(watch)}", **facts)


def prices_of(speech: Speech, watch: Watch) -> dict[str, str]:
    """The prices of a watch as `low` and `high`: as they were named, or as a coin's are told."""
    named = {name: value for name in ("low", "high") if (value := getattr(watch, name)) is not None}
    if watch.named:
        return {name: speech.asked_price(value, watch.quote) for name, value in named.items()}
    return {name: speech.price(value, watch.symbol, watch.quote) for name, value in named.items()}


def kind_of(watch: Watch) -> str:
    """What the phrases for a watch are called."""
    if watch.low is None and watch.high is None:
        return "unusual"
    if watch.low is None or watch.high is None:
        return "above" if watch.low is None else "below"
    return "between" if watch.level is None else "range"


def _named(ask: Ask, now: float) -> tuple[float | None, float | None]:
    """The prices that somebody named; "hits 70k" is above or below as the price is now."""
    if ask.between is not None:
        return ask.between
    below = ask.threshold is not None and (ask.threshold < now if ask.touch and not ask.below else ask.below)
    return (ask.threshold, None) if below else (None, ask.threshold)


def _of_prices(
    watch: Watch,
    low: float | None,
    high: float | None,
    now: float,
    *,
    level: float | None = None,
    named: bool = False,
) -> Watch | None:
    if (low is None and high is None) or (low is not None and now <= low) or (high is not None and now >= high):
        return None
    return Watch(watch.symbol, watch.quote, watch.since, low, high, watch.until, level, named)
