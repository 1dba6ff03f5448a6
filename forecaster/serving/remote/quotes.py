"""The last trade as a service elsewhere tells it, asked for a few times a minute: it counts how often it is asked."""

import time
from collections.abc import Awaitable, Callable

from cachetools import LRUCache

from forecaster.market import Quote
from forecaster.schema import MOST_SERIES, Price

SERVES_FOR = 15.0  # seconds for which a price is told again


class Quotes:
    """The newest prices, by symbol."""

    def __init__(self, ask: Callable[[str], Awaitable[Price]], timer: Callable[[], float] = time.monotonic) -> None:
        """`ask` gives the price of a symbol; `timer` never goes back, in seconds."""
        self._ask, self._timer = ask, timer
        self._held: LRUCache[str, tuple[float, Quote]] = LRUCache(MOST_SERIES)

    async def of(self, symbol: str) -> Quote:
        """The price of a symbol. Raises what `ask` raises."""
        held = self._held.get(symbol)
        if held is None or self._timer() - held[0] >= SERVES_FOR:
            held = self._held[symbol] = self._timer(), _quote_of(await self._ask(symbol))
        return held[1]


def _quote_of(price: Price) -> Quote:
    """What of a price is the trade's; its age is known by the hourly close that stands beside it."""
    now = price.as_of.timestamp() + price.age_seconds
    said = price.symbol, price.source, price.quote, price.price, price.time.timestamp(), now
    return Quote(*said, price.warnings, price.notes)
