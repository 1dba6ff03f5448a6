"""Every reason to trust an answer less, in words: simulated or old prices, a coin that the model was not graded on."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from pydantic import BaseModel

from assistant.replies import grades
from assistant.replies.speech import Speech
from forecaster.schema import Forecast, ForecastWarning, Price, Provenance, Symbol
from tools import ComparedCoin, Comparison, ForecastAnswer, PriceAnswer, SpanAnswer

SAID_APART = {ForecastWarning.DEMO_DATA, ForecastWarning.UNEVALUATED_SYMBOL}
# In the words of forecaster/inference/annotate.py: which coin's record is told.
UNGRADED = re.compile(r"not graded on [A-Z0-9]+-USD: the record is ([A-Z0-9]+-USD)'s")


def simulated(speech: Speech, results: Sequence[BaseModel]) -> list[str]:
    """First of all that the prices are simulated, where they are."""
    made_up = any(ForecastWarning.DEMO_DATA in each.warnings for each in sources(results))
    return [speech.say("fixed.simulated")] if made_up else []


def cautions(speech: Speech, results: Sequence[BaseModel]) -> list[str]:
    """Every reason to trust the answer less. Notes say more, of exchanges and errors, to whoever runs this."""
    warned = [each for source in sources(results) for each in source.warnings if each not in SAID_APART]
    return [speech.say(f"warnings.{each}") for each in warned]


def whose(note: str) -> Symbol | None:
    """The coin whose record is told instead, where a note says that."""
    found = UNGRADED.search(note)
    return found[1] if found else None


def whose_record(speech: Speech, results: Sequence[BaseModel]) -> list[str]:
    """That the record is another coin's, for all coins of which that is true at once."""
    symbols: dict[Symbol, None] = {}
    of: Symbol | None = None
    for source in sources(results):
        if ForecastWarning.UNEVALUATED_SYMBOL in source.warnings:
            symbols[source.symbol] = None
            of = next(filter(None, map(whose, _notes(source))), of)
    if not symbols:
        return []
    if of is None:
        return [speech.say(f"warnings.{ForecastWarning.UNEVALUATED_SYMBOL}")]
    return [grades.ungraded(speech, list(symbols), of)]


def _notes(source: Forecast | Provenance | ComparedCoin) -> tuple[str, ...]:
    return () if isinstance(source, ComparedCoin) else source.notes


def sources(results: Iterable[BaseModel]) -> Iterator[Forecast | Provenance | ComparedCoin]:
    """What of the results says where its numbers come from."""
    for result in results:
        match result:
            case ForecastAnswer():
                yield result.forecast
            case PriceAnswer():
                yield result.price
            case SpanAnswer():
                yield result.span
            case Comparison():
                yield from result.rows
            case Provenance():
                yield result


def moment(source: Forecast | Provenance | ComparedCoin) -> datetime:
    """Of when the newest price is that an answer tells: of a trade, or of a candle."""
    match source:
        case Price():
            return max(source.time, source.as_of)
        case Forecast():
            return source.price_time
    return source.as_of
