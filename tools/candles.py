"""Candles: what happened to a price over the last hours, or between two moments."""

from contextlib import suppress
from datetime import timedelta
from itertools import pairwise
from math import log
from statistics import stdev
from typing import Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from forecaster.errors import CryptoSenseError, InvalidInput
from forecaster.market import rounded
from forecaster.schema import CandleSpan, Frozen, Symbol
from forecaster.serving import LONGEST_SPAN, ForecastBackend
from tools.arguments import Moment
from tools.facts import CandleFacts
from tools.tool import Arguments, Tool, ToolResult, failure, fitting, minute, provenance

LONGEST_LOOK_BACK = LONGEST_SPAN  # hours
HOUR = timedelta(hours=1)
FINE = 2  # hours of five-minute candles that are asked for
FEWEST_RETURNS = 3


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
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise PydanticCustomError("span", "start must lie before end")
        return self


class SpanAnswer(Frozen):
    """Candles of the last hours, or between two moments, with when the extremes were and how much the price varied."""

    span: CandleSpan
    start: AwareDatetime = Field(description="opening of the first candle")
    end: AwareDatetime = Field(description="close of the last candle")
    high_time: AwareDatetime = Field(description="opening of the candle that held the high")
    low_time: AwareDatetime
    volatility_pct: float | None = Field(
        default=None, ge=0, description="standard deviation of hourly log returns, percent an hour; None with too few"
    )


async def get_candles(backend: ForecastBackend, arguments: CandleArguments) -> ToolResult:
    """What the price did over the last hours, or between two moments, as a SpanAnswer."""
    if arguments.start is None and arguments.end is None:
        return _told(await backend.candles(arguments.symbol, arguments.hours))
    known = await backend.candles(arguments.symbol, LONGEST_LOOK_BACK)
    if arguments.start and arguments.end is None and arguments.start > known.as_of - HOUR / 2:
        with suppress(CryptoSenseError):  # where there are none, the hours say why
            known = await backend.candles(arguments.symbol, FINE, "5m")  # "today", soon after midnight
    if arguments.start is not None and arguments.start < (first := known.candles[0].open_time):
        message = f"Candles reach back to {minute(first)}. Ask for a span that begins later."
        return failure("too_early", message, earliest=minute(first))
    return _told(_part(known, arguments))


def _part(known: CandleSpan, arguments: CandleArguments) -> CandleSpan:
    """The candles that lie in the asked span for the most part. Raises InvalidInput where none are there."""
    end = arguments.end or known.as_of
    start = arguments.start or end - arguments.hours * HOUR
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


def _told(span: CandleSpan) -> ToolResult:
    answer = SpanAnswer(
        span=span,
        start=span.candles[0].open_time,
        end=span.candles[-1].open_time + timedelta(minutes=span.step_minutes),
        high_time=max(span.candles, key=lambda each: each.high).open_time,
        low_time=min(span.candles, key=lambda each: each.low).open_time,
        volatility_pct=volatility_pct(span),
    )
    return ToolResult(fitting(_facts(span) | _more(answer) | provenance(span)), answer)


def volatility_pct(span: CandleSpan) -> float | None:
    """Standard deviation of the hourly log returns, percent an hour; None of fewer than three, or of other candles."""
    if span.step_minutes != 60:
        return None
    prices = [span.first_open, *(each.close for each in span.candles)]
    returns = [log(later / earlier) for earlier, later in pairwise(prices)]
    return 100 * stdev(returns) if len(returns) >= FEWEST_RETURNS else None


def _facts(span: CandleSpan) -> dict[str, object]:
    return {
        "symbol": span.symbol,
        "hours": span.hours,
        "open": rounded(span.first_open),
        "close": rounded(span.last_close),
        "change_pct": round(span.change_pct, 2),
        "high": rounded(span.high),
        "low": rounded(span.low),
    }


def _more(answer: SpanAnswer) -> dict[str, object]:
    return {
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
        "high and low of that span, when the high and the low were, and the volatility."
    ),
    arguments=CandleArguments,
    facts=CandleFacts,
    run=get_candles,
)
