"""Answers in plain words, composed from tool results and from nothing else. No number here is the model's own.

    asks, in their order --each with its results--> what was asked for, then details
    --then once, for all--> record, candles, assumptions, cautions

The words are in assistant/texts/, one file for each language. Nothing tells anyone to buy or sell.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pydantic import BaseModel

from assistant.replies import alerts, grades, market
from assistant.replies import forecasts as outlook
from assistant.replies.cautions import cautions, moment, simulated, sources, whose_record
from assistant.replies.clarifications import ASSUMED, IMPOSSIBLE, assumed, unsure
from assistant.replies.comparisons import comparison, missing
from assistant.replies.failures import MOST_TOLD, TOLD_BY, Failure, failed, left_out, symbol_of
from assistant.replies.records import record_of_forecasts
from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent, Question
from forecaster.schema import Forecast, Price, Provenance
from tools import (
    AnomalyReport,
    ComparedCoin,
    Comparison,
    Explanation,
    ForecastAnswer,
    MetricsAnswer,
    PriceAnswer,
    SpanAnswer,
    TrackRecordAnswer,
    catalogue,
)

APART = timedelta(minutes=5)  # between sources that are told one by one
SENTENCES = 3  # of an answer, besides what must be said, unless more is asked for
DOLLARS = ("USD", "USDT", "USDC")
FIXED = {
    Intent.GREETING: "greeting", Intent.THANKS: "thanks", Intent.CAPABILITIES: "capabilities", Intent.WHY: "why",
    Intent.METHOD: "method", Intent.DATA: "data", Intent.ADVICE: "no_advice",
}  # fmt: skip
ADDED: dict[Intent, type[BaseModel]] = {  # the result that is told after fixed words, where there is one
    Intent.WHY: MetricsAnswer, Intent.METHOD: MetricsAnswer, Intent.DATA: Price,
}  # fmt: skip


def without_tools(question: Question) -> str:
    """The answer to a question that needs no tool."""
    speech = _speech(question)
    if len(question.nearest) > 1:
        return speech.joined([unsure(speech, question.nearest), *_apology(speech, question)])
    alone = len(question.asks) == 1
    told = [_fixed(speech, ask, alone=alone) for ask in question.asks]
    return speech.joined([*told, *_apology(speech, question)])


def from_results(question: Question, results: Sequence[BaseModel], failures: Sequence[Failure]) -> str:
    """The answer that the tools' results give, with what failed."""
    speech = _speech(question)
    results = [each for place, each in enumerate(results) if each not in results[:place]]
    parts = [(ask, _belonging(ask, results)) for ask in question.asks]
    told = [each for _, given in parts for each in given]
    rest = [each for each in results if each not in told]  # such as a price, where there is no forecast
    if not results and not failures:
        return without_tools(question)
    begun = [*simulated(speech, results), *failed(speech, failures, parts, results)]
    if len(results) + len(failures) >= MOST_TOLD:
        begun += left_out(speech, failures, parts)
    begun += [each for ask, given in parts for each in _beyond(speech, ask, given)]
    brief = len(results) > 1 or any(ask.intent is Intent.ADVICE for ask in question.asks)
    answered = [*begun, *_answered(speech, question, [*parts, (Ask(Intent.OTHER), rest)], results, brief=brief)]
    answered += [*(_shared(speech, results) if brief else ()), *_apology(speech, question)]
    return speech.joined([*answered, *cautions(speech, results)])


def _speech(question: Question) -> Speech:
    return Speech(question.language, question.offered, question.zone)


def _apology(speech: Speech, question: Question) -> list[str]:
    """That a language was recognized and is not spoken."""
    return [speech.say("fixed.apology")] if question.apology else []


def _fixed(speech: Speech, ask: Ask, *, alone: bool) -> str:
    if ask.foreign:
        name = _name(ask.foreign)
        if not alone:
            return speech.say("fixed.foreign_too", name=name)
        return speech.say("fixed.foreign", name=name, coins=speech.every_coin()["coins"])
    if ask.assumed == IMPOSSIBLE:
        return speech.say("fixed.impossible")
    if ask.intent is Intent.GREETING and not alone:
        return speech.say("fixed.hello")
    told = speech.say(f"fixed.{FIXED.get(ask.intent, 'other')}", **speech.every_coin())
    return told if ask.symbols else speech.joined([told, speech.say("fixed.which_coin", **speech.every_coin())])


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
            named = result.in_currency.threshold if result.in_currency else result.threshold
            return 2 * outlook.fits(ask, result.forecast.horizons[-1]) + (named == ask.threshold)
        case AnomalyReport():
            return int(result.hours == ask.hours)
        case SpanAnswer():
            return int(result.start == ask.start if ask.start else result.span.hours == ask.hours)
        case PriceAnswer():
            return int(result.at == ask.at)
        case TrackRecordAnswer():
            return int((result.asked is None) == (ask.at is None))
        case MetricsAnswer():
            return int(ask.metric in [each.metric for each in result.metrics] and len(result.metrics) == 1)
    return 0


