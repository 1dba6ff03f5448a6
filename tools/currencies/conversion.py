"""Prices that a forecast is asked about in another currency, and those that it answers with."""

from pydantic import Field

from forecaster.inference import Odds
from forecaster.market import rounded
from forecaster.schema import Frozen
from tools.arguments import ForecastArguments
from tools.currencies.rates import Rate


class InCurrency(Frozen):
    """What was asked about in another currency, and the prices of the answer in it, at the rate of now."""

    rate: Rate
    threshold: float | None = None
    between: tuple[float, float] | None = None
    amount: float | None = Field(default=None, description="of money, that is")
    range_low: float | None = Field(
        default=None, description="price that the close stays above with the level's chance"
    )
    range_high: float | None = None


def in_dollars(arguments: ForecastArguments, rate: Rate | None) -> ForecastArguments:
    """The same questions with prices in dollars; without a rate, without those prices."""
    money = arguments.amount_in == "quote"
    told: dict[str, object] = {"currency": None, "threshold": None, "between": None, "move": None}
    if money:
        told["amount"] = None
    if rate is None:
        return arguments.model_copy(update=told | {"touch": arguments.touch and arguments.move_pct is not None})
    if arguments.threshold is not None:
        told["threshold"] = arguments.threshold / rate.rate
    if arguments.between is not None:
        told["between"] = [each / rate.rate for each in arguments.between]
    if arguments.move is not None:
        told["move"] = arguments.move / rate.rate
    if money and arguments.amount is not None:
        told["amount"] = arguments.amount / rate.rate
    return arguments.model_copy(update=told)


def in_currency(rate: Rate, named: ForecastArguments, told: Odds | None) -> InCurrency:
    """What was named in another currency, and the prices at a level in it."""
    ends = (told.range_low, told.range_high) if told else (None, None)
    low, high = (None if end is None else rounded(end * rate.rate) for end in ends)
    return InCurrency(
        rate=rate,
        threshold=named.threshold,
        between=(named.between[0], named.between[1]) if named.between else None,
        amount=named.amount if named.amount_in == "quote" else None,
        range_low=low,
        range_high=high,
    )


def facts_of(named: InCurrency | None, unknown: str | None) -> dict[str, object]:
    """What a model is told of the currency, or that nobody quotes it."""
    if named is None:
        return {"currency_nobody_quotes": unknown} if unknown else {}
    asked = {
        "threshold": named.threshold,
        "between": named.between and list(named.between),
        "amount": named.amount,
        "stays_above": named.range_low,
        "stays_below": named.range_high,
    }
    rate = named.rate
    facts: dict[str, object] = {"currency": rate.currency, "per_dollar": rate.rate, "rate_source": rate.source}
    return facts | {f"{name}_in_currency": each for name, each in asked.items() if each is not None}
