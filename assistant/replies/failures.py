"""What could not be had, in words: a coin that nobody lists, hours beyond the model, an exchange that is silent."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel

from assistant.replies.clarifications import reading
from assistant.replies.speech import Speech
from assistant.understanding import Ask, Intent, Language
from forecaster.schema import Price, Provenance, Symbol
from tools import (
    AnomalyReport,
    Comparison,
    Explanation,
    ForecastAnswer,
    MetricsAnswer,
    PriceAnswer,
    SpanAnswer,
    TrackRecordAnswer,
)

MOST_TOLD = 6  # results and failures in one answer
TOLD_BY: dict[Intent, type[BaseModel] | tuple[type[BaseModel], ...]] = {  # the results that answer an ask
    Intent.PRICE: (Price, PriceAnswer), Intent.CANDLES: SpanAnswer, Intent.FORECAST: ForecastAnswer,
    Intent.ADVICE: ForecastAnswer,
    Intent.ALERT: (Price, PriceAnswer, ForecastAnswer), Intent.COMPARE: Comparison, Intent.EXPLAIN: Explanation,
    Intent.METRICS: MetricsAnswer, Intent.TRACK_RECORD: TrackRecordAnswer, Intent.ANOMALIES: AnomalyReport,
}  # fmt: skip

Parts = Sequence[tuple[Ask, Sequence[BaseModel]]]  # asks, each with its results


@dataclass(frozen=True, slots=True)
class Failure:
    """A tool that did not answer, and why in the tool's words."""

    message: str
    longest_hours: int | None = None  # how far the model looks, where too much was asked
    supported: tuple[Symbol, ...] = ()  # what the model knows, or what comes nearest, where another coin was asked for
    symbol: Symbol | None = None  # which coin was asked for
    cause: str = ""  # why, by the name of a text; without one, the message says it
    earliest: datetime | None = None  # how far candles reach back, where older ones were asked for


def failed(speech: Speech, failures: Sequence[Failure], parts: Parts, results: Sequence[BaseModel]) -> list[str]:
    """What could not be had, and why; `results` is all that could be."""
    told: list[str] = []
    causes: list[Failure] = []
    forecast = any(isinstance(each, ForecastAnswer) for _, given in parts for each in given)
    for failure in failures:
        if failure.longest_hours and forecast:
            reach, given = speech.hours(failure.longest_hours), speech.ahead(failure.longest_hours)
            told.append(speech.say("forecast.reach", reach=reach, given=given))
        elif failure.supported:
            told += _unsupported(speech, failure, results)
        elif failure.earliest is not None and failure.symbol is not None:
            of_coin, time = speech.of_coin(failure.symbol), speech.time(failure.earliest)
            told.append(speech.say("failures.too_early", of_coin=of_coin, time=time))
        else:
            causes.append(failure)
    nowhere = {failure.symbol for failure in failures if failure.supported}
    lacking = [each for ask, given in parts for each in _missing(ask, given, nowhere)] if causes else []
    missing = [reading(speech, each) for each in lacking]
    told += [speech.say("failures.missing", what=what) for what in missing]
    return told + [_cause(speech, failure) for failure in causes]


def _cause(speech: Speech, failure: Failure) -> str:
    """Why something could not be had. What tools say is English, of which others get the first sentence."""
    if failure.cause:
        return speech.say(f"failures.{failure.cause}")
    if speech.language is Language.ENGLISH:
        return speech.say("failures.cause", message=failure.message)
    return speech.say("failures.cause", message=f"{failure.message.partition('. ')[0].strip('.')}.")


def _unsupported(speech: Speech, failure: Failure, results: Sequence[BaseModel]) -> Iterator[str]:
    """That a coin has no forecast, or that nobody lists it, and which coins are at hand."""
    if failure.symbol is None or failure.symbol in map(symbol_of, results):
        yield speech.say("forecast.only", coins=speech.coin(*failure.supported))
    else:
        yield speech.say("failures.unlisted", name=failure.symbol.partition("-")[0])
        yield speech.say("failures.instead", coins=speech.coin(*failure.supported))


def left_out(speech: Speech, failures: Sequence[Failure], parts: Parts) -> list[str]:
    """The coins that were asked about and not looked up, since an answer has room for so many."""
    failed = {failure.symbol for failure in failures}
    left = {symbol for ask, given in parts for each in _missing(ask, given, failed) for symbol in each.symbols}
    coins = [symbol for ask, _ in parts for symbol in ask.symbols if symbol in left]
    return [speech.say("failures.room", coins=speech.coin(*dict.fromkeys(coins)))] if coins else []


def _missing(ask: Ask, given: Sequence[BaseModel], told: Set[Symbol | None]) -> list[Ask]:
    """What of an ask has no result, but for coins that are spoken of already. Facts for a decision are a forecast."""
    if ask.intent not in TOLD_BY or ask.foreign:
        return []
    had = {symbol_of(each) for each in given}
    symbols = () if None in had else tuple(symbol for symbol in ask.symbols if symbol not in had | told)
    intent = Intent.FORECAST if ask.intent is Intent.ADVICE else ask.intent
    return [Ask(intent, symbols)] if symbols else []


def symbol_of(result: BaseModel) -> Symbol | None:
    """The coin that a result is about; the record is of no coin that was asked for."""
    match result:
        case ForecastAnswer():
            return result.forecast.symbol
        case PriceAnswer():
            return result.price.symbol
        case SpanAnswer():
            return result.span.symbol
        case Provenance() | TrackRecordAnswer():
            return result.symbol
    return None
