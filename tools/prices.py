"""Prices: the last trade, a past moment's close, and what an amount is worth, in other currencies too."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from forecaster.errors import CryptoSenseError
from forecaster.inference import AmountIn
from forecaster.market import BITCOIN, rounded
from forecaster.schema import Frozen, Price, Symbol
from forecaster.serving import ForecastBackend
from tools.arguments import Amount, Currency, Moment
from tools.facts import PriceFacts
from tools.tool import Arguments, Tool, ToolResult, compact, minute, provenance


class PriceArguments(Arguments):
    """Which coin, and where they matter: a past moment, an amount, another currency."""

    symbol: Symbol = Field(description="the coin, such as BTC-USD or SOL-USD")
    at: Moment | None = Field(
        default=None, description="a past moment with its zone, such as 2026-03-18T12:00Z: the close of then"
    )
    amount: Amount | None = Field(default=None, description="how much it is worth is told")
    amount_in: AmountIn = Field(
        default="coin", description="of amount: coins, told in money, or the currency of the price, told in coins"
    )
    currency: Currency | None = Field(
        default=None, description="another currency, such as EUR, or another coin, such as ETH: the price in it"
    )

    @property
    def plain(self) -> bool:
        """Whether nothing but the price now is asked for."""
        return self.at is None and self.amount is None and self.currency is None


class PriceAnswer(Frozen):
    """A price with what more was asked of it. Where `at` is given, all of it is of then."""

    price: Price = Field(description="now")
    at: AwareDatetime | None = Field(default=None, description="the past moment asked about")
    close_then: float | None = Field(default=None, gt=0, description="close of the newest candle closed by `at`")
    close_time: AwareDatetime | None = Field(default=None, description="when that candle closed")
    close_source: str | None = Field(default=None, description="where that close comes from")
    amount: float | None = None
    amount_in: AmountIn | None = None
    value: float | None = Field(
        default=None, gt=0, description="of the amount: in `value_in` where coins are asked about, else in coins"
    )
    value_in: str | None = Field(default=None, description="a currency, or the coin's code")
    currency: str | None = Field(default=None, description="another currency or coin that the price is told in too")
    rate_source: str | None = Field(default=None, description="where price_in_currency comes from")
    price_in_currency: float | None = Field(default=None, gt=0)
    currency_unknown: str | None = Field(default=None, description="asked for, and quoted by nobody that is asked")


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


GET_PRICE = Tool(
    name="get_price",
    title="Price",
    description="A coin's price now (its last trade), its newest hourly close, and its change over the last 24 hours.",
    arguments=PriceArguments,
    facts=PriceFacts,
    run=get_price,
)
