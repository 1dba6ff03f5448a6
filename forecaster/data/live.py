"""Real candles: the exchanges in order, each with its share of the time, then what is remembered, then an error.

A page serves until the exchange's own clock says that a newer candle must exist. Callers who want the same
symbol at the same time share one refresh. No number is ever made up: without a candle younger than FRESH_FOR
the answer is NoCandles, which names what was tried.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forecaster.candles import Candles, utc
from forecaster.data.cooldown import Cooldowns
from forecaster.data.exchange import Exchange, Page
from forecaster.data.memory import Memory
from forecaster.data.source import FRESH_FOR, Snapshot
from forecaster.errors import ExchangeError, NoCandles, UnsupportedSymbol
from forecaster.schema import HOUR, SYMBOLS, ForecastWarning

if TYPE_CHECKING:
    from forecaster.data.store import CandleStore

ROWS = 300  # hours asked for at once: the most that every exchange gives
BUDGET = 6.4  # seconds for all exchanges together
STORE_BUDGET = 1.2  # seconds more for the store, whose first call imports SQLAlchemy: an answer stays under 8
LATE_RETRY = 5.0  # seconds before an exchange is asked again for a candle that it does not have yet

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """Candles of one exchange, and what its clock showed when ours showed `fetched`."""

    exchange: Exchange
    candles: Candles
    now: float  # Unix seconds, the exchange's clock
    fetched: float  # Unix seconds, our clock
    failures: tuple[ExchangeError, ...] = ()  # why nothing newer could be had, when these come from memory

    @property
    def as_of(self) -> int:
        """Close of the newest candle, Unix seconds."""
        return int(self.candles.time[-1]) + HOUR

    def now_at(self, local: float) -> float:
        """The exchange's clock when ours shows `local`."""
        return self.now + local - self.fetched

    def serves_at(self, local: float) -> bool:
        """Whether no newer candle can exist yet, or one was asked for only a moment ago."""
        held_for, age = local - self.fetched, self.now_at(local) - self.as_of
        return held_for >= 0 and (age < HOUR or (age < FRESH_FOR and held_for < LATE_RETRY))


