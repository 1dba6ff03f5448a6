"""What is said of an alert, on a page that watches and elsewhere."""

from pydantic import BaseModel

from assistant.replies.alerts.watches import Watch, kind_of, watch_of
from assistant.replies.forecasts import expectation, start
from assistant.replies.market import price
from assistant.replies.speech import Speech
from assistant.understanding import Ask
from forecaster.schema import Price
from tools import ForecastAnswer, PriceAnswer


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
