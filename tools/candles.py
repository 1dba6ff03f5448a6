"""Candles: what happened to a price over the last hours, or between two moments."""

from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil, log
from statistics import stdev
from typing import Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.errors import CryptoSenseError, InvalidInput
from forecaster.market import rounded
from forecaster.schema import CandleSpan, Frozen, Symbol
from forecaster.serving import LONGEST_SPAN, LONGEST_SPANS, ForecastBackend
from tools.arguments import Moment
from tools.facts import CandleFacts
from tools.tool import Arguments, Tool, ToolResult, failure, fitting, minute, provenance

LONGEST_LOOK_BACK = LONGEST_SPAN  # hours
HOUR = timedelta(hours=1)
SHORT = 3 * HOUR  # a shorter span is told by five-minute candles
FEWEST_RETURNS = 3


def check_order(start: datetime | None, end: datetime | None) -> None:
    """Raises PydanticCustomError for a span that ends before it begins."""
    if start is not None and end is not None and start >= end:
        raise PydanticCustomError("span", "start must lie before end")


class CandleArguments(Arguments):
    """Which coin, and how far back, or between which moments."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    hours: int = Field(default=24, ge=1, le=LONGEST_LOOK_BACK, description="how many hours to look back")
    start: Moment | None = Field(
        default=None, description="instead of hours: where the span begins, with its zone, such as 2026-03-18T00:00Z"
    )
    end: Moment | None = Field(default=None, description="where the span ends; now if left out")

    @model_validator(mode="after")
    def _agree(self) -> Self:
        check_order(self.start, self.end)
        return self


class TooEarly(InvalidInput):
    """A span begins before the first candle that is to be had."""

    def __init__(self, earliest: datetime) -> None:
        super().__init__(f"Candles reach back to {minute(earliest)}.", "Ask for a span that begins later.")
        self.earliest = earliest


class SpanAnswer(Frozen):
    """Candles, with when the extremes were, how far the last close is from them, and how much the price varied."""

    span: CandleSpan
    start: AwareDatetime = Field(description="opening of the first candle")
    end: AwareDatetime = Field(description="close of the last candle")
    high_time: AwareDatetime = Field(description="opening of the candle that held the high")
    low_time: AwareDatetime
    below_high_pct: float = Field(ge=0, description="how far the last close lies below the high, percent of the high")
    above_low_pct: float = Field(ge=0, description="how far it lies above the low, percent of the low")
    volatility_pct: float | None = Field(
        default=None, ge=0, description="standard deviation of hourly log returns, percent an hour; None with too few"
    )


async def get_candles(backend: ForecastBackend, arguments: CandleArguments) -> ToolResult:
    """What the price did over the last hours, or between two moments, as a SpanAnswer."""
    try:
        span = await candles_between(backend, arguments.symbol, arguments.start, arguments.end, arguments.hours)
    except TooEarly as error:
        return failure("too_early", error.public, earliest=minute(error.earliest))
    answer = _answer(span)
    return ToolResult(fitting(_facts(answer) | provenance(span)), answer)


async def candles_between(
    backend: ForecastBackend, symbol: Symbol, start: datetime | None, end: datetime | None, hours: int
) -> CandleSpan:
    """The candles from `start`, or `hours` before the end, until `end`, or now. Raises InvalidInput where they lack."""
    if start is end is None:
        fine = await _fine(backend, symbol, hours) if hours * HOUR < SHORT else None
        return fine or await backend.candles(symbol, hours)
    known = await backend.candles(symbol, LONGEST_LOOK_BACK)
    if start and (end or known.as_of) - start < SHORT:  # "today", soon after midnight
        back = ceil((known.as_of - start) / HOUR) + 1  # newer ones may have closed since the last hour
        fine = await _fine(backend, symbol, max(1, back))
        known = fine if fine and fine.candles[0].open_time <= start else known
    end = end or known.as_of
    return _part(known, start or end - hours * HOUR, end)


async def _fine(backend: ForecastBackend, symbol: Symbol, hours: int) -> CandleSpan | None:
    """The five-minute candles of the newest hours, where there are so many."""
    if hours <= LONGEST_SPANS["5m"]:
        with suppress(CryptoSenseError):  # the hours say why
            found = await backend.candles(symbol, hours, "5m")
            return found if found.hours == hours else None
    return None


def _part(known: CandleSpan, start: datetime, end: datetime) -> CandleSpan:
    """The candles that lie in the asked span for the most part."""
    if start < (earliest := known.candles[0].open_time):
        raise TooEarly(earliest)
    step = timedelta(minutes=known.step_minutes)
    candles = tuple(each for each in known.candles if start <= each.open_time + step / 2 < end)
    if not candles:
        raise InvalidInput(
            f"No candle of that span has closed; the newest one closed at {minute(known.as_of)}.",
            "Ask for a span that begins earlier.",
        )
    first, last = candles[0], candles[-1]
    return known.model_copy(
        update={
            "hours": max(1, round((last.open_time + step - first.open_time) / HOUR)),
            "first_open": first.open,
            "last_close": last.close,
            "high": max(each.high for each in candles),
            "low": min(each.low for each in candles),
            "change_pct": 100 * (last.close / first.open - 1),
            "candles": candles,
        }
    )


def _answer(span: CandleSpan) -> SpanAnswer:
    return SpanAnswer(
        span=span,
        start=span.candles[0].open_time,
        end=span.candles[-1].open_time + timedelta(minutes=span.step_minutes),
        high_time=max(span.candles, key=lambda each: each.high).open_time,
        low_time=min(span.candles, key=lambda each: each.low).open_time,
        below_high_pct=100 * (1 - span.last_close / span.high),
        above_low_pct=100 * (span.last_close / span.low - 1),
        volatility_pct=volatility_pct(span),
    )


def volatility_pct(span: CandleSpan) -> float | None:
    """Standard deviation of the hourly log returns, percent an hour; None of fewer than three, or of other candles."""
    if span.step_minutes != 60:
        return None
    prices = [span.first_open, *(each.close for each in span.candles)]
    returns = [log(later / earlier) for earlier, later in pairwise(prices)]
    return 100 * stdev(returns) if len(returns) >= FEWEST_RETURNS else None


def _facts(answer: SpanAnswer) -> dict[str, object]:
    span = answer.span
    return {
        "symbol": span.symbol,
        "hours": span.hours,
        "open": rounded(span.first_open),
        "close": rounded(span.last_close),
        "change_pct": round(span.change_pct, 2),
        "high": rounded(span.high),
        "low": rounded(span.low),
        "below_high_pct": round(answer.below_high_pct, 2),
        "above_low_pct": round(answer.above_low_pct, 2),
        "start": minute(answer.start),
        "end": minute(answer.end),
        "hour_of_high": minute(answer.high_time),
        "hour_of_low": minute(answer.low_time),
        "volatility_pct": None if answer.volatility_pct is None else round(answer.volatility_pct, 3),
    }


GET_CANDLES = Tool(
    name="get_candles",
    title="Candles",
    description=(
        "What a coin's price did over the last hours, or between two moments of the last 12 days: open, close, change, "
        "high and low of that span, when these were and how far the close is from them, and the volatility."
    ),
    arguments=CandleArguments,
    facts=CandleFacts,
    run=get_candles,
)
