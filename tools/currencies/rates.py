"""What a dollar is in another currency, by a coin that an exchange quotes in it. Nothing simulated is converted."""

import logging

from pydantic import AwareDatetime, Field

from forecaster.errors import CryptoSenseError
from forecaster.market import Quote, catalogue
from forecaster.schema import ForecastWarning, Frozen, Price, Provenance, Symbol
from forecaster.serving import ForecastBackend

log = logging.getLogger(__name__)


class Rate(Frozen):
    """What a dollar is in another currency."""

    currency: str
    rate: float = Field(gt=0, description="of that currency, for one dollar")
    source: str = Field(description="the exchange that quotes the coin in that currency")
    time: AwareDatetime


async def rate_of(backend: ForecastBackend, symbol: Symbol, currency: str) -> Rate | None:
    """What a dollar is in another currency, by a coin's price in both; None where nobody that is asked quotes it."""
    if f"{currency}-USD" in catalogue():  # a coin moves as the other one does: it is no measure of it
        return None
    try:
        price = await backend.price(symbol)
    except CryptoSenseError as error:
        log.warning("There is no rate of another currency: %s", error)
        return None
    quote = await quoted_in(backend, price, currency)
    if quote is None:
        return None
    return Rate(currency=currency, rate=float(f"{quote.price / price.price:.6g}"), source=quote.source, time=price.time)


async def quoted_in(backend: ForecastBackend, price: Price, currency: str) -> Quote | None:
    """The same price at an exchange that quotes the coin in that currency; none beside a simulated one."""
    if is_simulated(price):
        return None
    try:
        return await backend.quote_in(price.symbol, currency)
    except CryptoSenseError as error:
        log.warning("There is no price in another currency: %s", error)
        return None


def is_simulated(said: Provenance) -> bool:
    """Whether a price is no market data."""
    return ForecastWarning.DEMO_DATA in said.warnings
