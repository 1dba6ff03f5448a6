"""What an open page is to watch: a price that a coin may come to, the range of its forecast, or an unusual move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from assistant.replies.forecasts import fits
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
    lower = ask.threshold is not None and ask.threshold < now
    below = ask.below or (lower and (ask.touch or ask.below is None))  # what is touched lies ahead
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
