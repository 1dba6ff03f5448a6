"""The newest candles of each symbol and step, kept until the exchange must have a newer one, and then asked for.

Five-minute candles are asked for again from the last one held on, so that a page is big once and small from then on;
a page of hours is small, comes once an hour, and is asked for as a whole. Where several replicas share what they are
answered, what one has kept serves the others too.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from cachetools import LRUCache

from forecaster.errors import InvalidInput
from forecaster.market.async_store import Memory
from forecaster.market.candles import Candles, utc
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.shared import SharedAnswers
from forecaster.market.exchanges.turns import Failures, Turns
from forecaster.market.gaps import LONGEST_GAP, gapless
from forecaster.market.single_flight import SingleFlight
from forecaster.market.sources import FRESH_FOR
from forecaster.market.symbols import Pair
from forecaster.schema import FIVE_MINUTES, HOUR, WINDOW

WANTED = {HOUR: 300, FIVE_MINUTES: WINDOW * 12 + 1}  # candles asked for at once; exchanges may give fewer
SPARE = 3  # candles asked for beside the new ones: the last one held, and for a clock that is minutes off
KEPT = {HOUR: 400, FIVE_MINUTES: 1000}  # candles in memory
SYMBOLS_KEPT = 100  # of which candles are in memory
DAY = 24  # hours of five-minute candles without which nothing is said of the present
STORE_BUDGET = 1.2  # seconds more for the store, whose first call imports SQLAlchemy: an answer stays under 8
STORE_SHARE = 0.05  # of the time for exchanges, for what other replicas have kept: then they are asked
LATE_RETRY = 5.0  # seconds before an exchange is asked again for a candle that it does not have yet, then twice that...
LONGEST_RETRY = 60.0  # ...up to this: where nobody trades, there is none

Listing = Mapping[Exchange, Pair]


@dataclass(frozen=True, slots=True)
class Held:
    """Candles of one exchange, and what its clock showed when ours showed `fetched`."""

    exchange: Exchange
    pair: Pair
    candles: Candles
    now: float  # Unix seconds, the exchange's clock
    fetched: float  # Unix seconds, our clock
    late: int = 0  # answers in a row without a newer candle
    failures: Failures = ()  # why nothing newer could be had, when these come from memory

    @property
    def ahead(self) -> float:
        """Seconds by which the exchange's clock is ahead of ours."""
        return self.now - self.fetched

    def now_at(self, local: float) -> float:
        """The exchange's clock when ours shows `local`."""
        return self.now + local - self.fetched

    @property
    def retry(self) -> float:
        """Seconds for which a candle that was not there is not asked for again."""
        return min(LATE_RETRY * 2.0 ** min(max(self.late - 1, 0), 10), LONGEST_RETRY)

    def serves_at(self, local: float) -> bool:
        """Whether no newer candle can exist yet, or one was asked for only a moment ago."""
        held_for, age = local - self.fetched, self.now_at(local) - self.candles.end
        return held_for >= 0 and (age < self.candles.step or (age < FRESH_FOR and held_for < self.retry))


