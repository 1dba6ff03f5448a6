"""Forecasts in words: the price that they start from, the range with the chances, the record.

The record beside "no change" is told once for all forecasts of an answer.
"""

from collections.abc import Iterable, Mapping, Sequence

from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Forecast, ForecastWarning, Horizon, Skill
from tools import FARTHEST, ForecastAnswer

MUCH_WORSE = 1.5  # from this multiple of the baseline's error on, the multiple says more than a percentage
HELD = 0.05  # a range that held within this of its level is what it claims to be


def expectation(speech: Speech, ask: Ask, answer: ForecastAnswer, *, brief: bool, begun: bool) -> list[str]:
    """What a forecast expects: range, middle and chances; `begun` where the price that it starts from was told."""
    forecast, horizon = answer.forecast, answer.forecast.horizons[-1]
    low, high = horizon.quantiles["0.10"], horizon.quantiles["0.90"]
    facts = {
        name: speech.price(price, forecast.symbol, forecast.quote, span=high - low)
        for name, price in (("low", low), ("high", high), ("median", horizon.median))
    }
    facts["when"] = speech.near(horizon.target_time, forecast.as_of)
    facts["chance"] = speech.chance(horizon.probability_up)
    if brief and begun:
        first = speech.say("forecast.brief_at", **facts)
    elif brief:
        first = speech.say("forecast.brief_from", **facts, **_beginning(speech, forecast))
    elif ask.target == horizon.target_time or ForecastWarning.HOURLY in forecast.warnings:
        first = speech.say("forecast.range_at", **facts)
    else:
        first = speech.say("forecast.range", within=speech.within(horizon.minutes), **facts)
    return [first, *_above(speech, ask, answer, horizon)]


def start(speech: Speech, forecast: Forecast) -> str:
    """The price that a forecast starts from, and when it was that."""
    closed = ForecastWarning.HOURLY in forecast.warnings and forecast.price_time == forecast.as_of
    return speech.say("forecast.start_closed" if closed else "forecast.start", **_beginning(speech, forecast))


def _beginning(speech: Speech, forecast: Forecast) -> dict[str, str]:
    return {
        "coin": speech.coin(forecast.symbol),
        "last": speech.price(forecast.last_price, forecast.symbol, forecast.quote),
        "time": speech.near(forecast.price_time, forecast.as_of),
    }


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
    hours = [speech.span(each.horizons[-1].minutes) for each in every]
    if len(set(coins)) == len(every):
        return coins
    if len(set(coins)) == 1:
        return hours
    return [speech.say("record.label", coin=coin, hours=ahead) for coin, ahead in zip(coins, hours, strict=True)]


def _times(speech: Speech, times: float) -> str:
    return speech.number(times, 0 if times >= 10 else 1)
