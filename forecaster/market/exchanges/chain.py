"""Real candles: the exchanges in order, each with its share of the time, then what is remembered, then an error.

A page serves until the exchange's own clock says that a newer candle must exist. Callers who want the same
symbol at the same time share one refresh. No number is ever made up: without a candle younger than FRESH_FOR
the answer is NoCandles, which names what was tried.
"""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from forecaster.errors import ExchangeError, InvalidInput, NoCandles, UnsupportedSymbol
from forecaster.market.async_store import Memory
from forecaster.market.candles import Candles, utc
from forecaster.market.cautions import flagged
from forecaster.market.exchanges.base import CLOCK_SKEW, Exchange, Page
from forecaster.market.exchanges.cooldown import Cooldowns
from forecaster.market.gaps import gapless
from forecaster.market.sources import FRESH_FOR, Snapshot
from forecaster.schema import HOUR, SYMBOLS, WINDOW

if TYPE_CHECKING:
    from forecaster.market.store import CandleStore

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

    @property
    def ahead(self) -> float:
        """Seconds by which the exchange's clock is ahead of ours."""
        return self.now - self.fetched

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
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exchanges = tuple(exchanges)
        self._memory = None if store is None else Memory(store)
        self._clock = clock
        self._budget = budget
        self._timer = timer
        self._seen = (-math.inf, 0.0)  # what an exchange's clock showed, and our timer then
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

    def now(self) -> float:
        """See CandleSource: by the exchanges' clock, once one was seen."""
        return self._clock() + self._offset

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
        remembered: asyncio.Task[dict[str, Candles]] | None = None
        try:
            for position, exchange in enumerate(self._exchanges):
                share = (end - time_now()) / (len(self._exchanges) - position)
                try:
                    return self._hold(symbol, exchange, await self._ask(exchange, symbol, share))
                except ExchangeError as error:
                    failures.append(error)
                if remembered is None:  # read while the other exchanges are asked: they may take all the time there is
                    within = max(end - time_now(), 0) + STORE_BUDGET
                    remembered = asyncio.create_task(self._remembered(symbol, within))
            kept = await remembered if remembered else {}
            return self._recall(symbol, kept, tuple(failures)) or tuple(failures)
        finally:
            if remembered:
                remembered.cancel()

    async def _ask(self, exchange: Exchange, symbol: str, within: float) -> Page:
        """A page to forecast from. Raises ExchangeError, at once while the exchange is to be left alone."""
        resting = self._cooldowns.error(exchange.name, self._clock())
        if resting is not None:
            raise resting
        try:
            page = await exchange.candles(symbol, limit=ROWS, within=within)
            fault = self._outdated(page.now) or _unfit(page.candles, page.now)
            if fault is not None:
                raise ExchangeError(exchange.name, fault)
        except ExchangeError as error:
            logger.info("%s", error)
            self._cooldowns.failed(error, self._clock())
            raise
        return page

    def _outdated(self, date: float) -> str | None:
        """What is wrong with an answer that some cache on the way made earlier: its clock would hide its age.

        Two clocks must say so: ours, and the one that an exchange's earlier answer would show by now.
        """
        behind = min(self._clock(), self._exchange_time()) - date
        return f"sent an answer that is {behind / 60:.0f} minutes old" if behind > CLOCK_SKEW else None

    def _exchange_time(self) -> float:
        """What an exchange's clock that was seen before must show by now, or later."""
        shown, then = self._seen
        return shown + self._timer() - then

    def _hold(self, symbol: str, exchange: Exchange, page: Page) -> Held:
        held = Held(exchange, page.candles, page.now, self._clock())
        self._held[symbol] = held
        self._offset = held.ahead
        if held.now > self._exchange_time():
            self._seen = held.now, self._timer()
        self._cooldowns.answered(exchange.name)
        if self._memory is not None:
            self._memory.remember(exchange.name, symbol, page.candles)
        return held

    async def _remembered(self, symbol: str, within: float) -> dict[str, Candles]:
        names = tuple(exchange.name for exchange in self._exchanges)
        return {} if self._memory is None else await self._memory.newest(names, symbol, ROWS, within)

    def _recall(self, symbol: str, kept: dict[str, Candles], failures: tuple[ExchangeError, ...]) -> Held | None:
        """The newest candles seen before, by one exchange alone, if they are young enough to serve."""
        local = self._clock()
        now = local + self._offset
        seen = [replace(self._held[symbol], failures=failures)] if symbol in self._held else []
        seen += [
            Held(exchange, kept[exchange.name], now, local, failures)
            for exchange in self._exchanges
            if exchange.name in kept
        ]
        past = [held for held in seen if held.as_of <= held.now_at(local)]
        fit = [held for held in past if not _unfit(held.candles, held.now_at(local))]
        return max(fit, key=lambda held: held.as_of, default=None)


def _unfit(candles: Candles, now: float) -> str | None:
    """Why nothing can be said of the present from these candles at `now` (Unix s), or None."""
    close = int(candles.time[-1]) + HOUR
    if now - close >= FRESH_FOR:
        return f"has no candle newer than {utc(close):%Y-%m-%d %H:%M} UTC"
    try:
        gapless(candles, WINDOW)
    except InvalidInput:
        return f"lacks too many of the last {WINDOW} hours"
    return None


def _snapshot(symbol: str, held: Held, hours: int, local: float) -> Snapshot:
    snapshot = Snapshot(symbol, held.exchange.name, held.exchange.quote, held.candles[-hours:], held.now_at(local))
    return flagged(snapshot, held.failures, held.ahead)
