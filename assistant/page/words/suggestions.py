"""Questions that the page suggests: what can be asked at all, then what goes on from the answer that was given.

What follows an answer depends on what its tools told, the newest of them first. Tests ask each question after the one
that leads to it, in every language, and demand that it is read as what it means.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol, cast

from pydantic import BaseModel

from assistant.events import Event, ToolFinished
from assistant.page.words.words import Words
from forecaster.schema import Price, Symbol
from tools import AnomalyReport, ForecastAnswer, MetricsAnswer, PriceAnswer, SpanAnswer, TrackRecordAnswer

MOST_SUGGESTIONS = 4
SOON, LATER = 4, 24  # hours ahead that are asked about after others
MOST_HEARD = 32  # results of one turn


class Asking(Protocol):
    """See assistant.page.services.Turn."""

    def __call__(
        self, messages: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncIterator[Event]:
        """Answer the newest message."""
        ...


class Heard:
    """A turn that notes what its tools tell."""

    def __init__(self, turn: Asking) -> None:
        self._turn = turn
        self.results: list[BaseModel] = []

    async def __call__(
        self, messages: Sequence[Mapping[str, str]], /, *, site: str = "", zone: str = "UTC"
    ) -> AsyncGenerator[Event, None]:
        """The same events."""
        async with aclosing(cast("AsyncGenerator[Event]", self._turn(messages, site=site, zone=zone))) as events:
            async for event in events:
                if isinstance(event, ToolFinished) and event.data is not None and len(self.results) < MOST_HEARD:
                    self.results.append(event.data)
                yield event


def suggestions_for(
    words: Words, symbol: Symbol, offered: Sequence[Symbol] = (), results: Sequence[BaseModel] = ()
) -> tuple[str, ...]:
    """Four questions that go on from the `results` of an answer; without any, that show what can be asked."""
    for result in reversed(results):
        if found := _after(result, words, offered or (symbol,)):
            return tuple(dict.fromkeys(found))[:MOST_SUGGESTIONS]
    return tuple(_about(words, name, symbol) for name in ("forecast", "good", "unusual", "calls"))


def _after(result: BaseModel, words: Words, offered: Sequence[Symbol]) -> list[str]:
    match result:
        case ForecastAnswer():
            symbol, ahead = result.forecast.symbol, result.forecast.horizons[-1].minutes
            hours = SOON if ahead < 60 * SOON else LATER if ahead < 60 * LATER else 1
            later = words.say("suggestions.later", hours=str(hours))
            again = _about(words, "forecast", symbol) if hours == 1 else later
            return [
                again,
                words.say("suggestions.sure"),
                *_same(words, symbol, offered),
                _about(words, "calls", symbol),
            ]
        case PriceAnswer() | Price():
            symbol = result.price.symbol if isinstance(result, PriceAnswer) else result.symbol
            return [_about(words, "forecast", symbol), *_same(words, symbol, offered), _about(words, "unusual", symbol)]
        case SpanAnswer():
            symbol = result.span.symbol
            return [_about(words, name, symbol) for name in ("forecast", "unusual", "price")]
        case TrackRecordAnswer():
            worst = [words.say("suggestions.worst")] if result.forecasts else []
            return [*worst, *_same(words, result.symbol, offered), words.say("suggestions.good"),
                    _about(words, "forecast", result.symbol)]  # fmt: skip
        case MetricsAnswer():
            return [_about(words, name, offered[0]) for name in ("calls", "forecast", "unusual")]
        case AnomalyReport():
            symbol = result.symbol
            return [*_same(words, symbol, offered), _about(words, "forecast", symbol), _about(words, "calls", symbol)]
    return []


def _same(words: Words, symbol: Symbol, offered: Sequence[Symbol]) -> list[str]:
    """The same about the first other coin."""
    return [_about(words, "same", other) for other in offered if other != symbol][:1]


def _about(words: Words, name: str, symbol: Symbol) -> str:
    return words.say(f"suggestions.{name}", coin=symbol.partition("-")[0])