def _answered(
    speech: Speech,
    question: Question,
    parts: Sequence[tuple[Ask, Sequence[BaseModel]]],
    results: Sequence[BaseModel],
    *,
    brief: bool,
) -> Iterator[str]:
    """What each ask wanted, then what that rests on, then as many details as there is room for, and the record."""
    told: list[str] = []
    details: list[str] = []
    for ask, given in parts:
        if ask.foreign or ask.intent in FIXED:
            told.append(_fixed(speech, ask, alone=False))
        for result in given:
            if ask.intent is Intent.ALERT:
                first, *others = alerts.told(speech, ask, result, watches=question.watches, brief=brief)
            else:
                first, *others = _told(speech, ask, result, brief=brief, more=question.more)
            if ask.cause:
                told.append(speech.say("fixed.no_cause"))
            told.append(first)
            details += others
    record = _record(speech, question, results)
    room = 0 if brief else len(details) if question.more else max(1, SENTENCES - len(told) - len(record))
    yield from told
    yield from (assumed(speech, ask) for ask, given in parts if ask.assumed in ASSUMED and _as_assumed(ask, given))
    yield from _currencies(speech, question, results)
    yield from (each for found in results if isinstance(found, Comparison) for each in missing(speech, found))
    yield from details[:room]
    yield from whose_record(speech, results)
    yield from record


def _as_assumed(ask: Ask, given: Sequence[BaseModel]) -> bool:
    """Whether a forecast looks as far as a vague word was taken to mean."""
    return any(isinstance(each, ForecastAnswer) and outlook.fits(ask, each.forecast.horizons[-1]) for each in given)


def _told(speech: Speech, ask: Ask, result: BaseModel, *, brief: bool, more: bool) -> list[str]:
    """The answer of a result to an ask: first what was asked for."""
    match result:
        case ForecastAnswer():
            return outlook.expectation(speech, ask, result, brief=brief, more=more)
        case Price():
            return market.price(speech, result, brief=brief, more=more)
        case PriceAnswer():
            return market.asked_of_price(speech, ask, result, brief=brief, more=more)
        case SpanAnswer():
            return market.span(speech, ask, result, brief=brief)
        case AnomalyReport():
            return market.anomalies(speech, ask, result, brief=brief)
        case Comparison():
            return comparison(speech, ask, result, brief=brief)
        case MetricsAnswer() if ask.intent in ADDED:
            return grades.summary(speech, result)
        case MetricsAnswer():
            return grades.metrics(speech, ask, result, brief=brief)
        case TrackRecordAnswer():
            return grades.live(speech, ask, result)
        case Explanation():
            return [f"{speech.say('fixed.only_english')} {result.text}" if result.apology else result.text]
    return [""]


def _beyond(speech: Speech, ask: Ask, given: Sequence[BaseModel]) -> list[str]:
    """How far forecasts look, where an ask wanted to look farther."""
    return [
        each
        for result in given
        if isinstance(result, ForecastAnswer)
        for each in outlook.beyond(speech, ask, result.forecast)
    ]


def _currencies(speech: Speech, question: Question, results: Sequence[BaseModel]) -> Iterator[str]:
    """That nobody quotes a currency, or that prices are in dollars where another currency was asked for."""
    told = [each for each in results if isinstance(each, PriceAnswer | ForecastAnswer)]
    unknown = {each.currency_unknown for each in told}
    for each in told:
        if each.currency_unknown is not None:
            coin = speech.coin(each.price.symbol if isinstance(each, PriceAnswer) else each.forecast.symbol)
            yield speech.say("price.unquoted", coin=coin, currency=each.currency_unknown)
    converted = any(isinstance(each, PriceAnswer) or each.in_currency for each in told)
    for ask in question.asks:
        if converted or ask.currency is None or f"{ask.currency}-USD" in catalogue():
            continue
        if ask.currency in (*DOLLARS, *unknown):
            continue
        yield speech.say("price.dollars", currency=ask.currency)


def _record(speech: Speech, question: Question, results: Sequence[BaseModel]) -> list[str]:
    """The record of forecasts, once in a conversation."""
    if any(isinstance(result, MetricsAnswer) for result in results):
        return []
    forecasts = [result.forecast for result in results if isinstance(result, ForecastAnswer)]
    return record_of_forecasts(speech, forecasts, again=question.record_told)


def _shared(speech: Speech, results: Sequence[BaseModel]) -> list[str]:
    """The candles that the results rest on, where these do not say so themselves."""
    newest = {(each.symbol, each.source): each for each in sorted(sources(results), key=moment)}
    kept: list[Forecast | Provenance | ComparedCoin] = []
    for each in newest.values():  # of trades at about the same time the oldest is told
        if not any(each.source == other.source and moment(each) - moment(other) < APART for other in kept):
            kept.append(each)
    told = []
    for each in kept:
        facts = {"source": speech.source(each.source), "time": speech.near(moment(each), each.as_of)}
        if len(kept) == 1:
            told.append(speech.say("time.based_on", **facts))
        else:
            told.append(speech.say("time.based_on_of", coin=speech.coin(each.symbol), **facts))
    return told
