"""Answers in plain words, composed from tool results and from nothing else. No number here is the model's own.

    asks, in their order --each with its results--> sentences --then once, for all--> record, candles, cautions

The words are in assistant/texts/, one file for each language. Nothing tells anyone to buy or sell.
"""

from collections.abc import Sequence

from pydantic import BaseModel

from assistant.replies import forecasts as outlook
from assistant.replies import grades, market
from assistant.replies.cautions import cautions, simulated, sources, ungraded
from assistant.replies.clarifications import unsure
from assistant.replies.failures import MOST_TOLD, TOLD_BY, Failure, failed, left_out, symbol_of
from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent, Question
from forecaster.schema import CandleSpan, Price
from tools import AnomalyReport, ForecastAnswer, MetricsAnswer, TrackRecordAnswer

LONGEST = 90  # words; beyond, forecasts are told in brief
NOTED = 120  # words with notes on what went wrong; beyond, these are left out
FIXED = {
    Intent.GREETING: "greeting", Intent.THANKS: "thanks", Intent.CAPABILITIES: "capabilities", Intent.WHY: "why",
    Intent.METHOD: "method", Intent.DATA: "data", Intent.ADVICE: "no_advice",
}  # fmt: skip
ADDED: dict[Intent, type[BaseModel]] = {  # the result that is told after fixed words, where there is one
    Intent.WHY: MetricsAnswer, Intent.METHOD: MetricsAnswer, Intent.DATA: Price,
}  # fmt: skip


def without_tools(question: Question) -> str:
    """The answer to a question that needs no tool."""
    speech = Speech(question.language, question.offered)
    if len(question.nearest) > 1:
        return unsure(speech, question.nearest)
    alone = len(question.asks) == 1
    return speech.joined([_fixed(speech, ask, alone=alone) for ask in question.asks])


def from_results(question: Question, results: Sequence[BaseModel], failures: Sequence[Failure]) -> str:
    """The answer that the tools' results give, with what failed."""
    speech = Speech(question.language, question.offered)
    results = [each for place, each in enumerate(results) if each not in results[:place]]
    several = len(results) > 1
    parts = [(ask, _belonging(ask, results)) for ask in question.asks]
    told = [each for _, given in parts for each in given]
    rest = [each for each in results if each not in told]  # such as a price, where there is no forecast
    if not results and not failures:
        return without_tools(question)
    begun = [*simulated(speech, results), *failed(speech, failures, parts, results)]
    if len(results) + len(failures) >= MOST_TOLD:
        begun += left_out(speech, failures, parts)
    for brief, notes, longest in ((several, True, LONGEST), (True, True, NOTED), (True, False, 0)):
        sentences = list(begun)
        for ask, given in [*parts, (Ask(Intent.OTHER), rest)]:
            sentences += _part(speech, ask, given, results, brief=brief)
        sentences += [*_shared(speech, results, brief=brief), *cautions(speech, results, notes=notes)]
        text = speech.joined(sentences)
        if speech.length(text) <= longest:
            break
    return text


def _fixed(speech: Speech, ask: Ask, *, alone: bool) -> str:
    if ask.foreign:
        name = _name(ask.foreign)
        if not alone:
            return speech.say("fixed.foreign_too", name=name)
        return speech.say("fixed.foreign", name=name, coins=speech.every_coin()["coins"])
    if ask.intent is Intent.GREETING and not alone:
        return speech.say("fixed.hello")
    return speech.say(f"fixed.{FIXED.get(ask.intent, 'other')}", **speech.every_coin())


def _name(foreign: str) -> str:
    return foreign[:20].upper()


def _belonging(ask: Ask, results: Sequence[BaseModel]) -> list[BaseModel]:
    """The results that an ask wants: of each of its coins the one for its hours, else one for others."""
    kind = TOLD_BY.get(ask.intent) or ADDED.get(ask.intent)
    if kind is None or ask.foreign:
        return []
    found = []
    for symbol in ask.symbols:
        fitting = [each for each in results if isinstance(each, kind) and symbol_of(each) in (symbol, None)]
        found += sorted(fitting, key=lambda each: _fits(ask, each), reverse=True)[:1]
    return [each for place, each in enumerate(found) if each not in found[:place]]


def _fits(ask: Ask, result: BaseModel) -> int:
    """How well a result is what was asked for."""
    match result:
        case ForecastAnswer():
            return 2 * outlook.fits(ask, result.forecast.horizons[-1]) + (result.threshold == ask.threshold)
        case CandleSpan() | AnomalyReport():
            return int(result.hours == ask.hours)
        case MetricsAnswer():
            return int(ask.metric in [each.metric for each in result.metrics] and len(result.metrics) == 1)
    return 0


def _part(
    speech: Speech, ask: Ask, given: Sequence[BaseModel], results: Sequence[BaseModel], *, brief: bool
) -> list[str]:
    """The answer to one ask, which `given` of all `results` belong to."""
    told = []
    if ask.foreign or ask.intent in FIXED:
        told.append(_fixed(speech, ask, alone=False))
    for result in given:
        match result:
            case ForecastAnswer():
                told += outlook.beyond(speech, ask, result.forecast)
                told += _expected(speech, ask, result, results, brief=brief or ask.intent is Intent.ADVICE)
            case Price():
                told += market.price(speech, result, brief=brief)
            case CandleSpan():
                told += market.span(speech, ask, result)
            case AnomalyReport():
                told += market.anomalies(speech, ask, result)
            case MetricsAnswer() if ask.intent in ADDED:
                told += grades.summary(speech, result)
            case MetricsAnswer():
                told += grades.metrics(speech, ask, result, brief=brief)
            case TrackRecordAnswer():
                told += grades.live(speech, result)
    return told


def _expected(
    speech: Speech, ask: Ask, answer: ForecastAnswer, results: Sequence[BaseModel], *, brief: bool
) -> list[str]:
    """A forecast, after the price that it starts from; where other things are told too, that is told beside it."""
    alone = all(symbol_of(each) == answer.forecast.symbol for each in results)
    priced = any(isinstance(each, Price) for each in results)
    begun = alone and not priced
    first = [outlook.start(speech, answer.forecast)] if begun or not brief else []
    return [*first, *outlook.expectation(speech, ask, answer, brief=brief, begun=begun)]


def _shared(speech: Speech, results: Sequence[BaseModel], *, brief: bool) -> list[str]:
    """What several parts have in common: the record of forecasts, and the candles they rest on."""
    forecasts = [result.forecast for result in results if isinstance(result, ForecastAnswer)]
    told = []
    if not any(isinstance(result, MetricsAnswer) for result in results):
        told += [*ungraded(speech, results), *outlook.record_of_forecasts(speech, forecasts)]
    told_of = list(sources(results))
    if isinstance(told_of[0] if len(told_of) == 1 else None, Price) and not brief:
        return told  # a price alone has told it
    newest = {(each.symbol, each.source): each for each in sorted(told_of, key=lambda each: each.as_of)}
    moments = {(each.as_of, each.source): each for each in told_of if each in newest.values()}
    for each in moments.values():
        name = "time.based_on" if len(moments) == 1 else "time.based_on_of"
        coin = {} if len(moments) == 1 else {"coin": speech.coin(each.symbol)}
        told.append(speech.say(name, time=speech.time(each.as_of), source=speech.source(each.source), **coin))
    return told
