"""The price now of each symbol, from the exchanges' tickers: a few seconds old at most, and compared with candles."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from cachetools import LRUCache

from forecaster.errors import ExchangeError
from forecaster.market.cautions import causes, skewed
from forecaster.market.exchanges.base import Exchange, Tick
from forecaster.market.exchanges.pages import SYMBOLS_KEPT, Held, Listing, Pages
from forecaster.market.exchanges.sockets import Sockets
from forecaster.market.exchanges.turns import Failures, Turns
from forecaster.market.quotes import SIGMAS, Quote, believable
from forecaster.market.single_flight import SingleFlight
from forecaster.market.sources import FRESH_FOR, QUOTE_SERVES
from forecaster.market.symbols import Pair
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning

SERVES_FOR = QUOTE_SERVES  # seconds for which a price is told again, where nobody wants it sooner
REFUSED_FOR = 600.0  # seconds for which it counts that an exchange does not know a pair
OLD = 300  # seconds after which a last trade is told as old: a coin that is hardly traded has no newer one
REFUSAL = re.compile(r"^answered with an error( \(4\d\d\))?$")  # what an exchange says to a pair that it lacks
UNCHECKED = "there were no candles to compare the price with"


@dataclass(frozen=True, slots=True)
class Told:
    """A price of one exchange, and what its clock showed when ours showed `fetched`."""

    exchange: Exchange
    pair: Pair
    price: float
    time: float  # of the trade, Unix seconds by the exchange's clock
    now: float  # Unix seconds, the exchange's clock
    fetched: float  # Unix seconds, our clock
    checked: bool = True  # whether candles were there to compare it with
    closing: bool = False  # whether it is a candle's close, for want of a ticker
    failures: Failures = ()  # why there is no newer one

    def now_at(self, local: float) -> float:
        """The exchange's clock when ours shows `local`."""
        return self.now + local - self.fetched


