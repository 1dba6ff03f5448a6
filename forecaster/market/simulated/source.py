"""The simulated tape as a source of candles and prices, up to the moment that the clock shows."""

import time
from collections.abc import Callable

import numpy as np

from forecaster.errors import InvalidInput, NoCandles
from forecaster.market.candles import Candles
from forecaster.market.hours_ending import hours_ending
from forecaster.market.quotes import Quote
from forecaster.market.simulated.hours import BLOCK, MOST_HOURS, coin_of, rounded, simulated
from forecaster.market.simulated.minutes import MOST, PARTS, simulated_minutes
from forecaster.market.sources import QUOTE_SERVES, Snapshot
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning

NOTE = "simulated, not market data"
LABELS = (ForecastWarning.DEMO_DATA,), (NOTE,)


class DemoSource:
    """A CandleSource that asks nobody. Every method may raise UnsupportedSymbol."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock  # Unix seconds

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` simulated candles (20,480 at most)."""
        now = self._clock()
        hours = min(hours, MOST_HOURS)
        candles = simulated(symbol, int(now // HOUR) - hours, hours)
        return Snapshot(symbol, "demo", "USD", candles, now, *LABELS)

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """The newest `count` simulated five-minute candles (24,576 at most)."""
        now = self._clock()
        count = min(count, MOST)
        candles = simulated_minutes(symbol, int(now // FIVE_MINUTES) - count, count)
        return Snapshot(symbol, "demo", "USD", candles, now, *LABELS)

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """See CandleSource; 2,048 hours at most."""
        now = self._clock()
        at = int(now // FIVE_MINUTES) * FIVE_MINUTES if at is None else at
        if at > now:
            raise InvalidInput("No candle has closed at that time yet.", "Ask for an earlier time.")
        count = PARTS * min(hours, 2 * BLOCK)
        minutes = simulated_minutes(symbol, at // FIVE_MINUTES - count, count)
        return Snapshot(symbol, "demo", "USD", hours_ending(minutes, at, hours), now, *LABELS)

    async def quote(self, symbol: str, within: float = QUOTE_SERVES) -> Quote:
        """The price of this second, on the way through the five-minute candle that is forming."""
        now = self._clock()
        (candle,) = simulated_minutes(symbol, int(now // FIVE_MINUTES), 1).rows()
        opening, open_, _, _, close, _ = candle
        price = open_ + (close - open_) * (int(now) - opening) / FIVE_MINUTES
        (price,) = rounded(np.array([price]), coin_of(symbol)).tolist()
        return Quote(symbol, "demo", "USD", price, float(int(now)), now, *LABELS)

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See CandleSource; of no other currency."""
        return None

    def now(self) -> float:
        """See CandleSource."""
        return self._clock()

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """None: no exchange is asked here. Raises NoCandles."""
        raise NoCandles(symbol, ())

    async def close(self) -> None:
        """Nothing to give back."""
