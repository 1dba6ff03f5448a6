"""The price now: what one coin was last traded for, when, and whether that can be so."""

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np

from forecaster.market.candles import Candles
from forecaster.schema import FIVE_MINUTES, ForecastWarning

SIGMAS = 20  # a price further off the newest close than this is not believed
MEMORY = 24  # candles after which a return counts for 1/e of a new one in the current volatility
CALMEST = 5e-4  # least volatility of five minutes: a market that stands still may move again


@dataclass(frozen=True, slots=True)
class Quote:
    """The last trade of one symbol as one source knew it."""

    symbol: str
    source: str  # an exchange's name, "demo" or "file"
    quote: str  # quote currency
    price: float
    time: float  # of the trade, Unix seconds by the source's own clock; where it tells none, of its answer
    now: float  # Unix seconds, by the source's own clock
    warnings: tuple[ForecastWarning, ...] = ()
    notes: tuple[str, ...] = ()  # the warnings in words

    @property
    def age(self) -> int:
        """Whole seconds since the trade, by the source's clock."""
        return max(0, int(self.now - self.time))


def believable(price: float, time: float, candles: Candles) -> bool:
    """Whether a price at `time` (Unix s) is within 20 sigmas of the newest close, as far as it may have moved since."""
    steps = max(1.0, (time - candles.end) / candles.step)
    return abs(log(price / float(candles.close[-1]))) <= SIGMAS * volatility(candles) * sqrt(steps)


def volatility(candles: Candles) -> float:
    """The current standard deviation of one candle's log return: an exponential mean of squares, newest first."""
    returns = np.diff(np.log(candles.close[-6 * MEMORY :]))[::-1]  # (n,)
    calmest = CALMEST * sqrt(candles.step / FIVE_MINUTES)
    if len(returns) == 0:
        return 10 * calmest
    weights = exp(-1 / MEMORY) ** np.arange(len(returns))
    return max(calmest, sqrt(float(np.average(returns**2, weights=weights))))
