"""Hourly history from one exchange, page by page and politely, into a file and the store."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from forecaster.errors import ConfigurationError, ExchangeError, InvalidInput, SourceError
from forecaster.market.candles import EARLIEST, Candles, Row, utc
from forecaster.market.exchanges.base import Exchange, Page, open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.files import check_writable, write_candles
from forecaster.market.store import CandleStore
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from forecaster.settings import Settings

PAUSE = 1.0  # seconds between calls: what the strictest exchange asks for
PATIENCE = 10.0  # seconds for one call: nobody waits for a chat's answer here
ATTEMPTS = 3  # calls for one page
LONGEST_WAIT = 120.0  # seconds that an exchange may ask for before it is given up
HOLE = 72 * HOUR  # seconds without a candle, at either end, that tell missing history from hours without a trade
REMEDY = "Choose a later --from or another --exchange, or try again in a minute."

Progress = Callable[[int, int], None]  # hours done, hours in all
Sleep = Callable[[float], Awaitable[None]]


async def backfill(
    exchange: Exchange,
    symbol: str,
    start: int,
    end: int,
    *,
    on_progress: Progress,
    pause: float = PAUSE,
    sleep: Sleep = asyncio.sleep,
) -> Candles:
    """The closed candles that open at `start` or later and before `end` (Unix seconds).

    A page begins with the last candle of the one before, so that an exchange that has no more answers with
    that one and not with nothing. Raises SourceError when the history begins much later, breaks off, or a
    page fails three times, and UnsupportedSymbol.
    """
    hours = max(1, (end - start) // HOUR)
    rows: list[Row] = []
    newest = start
    for _ in range(2 * hours // (exchange.max_rows - 1) + 2):  # twice what is needed, and it still ends
        page = await _page(exchange, symbol, newest, sleep)
        fresh = page.candles.since(newest + HOUR if rows else start)
        end = min(end, int(page.now))
        if len(fresh) == 0:
            break
        if not rows and fresh.time[0] - start > HOLE:
            raise SourceError(f"{exchange.name} has no history before {_day(fresh.time[0])}.", REMEDY)
        rows += fresh.rows()
        newest = int(fresh.time[-1])
        on_progress((newest - start) // HOUR + 1, max((end - start) // HOUR, 1))
        if newest + HOUR >= end or newest + 2 * HOUR > page.now:
            break
        await sleep(pause)
    if end - newest > HOLE:
        raise SourceError(f"{exchange.name} has no history after {_day(newest)}.", REMEDY)
    return Candles.from_rows(row for row in rows if row[0] < end)


async def fetch_history(
    settings: "Settings",
    symbol: str,
    exchange_name: str,
    start: datetime,
    out: Path,
    transport: httpx.AsyncBaseTransport | None = None,
    pause: float = PAUSE,
) -> Candles:
    """What `python app.py fetch` does: history from `start` (UTC unless it says otherwise) to now, into `out`.

    Shows its progress on stderr, and keeps the candles in the store as well. Raises InvalidInput,
    ConfigurationError, DataFileError and what `backfill` raises, each before a long wait where it can.
    """
    check_writable(out)
    if exchange_name not in EXCHANGES:
        raise ConfigurationError(f"{exchange_name[:20]!r} is not an exchange.", f"Choose {', '.join(EXCHANGES)}.")
    since = int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp())
    since = -(-since // HOUR) * HOUR  # the first full hour
    end = int(time.time())
    if not EARLIEST <= since < end - HOUR:
        raise InvalidInput(f"There is no history to fetch from {start:%Y-%m-%d %H:%M}.", "Choose a time since 2009.")
    async with open_client(transport) as client:
        exchange = EXCHANGES[exchange_name](client, settings.exchange_url(exchange_name))
        candles = await _with_bar(exchange, symbol, since, end, pause)
    await asyncio.to_thread(write_candles, candles, out)
    await asyncio.to_thread(_keep, settings.database_url, exchange_name, symbol, candles)
    return candles


async def _with_bar(exchange: Exchange, symbol: str, start: int, end: int, pause: float) -> Candles:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("hours"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        task = bar.add_task(f"{symbol} from {exchange.name}", total=None)
        return await backfill(
            exchange,
            symbol,
            start,
            end,
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            pause=pause,
        )


async def _page(exchange: Exchange, symbol: str, start: int, sleep: Sleep) -> Page:
    """One page from `start` on, asked for again after a wait as long as the exchange wants."""
    attempt = 1
    while True:
        try:
            return await exchange.candles(symbol, limit=exchange.max_rows, start=start, within=PATIENCE)
        except ExchangeError as error:
            wait = 2.0**attempt if error.retry_after is None else error.retry_after
            if attempt == ATTEMPTS or wait > LONGEST_WAIT:
                raise SourceError(
                    f"{exchange.name} gave no history from {_day(start)}: {error.cause}.", REMEDY
                ) from error
            await sleep(wait)
            attempt += 1


def _keep(database_url: str, source: str, symbol: str, candles: Candles) -> None:
    store = CandleStore(database_url)
    try:
        store.save(source, symbol, candles)
    finally:
        store.close()


def _day(seconds: float) -> str:
    return f"{utc(seconds):%Y-%m-%d}"
