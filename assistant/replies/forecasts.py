"""Forecasts in words, from the most to the least trustworthy part: the range with the chances, the point, the record.

The record beside "no change" is told once for all forecasts of an answer.
"""

from collections.abc import Iterable, Mapping, Sequence

from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Forecast, Horizon, Skill
from tools import FARTHEST, ForecastAnswer

MUCH_WORSE = 1.5  # from this multiple of the baseline's error on, the multiple says more than a percentage
HELD = 0.05  # a range that held within this of its level is what it claims to be


def expectation(speech: Speech, ask: Ask, answer: ForecastAnswer, *, brief: bool) -> list[str]:
    """What a forecast expects: range and chances, and in full the point beside the last close."""
    forecast = answer.forecast
    horizon, quote = forecast.horizons[-1], forecast.quote
    low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
    span = high - low
    facts = {
        "coin": speech.coin(forecast.symbol),
        "low": speech.price(low, forecast.symbol, quote, span=span),
        "high": speech.price(high, forecast.symbol, quote, span=span),
        "when": speech.near(horizon.target_time, forecast.as_of),
        "chance": speech.chance(horizon.probability_up),
    }
    median = speech.price(horizon.median, forecast.symbol, quote, span=span)
    if brief:
        first = speech.say("forecast.brief", median=median, **facts)
        return [first, *_above(speech, ask, answer, horizon)]
    point = speech.say("forecast.point", median=median, last=speech.price(forecast.last_close, forecast.symbol, quote))
    return [speech.say("forecast.range", **facts), *_above(speech, ask, answer, horizon), point]


def last_close(speech: Speech, forecast: Forecast) -> str:
    """The close that a forecast starts from."""
    return speech.say("forecast.last", last=speech.price(forecast.last_close, forecast.symbol, forecast.quote))


def hour_used(speech: Speech, ask: Ask, forecast: Forecast) -> list[str]:
    """Which hour a forecast is for, where that is not plainly the one that was asked for."""
    horizon = forecast.horizons[-1]
    if ask.hours is not None and not 1 <= ask.hours <= FARTHEST:
        given = speech.ahead(-(-horizon.minutes // 60))
        return [speech.say("forecast.beyond", farthest=speech.number(FARTHEST), given=given)]
    if ask.target is not None and ask.target != horizon.target_time and ask.hours == horizon.hours:
        asked, used = (speech.near(time, forecast.as_of) for time in (ask.target, horizon.target_time))
        return [speech.say("forecast.target", asked=asked, used=used)]
    return []


def record_of_forecasts(speech: Speech, forecasts: Sequence[Forecast]) -> list[str]:
    """How such forecasts did beside "no change", and what that says about these."""
    told = {(each.skill.value, each.skill.n, each.coverage.get("80")): each for each in forecasts}
    if len(told) == 1:
        (only,) = told.values()
        hours = speech.say("record.hours", n=speech.number(only.skill.n))
        return [beside(speech, only.skill, only.coverage, hours)]
    return _records(speech, list(told.values())) if told else []


def beside(speech: Speech, skill: Skill, coverage: Mapping[str, float], hours: str) -> str:
    """How a model did beside "no change" over `hours`, which are told in words."""
    held = coverage.get("80")
    share = None if held is None else speech.percent(100 * held, 0)
    if skill.ci_high < 0:
        too = "" if share is None else speech.say("record.held_too", percent=share)
        times = 1 - skill.value
        if times >= MUCH_WORSE:
            return speech.say("record.times", hours=hours, times=_times(speech, times), held=too)
        return speech.say("record.worse", hours=hours, percent=speech.percent(-100 * skill.value), held=too)
    clause = ""
    if held is not None and share is not None:
        clause = speech.say("record.trusted" if abs(held - 0.8) <= HELD else "record.held", percent=share)
    if skill.ci_low > 0:
        return speech.say("record.beat", hours=hours, percent=speech.percent(100 * skill.value), held=clause)
    return speech.say("record.even", hours=hours, held=clause)


def _above(speech: Speech, ask: Ask, answer: ForecastAnswer, horizon: Horizon) -> list[str]:
    """The chance of a close above the price that was asked about, or below it."""
    above, threshold = horizon.probability_above, answer.threshold
    if above is None or threshold is None:
        return []
    price = speech.asked_price(threshold, answer.forecast.quote)
    name, probability = ("forecast.below", 1 - above) if ask.below else ("forecast.above", above)
    return [speech.say(name, threshold=price, chance=speech.chance(probability))]


def _records(speech: Speech, forecasts: Sequence[Forecast]) -> list[str]:
    """Several records in brief."""
    labels = _labels(speech, forecasts)
    items = [_item(speech, label, each.skill) for label, each in zip(labels, forecasts, strict=True)]
    told = [speech.say("record.beside", items=speech.comma(items))]
    told.append(speech.say("record.guess" if any(each.skill.ci_high < 0 for each in forecasts) else "record.flip"))
    held = [each.coverage["80"] for each in forecasts if "80" in each.coverage]
    if len(held) == len(forecasts):
        shares = dict.fromkeys(speech.percent(100 * share, 0) for share in held)
        told.append(speech.say("record.ranges", items=speech.listed(list(shares))))
    return told


def _item(speech: Speech, what: str, skill: Skill) -> str:
    if skill.ci_low > 0:
        return speech.say("record.item_beat", what=what, percent=speech.percent(100 * skill.value))
    if skill.ci_high >= 0:
        return speech.say("record.item_even", what=what)
    if 1 - skill.value >= MUCH_WORSE:
        return speech.say("record.item_times", what=what, times=_times(speech, 1 - skill.value))
    return speech.say("record.item_worse", what=what, percent=speech.percent(-100 * skill.value))


def _labels(speech: Speech, forecasts: Iterable[Forecast]) -> list[str]:
    """What tells forecasts apart: their coins, or how far they look, or both."""
    every = list(forecasts)
    coins = [speech.coin(each.symbol) for each in every]
    hours = [speech.hours(-(-each.horizons[-1].minutes // 60)) for each in every]
    if len(set(coins)) == len(every):
        return coins
    if len(set(coins)) == 1:
        return hours
    return [speech.say("record.label", coin=coin, hours=ahead) for coin, ahead in zip(coins, hours, strict=True)]


def _times(speech: Speech, times: float) -> str:
    return speech.number(times, 0 if times >= 10 else 1)