class Pages:
    """Candles by symbol and step, from the exchange whose turn it is or from memory."""

    def __init__(self, turns: Turns, memory: Memory | None, answers: SharedAnswers | None = None) -> None:
        """`answers` are those that other replicas share, which keep candles in the same memory."""
        self._turns, self._memory, self._answers = turns, memory, answers
        self._for_store = max(STORE_BUDGET, turns.budget * STORE_SHARE)  # seconds
        self._held: LRUCache[tuple[str, int], Held] = LRUCache(len(WANTED) * SYMBOLS_KEPT)
        self._refreshing = SingleFlight[Held | Failures]()

    def held(self, symbol: str, step: int) -> Held | None:
        """What is in memory, however old."""
        return self._held.get((symbol, step))

    async def newest(self, symbol: str, listing: Listing, step: int) -> Held | Failures:
        """The newest candles, or why there are none. Many who ask at once cause one call."""
        held = self.held(symbol, step)
        if held is not None and held.exchange in listing and held.serves_at(self._turns.clock()):
            return held
        return await self._refreshing.call((symbol, step, *listing), lambda: self._refresh(symbol, listing, step))

    async def remembered(self, symbol: str, listing: Listing, step: int, failures: Failures) -> Held | None:
        """The newest candles seen before, without asking for newer ones, which could not be had for these reasons."""
        kept = await self._remembered(symbol, listing, step, self._for_store)
        return self._recall(symbol, listing, step, kept, failures)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._refreshing.close()

    async def _refresh(self, symbol: str, listing: Listing, step: int) -> Held | Failures:
        remembered: asyncio.Task[dict[str, Candles]] | None = None

        def remember(left: float) -> None:  # while the other exchanges are asked: they may take all the time there is
            nonlocal remembered
            if remembered is None:
                remembered = asyncio.create_task(self._remembered(symbol, listing, step, left + self._for_store))

        async def ask(exchange: Exchange, pair: Pair, within: float) -> Held:
            return await self._ask(symbol, exchange, pair, step, within, kept_by_others.get(exchange))

        before = self.held(symbol, step)
        kept_by_others = await self._kept_by_others(symbol, listing, step)
        for each in kept_by_others.values():
            if self._turns.now() - each.candles.end < step:  # no newer candle can exist yet
                self._held[symbol, step] = each
                return each
        try:
            held, failures = await self._turns.first(listing, ask, remember)
            if held is None:
                kept = await remembered if remembered else {}
                return self._recall(symbol, listing, step, kept, failures) or failures
            cold = before is None or before.exchange is not held.exchange
            if cold and step == FIVE_MINUTES and len(held.candles) < WANTED[step]:
                held = await self._reaching_back(symbol, held, remembered)
            self._keep(symbol, held)
            return held
        finally:
            if remembered:
                remembered.cancel()

    async def _ask(
        self, symbol: str, exchange: Exchange, pair: Pair, step: int, within: float, kept: Held | None
    ) -> Held:
        """Candles to say something from: a whole page, or what is new since the last one. Raises ExchangeError."""
        before = kept or self.held(symbol, step)
        serves = before.retry if before else LATE_RETRY
        start, limit = None, min(WANTED[step], exchange.max_rows - 1)
        if before is not None and before.exchange is exchange and step == FIVE_MINUTES:
            new = int(before.now_at(self._turns.clock()) - before.candles.end) // step
            if 0 <= new < limit - SPARE:
                start, limit = int(before.candles.time[-1]), new + SPARE
        before = before if start else None
        page = await exchange.candles(
            symbol, limit=limit, start=start, step=step, within=within, pair=pair, serves=serves
        )
        candles = before.candles.then(page.candles)[-KEPT[step] :] if before else page.candles
        self._turns.believe(exchange, page.now + page.age)
        if fault := unfit(candles, page.now):
            raise exchange.wire.error(fault)
        late = before.late + 1 if before and candles.end == before.candles.end else 0
        if self._answers is not None:  # as late as it is for every replica, whenever each began to ask
            late = int(max(0.0, page.now - candles.end - step) / LATE_RETRY + 1).bit_length()
        if self._memory is not None and not page.age:  # else who asked keeps them
            self._memory.remember(exchange.name, symbol, page.candles)
        return Held(exchange, pair, candles, page.now, self._turns.clock() - page.age, late)

    async def _kept_by_others(self, symbol: str, listing: Listing, step: int) -> dict[Exchange, Held]:
        """What other replicas have kept of each exchange in order, so far as it is whole; none before a clock is known.

        Whole: a full page, or what follows without a hole on what is held of that exchange.
        """
        if self._answers is None:
            return {}
        if not self._turns.sighted and (shown := await self._answers.now()) is not None:
            self._turns.saw(shown)
        if not self._turns.sighted:
            return {}
        now, local, held = self._turns.now(), self._turns.clock(), self.held(symbol, step)
        count = WANTED[step] if held is None else int(now - held.candles.end) // step + SPARE
        try:
            async with asyncio.timeout(self._turns.budget * STORE_SHARE):
                kept = await self._remembered(symbol, listing, step, self._for_store, max(1, min(count, WANTED[step])))
        except TimeoutError:
            return {}
        found = {}
        for exchange in (each for each in listing if each.name in kept):
            before = held.candles if held is not None and held.exchange is exchange else None
            candles = _whole(kept[exchange.name], before, min(WANTED[step], exchange.max_rows - 1))
            if candles is not None and candles.end <= now and not unfit(candles, now):
                found[exchange] = Held(exchange, listing[exchange], candles[-KEPT[step] :], now, local)
        return found

    async def _reaching_back(
        self, symbol: str, held: Held, remembered: asyncio.Task[dict[str, Candles]] | None
    ) -> Held:
        """The same with older candles of the same exchange before them, which the store may have kept."""
        listing, step = {held.exchange: held.pair}, held.candles.step
        kept = await (remembered or self._remembered(symbol, listing, step, self._for_store))
        older = kept.get(held.exchange.name)
        if older is None or older.end < held.candles.time[0]:
            return held
        return replace(held, candles=older.then(held.candles)[-KEPT[step] :])

    def _keep(self, symbol: str, held: Held) -> None:
        self._held[symbol, held.candles.step] = held
        self._turns.saw(held.now_at(self._turns.clock()))

    async def _remembered(
        self, symbol: str, listing: Listing, step: int, within: float, count: int | None = None
    ) -> dict[str, Candles]:
        names, count = tuple(exchange.name for exchange in listing), count or WANTED[step]
        return {} if self._memory is None else await self._memory.newest(names, symbol, count, within, step)

    def _recall(
        self, symbol: str, listing: Listing, step: int, kept: dict[str, Candles], failures: Failures
    ) -> Held | None:
        """The newest candles seen before, by one exchange alone, if they are young enough to serve."""
        local = self._turns.clock()
        now = self._turns.now()
        held = self.held(symbol, step)
        seen = [replace(held, failures=failures)] if held else []
        seen += [
            Held(exchange, pair, kept[exchange.name], now, local, failures=failures)
            for exchange, pair in listing.items()
            if exchange.name in kept
        ]
        past = [held for held in seen if held.candles.end <= held.now_at(local)]
        fit = [held for held in past if not unfit(held.candles, held.now_at(local))]
        return max(fit, key=lambda held: held.candles.end, default=None)


def _whole(kept: Candles, held: Candles | None, full: int) -> Candles | None:
    """What is kept, after what is held before it, if it is newer and nothing is missing in it; see `Pages`."""
    if held is not None:
        if kept.end <= held.end:
            return None
        if kept.time[0] <= held.end:
            new = kept.since(held.end)
            return held.then(new) if new.end - held.end == len(new) * new.step else None
    page = kept[-full:]
    return page if len(page) == full and page.end - page.time[0] == full * page.step else None


def unfit(candles: Candles, now: float) -> str | None:
    """Why nothing can be said of the present from these candles at `now` (Unix s), or None."""
    if now - candles.end >= FRESH_FOR:
        return f"has no candle newer than {utc(candles.end):%Y-%m-%d %H:%M} UTC"
    if candles.step == HOUR:
        try:
            gapless(candles, WINDOW)
        except InvalidInput:
            return f"lacks too many of the last {WINDOW} hours"
        return None
    start = candles.end - DAY * HOUR
    lost = np.diff(candles.since(start).time, prepend=start - candles.step) - candles.step  # (n,) seconds before each
    return f"lacks too many of the last {DAY} hours" if lost.max() > LONGEST_GAP * HOUR else None
