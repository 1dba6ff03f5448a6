"""Forecasts in words: what was asked of them first, then the price that they start from and the range."""

from assistant.replies.chances import asked, prices, when
from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Forecast, ForecastWarning, Horizon
from tools import FARTHEST, ForecastAnswer


def expectation(speech: Speech, ask: Ask, answer: ForecastAnswer, *, brief: bool, more: bool) -> list[str]:
    """What a forecast says: to what was asked, or else its range; then, unless `brief`, where it starts."""
    forecast, horizon = answer.forecast, answer.forecast.horizons[-1]
    low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
    facts = {
        "coin": speech.coin(forecast.symbol),
        "when": when(speech, ask, forecast),
        "chance": speech.chance(horizon.probability_up),
        **prices(speech, forecast, low=low, high=high, median=horizon.median),
    }
    told, odds = asked(speech, ask, answer), answer.odds
    if brief:
        return told or [speech.say("forecast.brief", **facts)]
    known = answer.path or odds is None or odds.level is not None  # then the range was told, or one like it
    first, *others = told or [speech.say("forecast.range", **facts)]
    begun = [] if odds and odds.amount else [start(speech, forecast, None if known else facts)]
    return [first, *begun, *others, *([_details(speech, forecast, horizon)] if more else ())]


def fits(ask: Ask, horizon: Horizon) -> bool:
    """Whether that is how far somebody wanted to look."""
    if ask.target is not None and ask.target == horizon.target_time:
        return True
    return horizon.minutes == (ask.minutes or 60 * (ask.hours or 1))


def beyond(speech: Speech, ask: Ask, forecast: Forecast) -> list[str]:
    """How far a forecast looks, where somebody wanted to look farther than it can, or back."""
    if ask.hours is None or 1 <= ask.hours <= FARTHEST:
        return []
    given = speech.ahead(-(-forecast.horizons[-1].minutes // 60))
    return [speech.say("forecast.beyond", farthest=speech.number(FARTHEST), given=given)]


def start(speech: Speech, forecast: Forecast, ranged: dict[str, str] | None) -> str:
    """The price that a forecast starts from, with time and source; and the range, where something else was asked."""
    closed = ForecastWarning.HOURLY in forecast.warnings and forecast.price_time == forecast.as_of
    facts = {
        "coin": speech.coin(forecast.symbol),
        "price": speech.price(forecast.last_price, forecast.symbol, forecast.quote),
        "origin": speech.origin(forecast.source, forecast.price_time, forecast.as_of),
    }
    if ranged is not None:
        facts["origin"] += speech.say("forecast.ranged", low=ranged["low"], high=ranged["high"])
    return speech.say("price.closed" if closed else "price.now", moved="", **facts)


def _details(speech: Speech, forecast: Forecast, horizon: Horizon) -> str:
    wide = prices(speech, forecast, low=horizon.quantiles["0.025"], high=horizon.quantiles["0.975"])
    return speech.say("forecast.wide", **wide, percent=speech.percent(horizon.expected_move_pct, 2))
