"""What every source of candles promises: ``latest(symbol, hours)`` -> Snapshot."""

from dataclasses import dataclass
from typing import Protocol

from forecaster.market.candles import Candles
from forecaster.schema import HOUR, ForecastWarning

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

    def now(self) -> float:
        """This moment in Unix seconds, by the clock of whoever is asked for candles; ours where nobody is."""
        ...

    async def since(self, symbol: str, source: str, start: int) -> Candles:
        """The closed candles of one exchange, and no other, that open at `start` (Unix s) or later.

        There may be more of them than it gives at once. Raises SourceError where it gives none.
        """
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...
