"""Candles: what happened to a price over the last hours, or between two moments."""

from pydantic import AwareDatetime, Field

from forecaster.market import rounded
from forecaster.schema import CandleSpan, Frozen, Symbol
from forecaster.serving import LONGEST_SPAN, ForecastBackend
from tools.arguments import Moment
from tools.facts import CandleFacts
from tools.tool import Arguments, Tool, ToolResult, compact, provenance

LONGEST_LOOK_BACK = LONGEST_SPAN  # hours


class CandleArguments(Arguments):
    """Which coin, and how far back, or between which moments."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    hours: int = Field(default=24, ge=1, le=LONGEST_LOOK_BACK, description="how many hours to look back")
    start: Moment | None = Field(
        default=None, description="instead of hours: where the span begins, with its zone, such as 2026-03-18T00:00Z"
    )
    end: Moment | None = Field(default=None, description="where the span ends; now if left out")


class SpanAnswer(Frozen):
    """Candles between two moments, with when the extremes were and how much the price varied."""

    span: CandleSpan
    start: AwareDatetime = Field(description="opening of the first candle")
    end: AwareDatetime = Field(description="close of the last candle")
    high_time: AwareDatetime = Field(description="opening of the candle that held the high")
    low_time: AwareDatetime
    volatility_pct: float | None = Field(
        default=None, ge=0, description="standard deviation of hourly log returns, percent an hour; None with too few"
    )


async def get_candles(backend: ForecastBackend, arguments: CandleArguments) -> ToolResult:
    """What the price did over the last hours, as a CandleSpan."""
    span = await backend.candles(arguments.symbol, arguments.hours)
    facts = {
        "symbol": span.symbol,
        "hours": span.hours,
        "open": rounded(span.first_open),
        "close": rounded(span.last_close),
        "change_pct": round(span.change_pct, 2),
        "high": rounded(span.high),
        "low": rounded(span.low),
    }
    return ToolResult(compact(facts | provenance(span)), span)


GET_CANDLES = Tool(
    name="get_candles",
    title="Candles",
    description="What a coin's price did over the last hours: open, close, change, high and low of that span.",
    arguments=CandleArguments,
    facts=CandleFacts,
    run=get_candles,
)
