"""The line beside the page's title: the newest prices, how they moved in a day, how old they are and whose they are."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from html import escape

from assistant.replies import NBSP, SIMULATED, ago, money, percent, source_name
from forecaster.errors import CryptoSenseError
from forecaster.schema import ForecastWarning, Price, Symbol

PATIENCE = 5.0  # seconds until a price is given up

log = logging.getLogger(__name__)


async def prices_of(symbols: Sequence[Symbol], price_of: Callable[[Symbol], Awaitable[Price]]) -> list[Price]:
    """The newest prices that could be had."""

    async def found(symbol: Symbol) -> Price | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await price_of(symbol)
        except (CryptoSenseError, TimeoutError) as error:
            log.warning("The page shows no price of %s. %s", symbol, error)
        return None

    return [price for price in await asyncio.gather(*map(found, symbols)) if price is not None]


def ticker(prices: Sequence[Price]) -> str:
    """The line as HTML; without a price it says so."""
    if not prices:
        return '<span class="dim">No price at hand right now</span>'
    shown = "".join(_coin(price) for price in prices)
    if any(ForecastWarning.DEMO_DATA in price.warnings for price in prices):
        return f'{shown}<span class="simulated">{SIMULATED}</span>'
    sources = " and ".join(dict.fromkeys(source_name(price.source) for price in prices))
    oldest = ago(max(price.age_seconds for price in prices))
    return f'{shown}<span class="dim">{escape(sources)}, closed {oldest} ago</span>'


def _coin(price: Price) -> str:
    name = price.symbol.partition("-")[0]
    whole, point, rest = escape(money(price.price, price.quote)).partition(".")
    cents, space, quote = rest.partition(NBSP)  # a narrow screen hides the cents
    amount = f'{whole}<span class="cents">{point}{cents}</span>{space}{quote}'
    return f'<span class="coin"><span class="price">{name} {amount}</span>{_change(price.change_24h_pct)}</span>'


def _change(change: float | None) -> str:
    if change is None:
        return ""
    direction = "up" if change > 0 else "down" if change < 0 else "dim"
    return f' <span class="{direction}">{percent(change, 2, sign=True)}<small> 24 h</small></span>'
