"""Real candles and prices: the exchanges in order, then what is remembered, then an error.

A page serves until the exchange's own clock says that a newer candle must exist. Callers who want the same
symbol at the same time share one refresh. No number is ever made up: without a candle younger than FRESH_FOR
the answer is NoCandles, which names what was tried.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from forecaster.errors import InvalidInput, NoCandles
from forecaster.market.async_store import Memory
from forecaster.market.candles import Candles
from forecaster.market.cautions import causes, flagged
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.pages import STORE_BUDGET, Held, Listing, Pages
from forecaster.market.exchanges.prices import Prices
from forecaster.market.exchanges.products import Listings
from forecaster.market.exchanges.shared import SharedAnswers
from forecaster.market.exchanges.sockets import Sockets
from forecaster.market.exchanges.turns import BUDGET, Failures, Turns
from forecaster.market.hours_ending import hours_ending, reaching_back
from forecaster.market.quotes import Quote
from forecaster.market.sources import QUOTE_SERVES, Snapshot
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW

if TYPE_CHECKING:
    from forecaster.market.store import CandleStore

ROWS = 300  # asked for at once: the most that every exchange gives


class LiveSource:
    """A CandleSource over exchanges, asked in the given order, and a store that remembers what they said."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        store: "CandleStore | None" = None,
        clock: Callable[[], float] = time.time,
        budget: float = BUDGET,
        timer: Callable[[], float] = time.monotonic,
        sockets: Sockets | None = None,
        answers: SharedAnswers | None = None,
    ) -> None:
        """`sockets` are those of the same exchanges, where they are to be listened to; so are `answers`.

        With these, `store` is one that all replicas keep candles in.
        """
        self._turns = Turns(exchanges, clock, budget, timer)
        self._memory = None if store is None else Memory(store)
        self._listings = Listings(self._turns)
        self._answers = answers
        self._pages = Pages(self._turns, self._memory, answers)
        self._prices = Prices(self._turns, self._pages, sockets)

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` (at most 300) closed candles. Raises NoCandles and UnsupportedSymbol.

        Answers or fails within 8 s. Carries STALE_CANDLES when a newer candle must exist.
        """
        held = await self._newest(symbol, await self._listings.of(symbol), HOUR)
        return self._snapshot(symbol, held, held.candles[-hours:])

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """See CandleSource; of Coinbase at most 299 when nothing is remembered. As `latest` otherwise."""
        held = await self._newest(symbol, await self._listings.of(symbol), FIVE_MINUTES)
        return self._snapshot(symbol, held, held.candles[-count:])

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """See CandleSource: the newest 60 hours are made of five minutes, those before are hours of the clock."""
        listing = await self._listings.of(symbol)
        end = asyncio.get_running_loop().time() + self._turns.budget + STORE_BUDGET
        fine = await self._pages.newest(symbol, listing, FIVE_MINUTES)
        if not isinstance(fine, Held):
            return await self._without_minutes(symbol, listing, at, hours, fine, end)
        at = fine.candles.end if at is None else at
        if at % FIVE_MINUTES != 0 or at > fine.now_at(self._turns.clock()):
            raise InvalidInput(
                "No five-minute candle has closed at that time.", "Ask for a five-minute mark before now."
            )
        at = min(at, fine.candles.end)  # what is late is not taken for whole
        recent = hours_ending(fine.candles, at, hours)
        if len(recent) == 0:
            raise InvalidInput("There are no five-minute candles of that time any more.", "Ask for a later time.")
        whole = await self._hours_before(symbol, fine, int(recent.time[0]), end) if len(recent) < hours else None
        candles = reaching_back(recent, whole.candles, hours) if whole else recent
        notes = []
        made = (at - int(recent.time[0])) // HOUR
        if made < min(hours, WINDOW):
            notes.append(
                f"{fine.exchange.name} gave five-minute candles for the newest {made} hours; "
                f"{'those before are hours of the clock' if whole else 'there are none before'}"
            )
        return self._snapshot(symbol, fine, candles, *notes)

    async def quote(self, symbol: str, within: float = QUOTE_SERVES) -> Quote:
        """See CandleSource. Raises NoCandles and UnsupportedSymbol, within 8 s."""
        quote = await self._prices.now(symbol, await self._listings.of(symbol), within)
        if isinstance(quote, Quote):
            return quote
        raise NoCandles(symbol, quote)

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See CandleSource. Raises ExchangeError and UnsupportedSymbol, within 8 s."""
        return await self._prices.elsewhere(symbol, await self._listings.of(symbol), currency)

    def now(self) -> float:
        """See CandleSource: by the exchanges' clock, once one was seen."""
        return self._turns.now()

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """See CandleSource. Raises ExchangeError, and NoCandles for an exchange that is not asked here."""
        held = self._pages.held(symbol, step)
        if held is not None and held.exchange.name == source and held.candles.time[0] <= start:
            return held.candles.since(start)
        listing = await self._listings.of(symbol)
        exchange = next((each for each in listing if each.name == source), None)
        if exchange is None:
            raise NoCandles(symbol, ())
        pair, within = listing[exchange], self._turns.budget
        page = await self._turns.one(
            exchange,
            lambda: exchange.candles(symbol, limit=ROWS, start=start, step=step, within=within, pair=pair),
        )
        return page.candles

    async def close(self) -> None:
        """Stop what is under way, finish writing, and give back connections and files."""
        for part in (self._prices, self._pages, self._listings):
            await part.close()
        if self._memory is not None:
            await self._memory.close()
        for exchange in self._turns.exchanges:
            await exchange.close()
        if self._answers is not None:
            await self._answers.close()

    async def _newest(self, symbol: str, listing: Listing, step: int) -> Held:
        held = await self._pages.newest(symbol, listing, step)
        if isinstance(held, Held):
            return held
        raise NoCandles(symbol, held)

    async def _hours_before(self, symbol: str, fine: Held, start: int, end: float) -> Held | None:
        """Hours of the same exchange that reach from before `start` (Unix s) far back; those held serve for long."""
        held = self._pages.held(symbol, HOUR)
        if held is None or held.exchange is not fine.exchange or held.candles.end < start:
            told = await self._hours_until(end, symbol, {fine.exchange: fine.pair})
            held = told if isinstance(told, Held) else None
        return held

    async def _hours_until(self, end: float, symbol: str, listing: Listing) -> Held | Failures:
        """Hours, or why there are none, by `end` of the loop's time: who asks has waited for five minutes before."""
        try:
            async with asyncio.timeout_at(end):
                return await self._pages.newest(symbol, listing, HOUR)
        except TimeoutError:
            return ()

    async def _without_minutes(
        self, symbol: str, listing: Listing, at: int | None, hours: int, failures: Failures, end: float
    ) -> Snapshot:
        """Hours of the clock, where no exchange gives five-minute candles. Raises NoCandles."""
        held = await self._hours_until(end, symbol, listing)
        if not isinstance(held, Held):
            raise NoCandles(symbol, held or failures)
        candles = held.candles[-hours:] if at is None else held.candles.closed_at(at)[-hours:]
        if len(candles) == 0:
            raise NoCandles(symbol, failures)
        note = f"these are hours of the clock: no five-minute candles could be had ({causes(failures)})"
        return self._snapshot(symbol, held, candles, note, step=HOUR)

    def _snapshot(self, symbol: str, held: Held, candles: Candles, *notes: str, step: int | None = None) -> Snapshot:
        now = held.now_at(self._turns.clock())
        snapshot = Snapshot(symbol, held.exchange.name, held.pair.quote, candles, now)
        return flagged(snapshot, held.failures, held.ahead, step or held.candles.step, *notes)
