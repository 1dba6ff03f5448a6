"""The record of forecasts beside "no change" in words: once for all forecasts of an answer, once in a conversation."""

from collections.abc import Iterable, Mapping, Sequence

from assistant.replies.speech import Speech
from forecaster.schema import Forecast, Skill

MUCH_WORSE = 1.5  # from this multiple of the baseline's error on, the multiple says more than a percentage


def record_of_forecasts(speech: Speech, forecasts: Sequence[Forecast], *, again: bool) -> list[str]:
    """How such forecasts did beside "no change", and what that says about these; `again`, only that they are bad."""
    if again:
        return [speech.say("record.guess_again")] if any(each.skill.ci_high < 0 for each in forecasts) else []
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
    clause = "" if share is None else speech.say("record.held", percent=share)
    if skill.ci_low > 0:
        return speech.say("record.beat", hours=hours, percent=speech.percent(100 * skill.value), held=clause)
    return speech.say("record.even", hours=hours, held=clause)


def _records(speech: Speech, forecasts: Sequence[Forecast]) -> list[str]:
    """Several records in brief."""
    labels = _labels(speech, forecasts)
    items = [verdict(speech, each.skill, label) for label, each in zip(labels, forecasts, strict=True)]
    told = [speech.say("record.beside", items=speech.comma(items))]
    told.append(speech.say("record.guess" if any(each.skill.ci_high < 0 for each in forecasts) else "record.flip"))
    held = [each.coverage["80"] for each in forecasts if "80" in each.coverage]
    if len(held) == len(forecasts):
        shares = dict.fromkeys(speech.percent(100 * share, 0) for share in held)
        told.append(speech.say("record.ranges", items=speech.listed(list(shares))))
    return told


def verdict(speech: Speech, skill: Skill, what: str = "") -> str:
    """How something did beside "no change", in a few words after its name."""
    return _verdict(speech, skill, what).strip()


def _verdict(speech: Speech, skill: Skill, what: str) -> str:
    if skill.ci_low > 0:
        return speech.say("record.item_beat", what=what, percent=speech.percent(100 * skill.value))
    if skill.ci_high >= 0:
        return speech.say("record.item_even", what=what)
    if 1 - skill.value >= MUCH_WORSE:
        return speech.say("record.item_times", what=what, times=_times(speech, 1 - skill.value))
    return speech.say("record.item_worse", what=what, percent=speech.percent(-100 * skill.value))


def interval(speech: Speech, skill: Skill) -> tuple[str, str]:
    """The ends of what a skill may be, in the unit of its verdict: percent with a sign, or multiples of the error."""
    if skill.ci_high < 0 and 1 - skill.value >= MUCH_WORSE:
        return _times(speech, 1 - skill.ci_high), _times(speech, 1 - skill.ci_low)
    ends = [100 * end for end in (skill.ci_low, skill.ci_high)]
    digits = 1 if all(round(end, 1) for end in ends) else 2  # an end beside zero is not told as zero
    low, high = (speech.percent(end, digits, sign=True) for end in ends)
    return low, high


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
