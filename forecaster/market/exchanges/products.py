"""Which exchange lists which symbol: what the catalogue says, and for other coins what exchanges' own lists say."""

import asyncio
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import NamedTuple

from forecaster.errors import ExchangeError, NoCandles
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.turns import Turns
from forecaster.market.single_flight import SingleFlight
from forecaster.market.symbols import Pair, catalogue, unsupported

SYMBOL = re.compile(r"[A-Z0-9]{1,12}-USD", re.ASCII)
A_DAY = 86_400.0  # seconds for which a list counts
A_MINUTE = 60.0  # and a failure to give one
MOST_LOOKUPS = 30  # a minute, of an exchange that is asked for each symbol: strangers choose what is asked for
MOST_LISTS = 2_000  # in memory: one an exchange, and of some exchanges one a symbol


class Listed(NamedTuple):
    """One list, as it was given last."""

    pairs: dict[str, Pair]  # by symbol
    failure: ExchangeError | None  # why there is none, or no newer one
    fetched: float  # Unix seconds, our clock

    def serves_at(self, now: float) -> bool:
        """Whether it need not be asked for again."""
        return 0 <= now - self.fetched < (A_MINUTE if self.failure else A_DAY)


class Listings:
    """What each exchange calls a symbol."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._lists: OrderedDict[tuple[str, str], Listed] = OrderedDict()
        self._asking = SingleFlight[Listed]()
        self._lookups = deque[float](maxlen=MOST_LOOKUPS)  # when a symbol was looked up, our clock

    async def of(self, symbol: str) -> dict[Exchange, Pair]:
        """The pair at each exchange that lists it, in the exchanges' order.

        Raises UnsupportedSymbol where none does, and NoCandles where none says what it lists.
        """
        exchanges = self._turns.exchanges
        if symbol in catalogue() or SYMBOL.fullmatch(symbol) is None:
            listing = _pairs(exchanges, lambda exchange: exchange.pair(symbol))
            if not listing:
                raise unsupported(symbol, self.offered())
            return listing
        lists = await asyncio.gather(*(self._list(exchange, symbol) for exchange in exchanges))
        found = dict(zip(exchanges, lists, strict=True))
        listing = _pairs(exchanges, lambda exchange: found[exchange].pairs.get(symbol))
        if not listing:
            failures = tuple(each.failure for each in lists if each.failure)
            raise NoCandles(symbol, failures) if len(failures) == len(lists) else unsupported(symbol, self.offered())
        return listing

    def offered(self) -> tuple[str, ...]:
        """The symbols of the catalogue that an exchange lists."""
        return tuple(symbol for symbol in catalogue() if any(each.pair(symbol) for each in self._turns.exchanges))

    async def close(self) -> None:
        """Stop what is under way."""
        await self._asking.close()

    async def _list(self, exchange: Exchange, symbol: str) -> Listed:
        key = exchange.name, "" if exchange.lists_all else symbol
        known = self._lists.get(key)
        if known is not None and known.serves_at(self._turns.clock()):
            return known
        return await self._asking.call(key, lambda: self._ask(key, exchange, symbol, known))

    async def _ask(self, key: tuple[str, str], exchange: Exchange, symbol: str, known: Listed | None) -> Listed:
        pairs, failure = known.pairs if known else {}, None
        now = self._turns.clock()
        try:
            if not exchange.lists_all:
                if len(self._lookups) == MOST_LOOKUPS and 0 <= now - self._lookups[0] < A_MINUTE:
                    raise exchange.wire.error("is asked for no more pairs this minute")
                self._lookups.append(now)
            pairs = await self._turns.one(exchange, lambda: exchange.products(symbol, within=self._turns.budget))
        except ExchangeError as error:
            failure = error
        listed = self._lists[key] = Listed(pairs, failure, self._turns.clock())
        self._lists.move_to_end(key)
        if len(self._lists) > MOST_LISTS:
            self._lists.popitem(last=False)
        return listed


def _pairs(exchanges: tuple[Exchange, ...], pair: Callable[[Exchange], Pair | None]) -> dict[Exchange, Pair]:
    found = ((exchange, pair(exchange)) for exchange in exchanges)
    return {exchange: name for exchange, name in found if name is not None}
