"""A source of hours, five minutes and trades of two coins at any moment, each of which a test may break."""

from dataclasses import replace

from forecaster.errors import CryptoSenseError, NoCandles
from forecaster.market.candles import Candles
from forecaster.market.hours_ending import hours_ending
from forecaster.market.quotes import Quote
from forecaster.market.sources import Snapshot
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.artifacts.markets import market
from tests.support.exchanges.fake import five_minutes_of
from tests.support.fakes import NOON

UNTIL = NOON + 48 * HOUR
MARKETS = {
    "BTC-USD": market(700, seed=21, close_time=UNTIL),
    "ETH-USD": market(700, seed=22, start=1_500.0, close_time=UNTIL),
}
FINE = {symbol: five_minutes_of(candles) for symbol, candles in MARKETS.items()}
MOVED = 1.001  # the last trade, as a share of the newest five-minute close


class Marks:
    """A CandleSource whose clock shows `moment` (Unix s). `broken` methods of a symbol raise NoCandles."""

    def __init__(self, moment: float) -> None:
        self.moment = moment
        self.fine, self.hours = dict(FINE), dict(MARKETS)
        self.late: dict[str, int] = {}  # five-minute candles that are not there yet, by symbol
        self.broken: set[tuple[str, str]] = set()  # (method, symbol)
        self.of_trade: dict[str, object] = {}  # fields of a Quote that differ
        self.of_candles: dict[str, object] = {}  # fields of each Snapshot that differ
        self.asked: list[tuple[str, str]] = []

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        self._ask("latest", symbol)
        return self._snapshot(symbol, self.hours[symbol].closed_at(self.moment)[-hours:])

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        self._ask("five_minutes", symbol)
        return self._snapshot(symbol, self._fine(symbol)[-count:])

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        self._ask("hours_ending", symbol)
        fine = self._fine(symbol)
        return self._snapshot(symbol, hours_ending(fine, fine.end if at is None else min(at, fine.end), hours))

    async def quote(self, symbol: str, within: float = 5.0) -> Quote:
        self._ask("quote", symbol)
        price = float(self._fine(symbol).close[-1]) * MOVED
        return replace(
            Quote(symbol, "bitstamp", "USD", price, self.moment - 2, self.moment),
            **self.of_trade,  # type: ignore[arg-type]
        )

    def now(self) -> float:
        return self.moment

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        candles = self._fine(symbol) if step == FIVE_MINUTES else self.hours[symbol].closed_at(self.moment)
        return candles.since(start)[:300]

    async def close(self) -> None:
        pass

    def _fine(self, symbol: str) -> Candles:
        closed = self.fine[symbol].closed_at(self.moment)
        return closed[: len(closed) - self.late.get(symbol, 0)]

    def _snapshot(self, symbol: str, candles: Candles) -> Snapshot:
        return replace(Snapshot(symbol, "bitstamp", "USD", candles, self.moment), **self.of_candles)  # type: ignore[arg-type]

    def _ask(self, method: str, symbol: str) -> None:
        self.asked.append((method, symbol))
        if (method, symbol) in self.broken:
            error: CryptoSenseError = NoCandles(symbol, ())
            raise error