class LiveSource:
    """A CandleSource over exchanges, asked in the given order, and a store that remembers what they said."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        store: "CandleStore | None" = None,
        clock: Callable[[], float] = time.time,
        budget: float = BUDGET,
    ) -> None:
        self._exchanges = tuple(exchanges)
        self._memory = None if store is None else Memory(store)
        self._clock = clock
        self._budget = budget
        self._cooldowns = Cooldowns()
        self._held: dict[str, Held] = {}  # newest page by symbol
        self._offset = 0.0  # the exchanges' clock minus ours, as last seen
        self._refreshes: dict[str, asyncio.Task[Held | tuple[ExchangeError, ...]]] = {}  # under way, by symbol

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` (at most 300) closed candles. Raises NoCandles and UnsupportedSymbol.

        Answers or fails within 8 s. Carries STALE_CANDLES when a newer candle must exist.
        """
        if symbol not in SYMBOLS:
            raise UnsupportedSymbol(symbol, SYMBOLS)
        held = self._held.get(symbol)
        if held is None or not held.serves_at(self._clock()):
            outcome = await self._refreshed(symbol)
            if isinstance(outcome, tuple):
                raise NoCandles(symbol, outcome)
            held = outcome
        return _snapshot(symbol, held, hours, self._clock())

    async def since(self, symbol: str, source: str, start: int) -> Candles:
        """See CandleSource. Raises ExchangeError, and NoCandles for an exchange that is not asked here."""
        held = self._held.get(symbol)
        if held is not None and held.exchange.name == source and held.candles.time[0] <= start:
            return held.candles.since(start)
        exchange = next((each for each in self._exchanges if each.name == source), None)
        if exchange is None:
            raise NoCandles(symbol, ())
        resting = self._cooldowns.error(source, self._clock())
        if resting is not None:
            raise resting
        try:
            page = await exchange.candles(symbol, limit=ROWS, start=start, within=self._budget)
        except ExchangeError as error:
            self._cooldowns.failed(error, self._clock())
            raise
        self._cooldowns.answered(source)
        return page.candles

    async def close(self) -> None:
        """Stop what is under way, finish writing, and give back connections and files."""
        under_way = list(self._refreshes.values())
        for refresh in under_way:
            refresh.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        if self._memory is not None:
            await self._memory.close()
        for exchange in self._exchanges:
            await exchange.close()

    async def _refreshed(self, symbol: str) -> Held | tuple[ExchangeError, ...]:
        """The outcome of the one refresh under way for `symbol`; a caller who gives up does not stop it."""
        refresh = self._refreshes.get(symbol)
        if refresh is None:
            refresh = self._refreshes[symbol] = asyncio.create_task(self._refresh(symbol))
            refresh.add_done_callback(lambda _: self._refreshes.pop(symbol))
        return await asyncio.shield(refresh)

    async def _refresh(self, symbol: str) -> Held | tuple[ExchangeError, ...]:
        """A page from the first exchange that has one, or from memory, or else every failure."""
        failures: list[ExchangeError] = []
        time_now = asyncio.get_running_loop().time
        end = time_now() + self._budget
        for position, exchange in enumerate(self._exchanges):
            resting = self._cooldowns.error(exchange.name, self._clock())
            if resting is not None:
                failures.append(resting)
                continue
            share = (end - time_now()) / (len(self._exchanges) - position)
            try:
                page = await self._ask(exchange, symbol, share)
            except ExchangeError as error:
                logger.info("%s", error)
                self._cooldowns.failed(error, self._clock())
                failures.append(error)
                continue
            return self._hold(symbol, exchange, page)
        left = max(end - time_now(), 0) + STORE_BUDGET
        return await self._recall(symbol, tuple(failures), left) or tuple(failures)

    async def _ask(self, exchange: Exchange, symbol: str, within: float) -> Page:
        page = await exchange.candles(symbol, limit=ROWS, within=within)
        close = int(page.candles.time[-1]) + HOUR
        if page.now - close >= FRESH_FOR:
            raise ExchangeError(exchange.name, f"has no candle newer than {utc(close):%Y-%m-%d %H:%M} UTC")
        return page

    def _hold(self, symbol: str, exchange: Exchange, page: Page) -> Held:
        held = Held(exchange, page.candles, page.now, self._clock())
        self._held[symbol] = held
        self._offset = held.now - held.fetched
        self._cooldowns.answered(exchange.name)
        if self._memory is not None:
            self._memory.remember(exchange.name, symbol, page.candles)
        return held

    async def _recall(self, symbol: str, failures: tuple[ExchangeError, ...], within: float) -> Held | None:
        """The newest candles seen before, by one exchange alone, if they are young enough to serve."""
        local = self._clock()
        now = local + self._offset
        seen = [replace(self._held[symbol], failures=failures)] if symbol in self._held else []
        if self._memory is not None:
            names = tuple(exchange.name for exchange in self._exchanges)
            kept = await self._memory.newest(names, symbol, ROWS, within)
            seen += [
                Held(exchange, kept[exchange.name], now, local, failures)
                for exchange in self._exchanges
                if exchange.name in kept
            ]
        young = [held for held in seen if 0 <= held.now_at(local) - held.as_of < FRESH_FOR]
        return max(young, key=lambda held: held.as_of, default=None)


def _snapshot(symbol: str, held: Held, hours: int, local: float) -> Snapshot:
    snapshot = Snapshot(symbol, held.exchange.name, held.exchange.quote, held.candles[-hours:], held.now_at(local))
    if not held.failures and snapshot.age < HOUR:
        return snapshot
    note = f"the newest candle at hand, from {snapshot.source}, closed {snapshot.age // 60} minutes ago"
    if held.failures:
        note += "; nothing newer could be had: " + ", ".join(
            f"{error.exchange} {error.cause}" for error in held.failures
        )
    return replace(snapshot, warnings=(ForecastWarning.STALE_CANDLES,), notes=(note,))