class Prices:
    """The last trade of each symbol, or of the newest candle where no exchange tells it."""

    def __init__(self, turns: Turns, pages: Pages, sockets: Sockets | None = None) -> None:
        """`sockets` tell some prices before they are asked for."""
        self._turns, self._pages, self._sockets = turns, pages, sockets or Sockets({})
        self._told: LRUCache[str, Told] = LRUCache(SYMBOLS_KEPT)
        self._asking = SingleFlight[Told | Failures]()
        self._elsewhere: LRUCache[tuple[str, str], tuple[float, Told | Failures]] = LRUCache(SYMBOLS_KEPT)

    async def now(self, symbol: str, listing: Listing, within: float = SERVES_FOR) -> Quote | Failures:
        """The price, asked for `within` so many seconds, or why there is none. Many who ask at once cause one call.

        Who wants it sooner than usual will ask again: the exchange is listened to meanwhile.
        """
        told: Told | Failures | None = self._told.get(symbol)
        if not isinstance(told, Told) or not 0 <= self._turns.clock() - told.fetched < within:
            told = await self._asking.call(symbol, lambda: self._ask(symbol, listing, within))
        return self._quoted(symbol, told) if isinstance(told, Told) else told

    async def elsewhere(self, symbol: str, listing: Listing, currency: str) -> Quote | None:
        """The last trade for another currency; None where no exchange knows that pair. Raises ExchangeError."""
        pairs = {each: _renamed(pair, currency) for each, pair in listing.items() if currency in each.currencies}
        fetched, found = self._elsewhere.get((symbol, currency), (-REFUSED_FOR, ()))
        held_for = self._turns.clock() - fetched
        if not 0 <= held_for < (SERVES_FOR if found else REFUSED_FOR):
            found = await self._asking.call((symbol, currency), lambda: self._ask_elsewhere(symbol, pairs))
            if isinstance(found, Told) or not found:
                self._elsewhere[symbol, currency] = self._turns.clock(), found
        if isinstance(found, Told):
            return self._quoted(symbol, found)
        if found:
            raise found[0]
        return None

    async def _ask_elsewhere(self, symbol: str, pairs: Mapping[Exchange, Pair]) -> Told | Failures:
        """The first that answers; else why those failed that do not just lack the pair."""
        failures, share = [], self._turns.budget / max(1, len(pairs))
        for exchange, pair in pairs.items():
            ask = partial(exchange.ticker, symbol, within=share, pair=pair)
            try:
                tick = await self._turns.aside(exchange, ask)
            except ExchangeError as error:
                if REFUSAL.search(error.cause) is None:
                    failures.append(error)
            else:
                return Told(exchange, pair, tick.price, tick.time, tick.now, self._turns.clock() - tick.age)
        return tuple(failures)

    async def close(self) -> None:
        """Stop what is under way."""
        await self._asking.close()
        await self._sockets.close()

    async def _ask(self, symbol: str, listing: Listing, serves: float) -> Told | Failures:
        candles = asyncio.create_task(self._candles(symbol, listing))

        async def ask(exchange: Exchange, pair: Pair, within: float) -> Told:
            end = asyncio.get_running_loop().time() + within
            heard = await self._heard(symbol, exchange, pair, candles, within, serves < SERVES_FOR)
            return heard or await self._checked(symbol, exchange, pair, candles, end, serves)

        try:
            told, failures = await self._turns.first(listing, ask)
            if told is None:
                return await self._recalled(symbol, listing, failures) or failures
        finally:
            candles.cancel()
        self._told[symbol] = told
        self._turns.saw(told.now_at(self._turns.clock()))
        return told

    async def _candles(self, symbol: str, listing: Listing) -> Held | None:
        """The newest candles held, or fetched where there are none."""
        held = [page for step in (FIVE_MINUTES, HOUR) if (page := self._pages.held(symbol, step))]
        if held:
            return max(held, key=lambda page: page.candles.end)
        fetched = await self._pages.newest(symbol, listing, FIVE_MINUTES)
        return fetched if isinstance(fetched, Held) else None

    async def _heard(
        self,
        symbol: str,
        exchange: Exchange,
        pair: Pair,
        candles: asyncio.Task[Held | None],
        within: float,
        often: bool,
    ) -> Told | None:
        """What it told by itself a moment ago; None where it did not, and where that cannot be."""
        heard = self._sockets.newest(exchange.name, symbol, pair, wanted=often)
        if heard is None:
            return None
        await asyncio.wait([candles], timeout=within / 2)
        try:
            tick = exchange.plausible(heard.price, heard.time, self._turns.now())
            return self._told_of(exchange, pair, tick, candles.result() if candles.done() else None)
        except ExchangeError as error:
            self._sockets.distrust(error)
        return None

    async def _checked(
        self,
        symbol: str,
        exchange: Exchange,
        pair: Pair,
        candles: asyncio.Task[Held | None],
        end: float,
        serves: float,
    ) -> Told:
        """What its ticker tells, by `end` of the loop's time. Raises ExchangeError, also for a price that cannot be."""
        loop = asyncio.get_running_loop()
        tick = await exchange.ticker(symbol, within=max(0.0, end - loop.time()), pair=pair, serves=serves)
        self._turns.believe(exchange, tick.now + tick.age)
        await asyncio.wait([candles], timeout=max(0.0, end - loop.time()))
        return self._told_of(exchange, pair, tick, candles.result() if candles.done() else None)

    def _told_of(self, exchange: Exchange, pair: Pair, tick: Tick, page: Held | None) -> Told:
        """A trade, compared with candles where there are some. Raises ExchangeError where it lies too far from them."""
        if page is not None and not believable(tick.price, tick.time, page.candles):
            raise exchange.wire.error(f"told a price more than {SIGMAS} sigmas from the newest candle")
        fetched = self._turns.clock() - tick.age
        return Told(exchange, pair, tick.price, tick.time, tick.now, fetched, checked=page is not None)

    async def _recalled(self, symbol: str, listing: Listing, failures: Failures) -> Told | None:
        """The newest price or close at hand, if it is young enough to tell."""
        local = self._turns.clock()
        steps = (FIVE_MINUTES, HOUR)
        pages = await asyncio.gather(*(self._pages.remembered(symbol, listing, step, failures) for step in steps))
        closing = [
            Told(
                page.exchange, page.pair, float(page.candles.close[-1]), page.candles.end, page.now, page.fetched,
                closing=True, failures=failures,
            )
            for page in pages
            if page is not None
        ]  # fmt: skip
        told = self._told.get(symbol)
        last = told and Told(told.exchange, told.pair, told.price, told.time, told.now, told.fetched, failures=failures)
        young = [each for each in (last, *closing) if each and 0 <= each.now_at(local) - each.time < FRESH_FOR]
        return max(young, key=lambda each: each.time, default=None)

    def _quoted(self, symbol: str, told: Told) -> Quote:
        """The price with its warnings, at this moment."""
        local, source = self._turns.clock(), told.exchange.name
        now = told.now_at(local)
        words: dict[ForecastWarning, str] = {}
        if told.failures or now - told.time > OLD:
            what = "the newest price at hand is a candle's close" if told.closing else "the last trade known is"
            words[ForecastWarning.STALE_CANDLES] = (
                f"{what} of {_ago(now - told.time)} at {source}"
                f"{'; nothing newer could be had: ' + causes(told.failures) if told.failures else ''}"
            )
        words |= skewed(source, told.now - told.fetched)
        notes = tuple(words.values()) if told.checked else (*words.values(), UNCHECKED)
        return Quote(symbol, source, told.pair.quote, told.price, told.time, now, tuple(words), notes)


def _renamed(pair: Pair, currency: str) -> Pair:
    """What an exchange calls the same coin in another currency: BTC-EUR for BTC-USD, btceur for btcusd."""
    name = pair.name[: -len(pair.quote)] + (currency.lower() if pair.name.islower() else currency)
    return Pair(name, currency)


def _ago(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} minute{'' if minutes == 1 else 's'} ago" if minutes else f"{seconds:.0f} seconds ago"
