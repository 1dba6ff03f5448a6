"""What every source of candles and prices promises: ``latest(symbol, hours)`` -> Snapshot, and its siblings."""

from dataclasses import dataclass
from typing import Protocol

from forecaster.market.candles import Candles
from forecaster.market.quotes import Quote
from forecaster.schema import HOUR, ForecastWarning

QUOTE_SERVES = 5.0  # seconds for which a price is told again
FRESH_FOR = 2 * HOUR  # seconds: beyond this age the newest candle is refused, not flagged


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The newest closed candles of one symbol as one source knew them."""

    symbol: str
    source: str  # an exchange's name, "demo" or "file"
    quote: str  # quote currency
    candles: Candles  # at least one, every one closed at `now`
    now: float  # Unix seconds, by the source's own clock
    warnings: tuple[ForecastWarning, ...] = ()
    notes: tuple[str, ...] = ()  # the warnings in words

    @property
    def as_of(self) -> int:
        """Close of the newest candle, Unix seconds."""
        return self.candles.end

    @property
    def age(self) -> int:
        """Seconds by the source's clock since the newest candle closed."""
        return max(0, int(self.now) - self.as_of)


class CandleSource(Protocol):
    """A place that candles come from."""

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` closed candles, fewer where the source has no more.

        Raises NoCandles when there is none that is fresh enough, and UnsupportedSymbol.
        """
        ...

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """The newest `count` closed five-minute candles, fewer where the source has no more. Raises as `latest`."""
        ...

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """The newest `hours` hourly candles, made of five-minute ones, that end at `at` (Unix s, a five-minute mark).

        Without `at`, at the close of the newest five-minute candle. `as_of` is where the newest one ends:
        earlier than `at` where the source's candles are late, or are hours of the clock. Fewer where
        the source has no more; hours taken from hours of the clock, and moved up to 30 minutes, stand before those
        made of five minutes, and a note says so where that begins within the newest 60. Raises as `latest`, and
        InvalidInput for a time between two marks, in the future, or before what is at hand.
        """
        ...

    async def quote(self, symbol: str, within: float = QUOTE_SERVES) -> Quote:
        """The last trade, asked for `within` so many seconds, or labelled. Raises as `latest`."""
        ...

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """The last trade of the coin for another currency, such as EUR; None where nobody is known to quote that.

        It is never simulated. Raises SourceError where those who do could not be asked, and UnsupportedSymbol.
        """
        ...

    def now(self) -> float:
        """This moment in Unix seconds, by the clock of whoever is asked for candles; ours where nobody is."""
        ...

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """The closed candles of `step` seconds of one exchange, and no other, that open at `start` (Unix s) or later.

        There may be more of them than it gives at once. Raises SourceError where it gives none.
        """
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...
