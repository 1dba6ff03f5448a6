"""Prices: the last trade, a past moment's close, and what an amount is worth, in other currencies too."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from forecaster.errors import CryptoSenseError, SourceError
from forecaster.inference import AmountIn
from forecaster.market import BITCOIN, PastClose, catalogue, rounded
from forecaster.schema import Frozen, Price, Provenance, Symbol
from forecaster.serving import ForecastBackend
from tools.arguments import Amount, AskedPrice, Currency, Moment
from tools.currencies import is_simulated, quoted_in
from tools.facts import PriceFacts
from tools.tool import Arguments, Tool, ToolResult, compact, fitting, minute, provenance

TRY_AGAIN = "Try again in a minute."
SATOSHIS = 100_000_000  # in a bitcoin
SMALL = 0.01  # bitcoins, below which satoshis are told too


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
    to: AskedPrice | None = Field(default=None, description="another price in dollars: how far away it is is told")

    @property
    def plain(self) -> bool:
        """Whether nothing but the price now is asked for."""
        return all(each is None for each in (self.at, self.amount, self.currency, self.to))


class PriceAnswer(Frozen):
    """A price with what more was asked of it. Where `at` is given, all of it is of then, but what names now."""

    price: Price = Field(description="now")
    at: AwareDatetime | None = Field(default=None, description="the past moment asked about")
    close_then: float | None = Field(default=None, gt=0, description="close of the newest candle closed by `at`")
    close_time: AwareDatetime | None = Field(default=None, description="when that candle closed")
    close_source: str | None = Field(default=None, description="where that close comes from")
    change_since_pct: float | None = Field(default=None, description="from that close to the price now")
    amount: float | None = None
    amount_in: AmountIn | None = None
    value: float | None = Field(
        default=None, gt=0, description="of the amount: in `value_in` where coins are asked about, else in coins"
    )
    value_in: str | None = Field(default=None, description="a currency, or the coin's code")
    value_now: float | None = Field(
        default=None, gt=0, description="of what the amount was `at` then, in the currency of the price"
    )
    satoshis: int | None = Field(default=None, description="the value, where it is a small part of a bitcoin")
    currency: str | None = Field(default=None, description="another currency or coin that the price is told in too")
    rate_source: str | None = Field(default=None, description="where price_in_currency comes from")
    price_in_currency: float | None = Field(default=None, gt=0)
    currency_unknown: str | None = Field(default=None, description="asked for, and quoted by nobody that is asked")
    to: float | None = Field(default=None, description="another price that was asked about")
    distance: float | None = Field(default=None, description="from the price to that one; negative where it is lower")
    distance_pct: float | None = Field(default=None, description="the same in percent of the price")


async def get_price(backend: ForecastBackend, arguments: PriceArguments) -> ToolResult:
    """The price now, as a Price; with a moment, an amount or a currency, a PriceAnswer."""
    price = await backend.price(arguments.symbol)
    if arguments.plain:
        return ToolResult(compact(_facts(price)), price)
    then = await _then(backend, price, arguments.at) if arguments.at else None
    told: dict[str, object] = {"at": arguments.at, "amount": arguments.amount}
    if then:
        told |= {"close_then": then.close, "close_time": then.time, "close_source": then.source}
        told |= {"change_since_pct": 100 * (price.price / then.close - 1)}
    if arguments.currency:
        told |= await _elsewhere(backend, price, then, arguments.currency)
    if arguments.to:
        told |= _away(arguments.to, then.close if then else price.price)
    if arguments.amount:
        told |= _worth(arguments, price, then, told)
        if then and arguments.currency in (None, "USD", price.quote):
            coins = arguments.amount / (1 if arguments.amount_in == "coin" else then.close)
            told |= {"value_now": coins * price.price}
    answer = PriceAnswer.model_validate({"price": price, **told})
    return ToolResult(fitting(_facts(price) | _more(answer)), answer)


async def _then(backend: ForecastBackend, price: Price, at: datetime) -> PastClose:
    """The close of then, of the same kind as the price now. Raises SourceError where one alone is simulated."""
    then = await backend.close_at(price.symbol, at)
    _check(price, then)
    return then


def _check(one: Provenance, other: Provenance) -> None:
    if is_simulated(one) != is_simulated(other):
        raise SourceError("One price is simulated and the other is not, so they are not told together.", TRY_AGAIN)


async def _elsewhere(
    backend: ForecastBackend, price: Price, then: PastClose | None, currency: str
) -> dict[str, object]:
    """The same price in another coin or currency, where that is known."""
    own = then.close if then else price.price
    if currency in ("USD", price.quote):
        return {"currency": currency, "price_in_currency": own, "rate_source": price.source}
    if (symbol := f"{currency}-USD") in catalogue():
        other = await backend.price(symbol)
        _check(price, other)
        unit = (await _then(backend, other, then.time)).close if then else other.price
        return {"currency": currency, "price_in_currency": own / unit, "rate_source": other.source}
    quote = await quoted_in(backend, price, currency) if then is None else None
    if quote is None:
        return {"currency_unknown": currency}
    return {"currency": currency, "price_in_currency": quote.price, "rate_source": quote.source}


def _away(to: float, price: float) -> dict[str, object]:
    return {"to": to, "distance": to - price, "distance_pct": 100 * (to / price - 1)}


def _worth(
    arguments: PriceArguments, price: Price, then: PastClose | None, told: Mapping[str, object]
) -> dict[str, object]:
    """What the amount is worth; nothing where it is of a currency that is not known."""
    unit, name = then.close if then else price.price, price.quote
    if isinstance(known := told.get("price_in_currency"), float):
        unit, name = known, str(told["currency"])
    if arguments.amount_in == "coin":
        return {"amount_in": "coin", "value": (arguments.amount or 0.0) * unit, "value_in": name}
    if told.get("currency_unknown"):
        return {"amount_in": "quote"}
    value = (arguments.amount or 0.0) / unit
    small = price.symbol == BITCOIN and value < SMALL
    return {
        "amount_in": "quote",
        "value": value,
        "value_in": price.symbol.partition("-")[0],
        "satoshis": round(value * SATOSHIS) if small else None,
    }


def _facts(price: Price) -> dict[str, object]:
    facts: dict[str, object] = {
        "symbol": price.symbol,
        "price": rounded(price.price),
        "traded": minute(price.time),
        "last_close": rounded(price.last_close),
    }
    if price.change_24h_pct is not None:
        facts["change_24h_pct"] = round(price.change_24h_pct, 2)
    return facts | provenance(price)


def _more(answer: PriceAnswer) -> dict[str, object]:
    return {
        "asked_moment": answer.at and minute(answer.at),
        "close_then": answer.close_then and rounded(answer.close_then),
        "closed": answer.close_time and minute(answer.close_time),
        "close_source": answer.close_source,
        "change_since_pct": answer.change_since_pct and round(answer.change_since_pct, 2),
        "currency": answer.currency,
        "price_in_currency": answer.price_in_currency and _digits(answer.price_in_currency),
        "rate_source": answer.rate_source,
        "currency_nobody_quotes": answer.currency_unknown,
        "to": answer.to,
        "distance": answer.distance and _digits(answer.distance),
        "distance_pct": answer.distance_pct and round(answer.distance_pct, 2),
        "amount": answer.amount,
        "amount_in": answer.amount_in,
        "value": answer.value and _digits(answer.value),
        "value_in": answer.value_in,
        "value_now": answer.value_now and _digits(answer.value_now),
        "satoshis": answer.satoshis,
    }


def _digits(value: float) -> float:
    """To cents, or below 10 to eight significant digits, as one writes parts of a coin."""
    return round(value, 2) if abs(value) >= 10 else float(f"{value:.8g}")


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
    description=(
        "A coin's price now (its last trade), its newest hourly close, and its change over the last 24 hours; also the "
        "close at a past moment of the last 12 days, what an amount is worth, and the price in another currency or "
        "coin."
    ),
    arguments=PriceArguments,
    facts=PriceFacts,
    run=get_price,
)
