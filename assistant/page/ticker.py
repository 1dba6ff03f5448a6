"""The line beside the page's title: the prices now, how they moved in a day, how old they are and whose they are.

What static/live.js needs to go on from there stands beside each price, and how numbers are written beside all of them.
"""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from html import escape

from cachetools import LRUCache

from assistant.page.words import Words
from assistant.replies import source_name
from forecaster.errors import CryptoSenseError
from forecaster.schema import ForecastWarning, Price, Symbol
from tools import decimals_of

PATIENCE = 5.0  # seconds until a price is given up
FRESH = 5.0  # seconds for which a price, or that there is none, is told to other visitors too
JUST_NOW = 60  # seconds since a trade that need not be counted
MOST_REMEMBERED = 64  # coins
STALE = 600.0  # seconds after which a price that nobody asked for again is not told to browsers without scripts
LARGE = 1000  # a price from which on a narrow screen can do without the cents

log = logging.getLogger(__name__)


class Prices:
    """The newest prices, for all visitors: one call a coin while any of them waits, and none while it is fresh."""

    def __init__(
        self, price_of: Callable[[Symbol], Awaitable[Price]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`price_of` may raise CryptoSenseError; `clock` gives seconds."""
        self._price_of, self._clock = price_of, clock
        self._asked: LRUCache[Symbol, tuple[float, asyncio.Task[Price | None]]] = LRUCache(MOST_REMEMBERED)

    async def newest(self, symbols: Sequence[Symbol]) -> list[Price]:
        """Those that could be had."""
        prices = await asyncio.gather(*(asyncio.shield(self._task(symbol)) for symbol in symbols))
        return [price for price in prices if price is not None]

    def known(self, symbols: Sequence[Symbol]) -> list[Price]:
        """Those that are at hand, without asking."""
        found = [self._asked.get(symbol) for symbol in symbols]
        tasks = [asked[1] for asked in found if asked and self._clock() - asked[0] < STALE]
        told = [task.result() for task in tasks if task.done() and not task.cancelled()]
        return [price for price in told if price is not None]

    def _task(self, symbol: Symbol) -> asyncio.Task[Price | None]:
        now = self._clock()
        at, task = self._asked.get(symbol, (now, None))
        if task is None or (task.done() and (now - at >= FRESH or task.cancelled())):
            at, task = now, asyncio.get_running_loop().create_task(self._found(symbol))
        self._asked[symbol] = at, task
        return task

    async def _found(self, symbol: Symbol) -> Price | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._price_of(symbol)
        except (CryptoSenseError, TimeoutError) as error:
            log.warning("The page shows no price of %s. %s", symbol, error)
        return None


def ticker(prices: Sequence[Price], words: Words | None = None, followed: Sequence[Symbol] = ()) -> str:
    """The line as HTML; without a price it says so. Those `followed` are told on the stream."""
    words = words or Words()
    told = _content({"followed": [*followed], "form": asdict(words.form)})
    shown = f'<span class="coins"{told}>{"".join(_coin(price, words) for price in prices)}</span>'
    if not prices:
        return f'{shown}<span class="dim">{escape(words.say("ticker.none"))}</span>'
    if any(ForecastWarning.DEMO_DATA in price.warnings for price in prices):
        return f'{shown}<span class="simulated">{escape(words.say("ticker.simulated"))}</span>'
    sources = words.listed([*dict.fromkeys(source_name(price.source) for price in prices)])
    oldest = max(map(_age, prices))
    when = words.say("ticker.now") if oldest < JUST_NOW else words.say("ticker.ago", age=words.age(oldest))
    return f'{shown}<span class="dim">{escape(sources)}, {escape(when)}</span>'


def _age(price: Price) -> int:
    """Seconds since the trade, by the source's clock."""
    return int((price.as_of - price.time).total_seconds()) + price.age_seconds


def _coin(price: Price, words: Words) -> str:
    name, digits = price.symbol.partition("-")[0], decimals_of(price.symbol, price.price)
    amount = escape(words.money(price.price, price.quote, digits))
    if price.price >= LARGE:  # a narrow screen hides the cents
        cents = words.number(price.price, digits).removeprefix(words.number(int(price.price)))
        amount = amount.replace(cents, f'<span class="cents">{cents}</span>') if len(cents) > 1 else amount
    change = price.change_24h_pct
    told = {
        "symbol": price.symbol,
        "time": int(price.time.timestamp()),
        "digits": digits,
        "before": None if change is None else price.price / (1 + change / 100),  # 24 hours
    }
    return (
        f'<span class="coin"{_content(told)}><span class="price">{name} {amount}</span>{_change(change, words)}</span>'
    )


def _change(change: float | None, words: Words) -> str:
    if change is None:
        return ""
    direction = "up" if change > 0 else "down" if change < 0 else "dim"
    told, day = words.percent(change, 2, sign=True), escape(words.say("ticker.day"))
    return f' <span class="{direction}">{told}<small> {day}</small></span>'


def _content(told: object) -> str:
    """What a script reads, in the one attribute for data that the page's sanitizer leaves alone."""
    return f' content="{escape(json.dumps(told))}"'
