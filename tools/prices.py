"""Prices: the last trade, and the newest candles with what happened over them."""

from datetime import datetime, timedelta

from pydantic import Field

from forecaster.errors import CryptoSenseError
from forecaster.market import BITCOIN, rounded
from forecaster.schema import Symbol
from forecaster.serving import LONGEST_SPAN, ForecastBackend
from tools.facts import CandleFacts, PriceFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute, provenance

LONGEST_LOOK_BACK = LONGEST_SPAN  # hours


class PriceArguments(Arguments):
    """Which coin."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")


class CandleArguments(PriceArguments):
    """Which coin, and how far back."""

    hours: int = Field(default=24, ge=1, le=LONGEST_LOOK_BACK, description="how many hours to look back")


async def get_price(backend: ForecastBackend, arguments: PriceArguments) -> ToolResult:
    """The price now, as a Price."""
    price = await backend.price(arguments.symbol)
    facts: dict[str, object] = {
        "symbol": price.symbol,
        "price": rounded(price.price),
        "traded": minute(price.time),
        "last_close": rounded(price.last_close),
    }
    if price.change_24h_pct is not None:
        facts["change_24h_pct"] = round(price.change_24h_pct, 2)
    return ToolResult(compact(facts | provenance(price)), price)


async def moment_of(backend: ForecastBackend) -> datetime | None:
    """What time it is (UTC) by the clock that the candles are named by; None while there is no price.

    It need not be that of this machine.
    """
    try:
        price = await backend.price(BITCOIN)
    except CryptoSenseError:  # whatever is asked for then says so
        return None
    return price.as_of + timedelta(seconds=price.age_seconds)


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


GET_PRICE = Tool(
    name="get_price",
    title="Price",
    description="A coin's price now (its last trade), its newest hourly close, and its change over the last 24 hours.",
    arguments=PriceArguments,
    facts=PriceFacts,
    run=get_price,
)
GET_CANDLES = Tool(
    name="get_candles",
    title="Candles",
    description="What a coin's price did over the last hours: open, close, change, high and low of that span.",
    arguments=CandleArguments,
    facts=CandleFacts,
    run=get_candles,
)
