"""History of one exchange, page by page and politely, into files and the store; what is there is not asked again."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import numpy as np

from forecaster.errors import ConfigurationError, DataFileError, ExchangeError, InvalidInput, SourceError
from forecaster.market.candles import EARLIEST, Candles, utc
from forecaster.market.exchanges.base import Exchange, Page, open_client
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.files import check_writable, write_candles
from forecaster.market.kept_history import joined, merged, missing, stored, written
from forecaster.market.store import CandleStore
from forecaster.market.symbols import Pair, catalogue, unsupported
from forecaster.schema import FIVE_MINUTES, HOUR

if TYPE_CHECKING:
    from forecaster.settings import Settings

PAUSE = 1.0  # seconds between calls: what the strictest exchange asks for
PATIENCE = 10.0  # seconds for one call: nobody waits for a chat's answer here
ATTEMPTS = 3  # calls for one page
LONGEST_WAIT = 120.0  # seconds that an exchange may ask for before it is given up
HOLE = 72 * HOUR  # seconds without a candle, at either end, that tell missing history from times without a trade
OVERLAP = 3  # candles that are asked for again, to see whether they are of the same exchange
SAME = 1e-6  # share by which their closes may differ
STEPS = {HOUR: "1h", FIVE_MINUTES: "5m"}  # as files and options call them
UNITS = {HOUR: "hours", FIVE_MINUTES: "five-minute candles"}  # as people call them
REMEDY = "Choose a later --from or another --exchange, or try again in a minute."

Progress = Callable[[int, int], None]  # steps done, steps in all
Sleep = Callable[[float], Awaitable[None]]
Keep = Callable[[Candles], Awaitable[None]]


async def _forget(_: Candles) -> None:
    """Keeps nothing."""


async def backfill(
    exchange: Exchange,
    symbol: str,
    start: int,
    end: int,
    *,
    on_progress: Progress,
    step: int = HOUR,
    pair: Pair | None = None,
    keep: Keep = _forget,
    pause: float = PAUSE,
    sleep: Sleep = asyncio.sleep,
) -> Candles:
    """The closed candles that open at `start` or later and before `end` (Unix seconds).

    A page begins with the last candle of the one before, so that an exchange that has no more answers with
    that one and not with nothing; `keep` is given each page's new ones. Raises SourceError when the history begins
    much later, breaks off, or a page fails three times, and UnsupportedSymbol.
    """
    steps = max(1, (end - start) // step)
    parts: list[Candles] = []
    newest = start
    for _ in range(2 * steps // (exchange.max_rows - 1) + 2):  # twice what is needed, and it still ends
        page = await _page(exchange, symbol, newest, step, pair, sleep)
        fresh = page.candles.since(newest + step if parts else start)
        end = min(end, int(page.now))
        if len(fresh) == 0:
            break
        if not parts and fresh.time[0] - start > HOLE:
            raise SourceError(f"{exchange.name} has no history before {_day(fresh.time[0])}.", REMEDY)
        parts.append(fresh)
        await keep(fresh)
        newest = int(fresh.time[-1])
        on_progress((newest - start) // step + 1, max((end - start) // step, 1))
        if newest + step >= end or newest + 2 * step > page.now:
            break
        await sleep(pause)
    if end - newest > HOLE:
        raise SourceError(f"{exchange.name} has no history after {_day(newest)}.", REMEDY)
    candles = joined(parts, step)
    return candles[: int(np.searchsorted(candles.time, end))]


async def fetch_history(
    settings: "Settings",
    symbol: str,
    exchange_name: str,
    start: datetime,
    out: Path,
    transport: httpx.AsyncBaseTransport | None = None,
    pause: float = PAUSE,
    step: int = HOUR,
    resume: bool = False,
) -> Candles:
    """`fetch_steps` for one step."""
    fetched = await fetch_steps(settings, symbol, exchange_name, start, {step: out}, transport, pause, resume)
    return fetched[step]


async def fetch_steps(
    settings: "Settings",
    symbol: str,
    exchange_name: str,
    start: datetime,
    outs: Mapping[int, Path],
    transport: httpx.AsyncBaseTransport | None = None,
    pause: float = PAUSE,
    resume: bool = False,
) -> dict[int, Candles]:
    """What `python app.py fetch` does: history from `start` (UTC unless it says otherwise) to now, by step into `outs`.

    Shows its progress on stderr, and keeps each page in the store as it comes. To `resume` is to ask for what neither
    the file nor the store has. Raises InvalidInput, ConfigurationError, DataFileError and what `backfill` raises,
    each before a long wait where it can.
    """
    for out in outs.values():
        check_writable(out)
    if exchange_name not in EXCHANGES:
        raise ConfigurationError(f"{exchange_name[:20]!r} is not an exchange.", f"Choose {', '.join(EXCHANGES)}.")
    since = int((start if start.tzinfo else start.replace(tzinfo=UTC)).timestamp())
    end = int(time.time())
    if not EARLIEST <= since < end - HOUR:
        raise InvalidInput(f"There is no history to fetch from {start:%Y-%m-%d %H:%M}.", "Choose a time since 2009.")
    store = CandleStore(settings.database_url)
    try:
        async with open_client(transport) as client:
            exchange = EXCHANGES[exchange_name](client, settings.exchange_url(exchange_name))
            fetching = _Fetch(exchange, symbol, await _pair(exchange, symbol), store, pause)
            return {
                step: await fetching.into(out, -(-since // step) * step, end, step, resume)  # from the first full step
                for step, out in outs.items()
            }
    finally:
        await asyncio.to_thread(store.close)


def outs_of(symbol: str, named: str, out: Path | None = None) -> dict[int, Path]:
    """The file of each step that `named` means (1h, 5m, or both): btc-usd_1h.parquet, or as `out` says."""
    steps = [step for step, name in STEPS.items() if named in (name, "both")]
    if out is not None and len(steps) == 1:
        return {steps[0]: out}
    out = out or Path(f"{symbol.lower()}.parquet")
    stem, dot, ending = out.name.partition(".")
    return {step: out.with_name(f"{stem}_{STEPS[step]}{dot}{ending}") for step in steps}


class _Fetch:
    """The history of one coin at one exchange."""

    def __init__(self, exchange: Exchange, symbol: str, pair: Pair, store: CandleStore, pause: float) -> None:
        self._exchange, self._symbol, self._pair, self._store, self._pause = exchange, symbol, pair, store, pause

    async def into(self, out: Path, start: int, end: int, step: int, resume: bool) -> Candles:
        """The candles of one step, which are in the file and the store afterwards."""
        filed = await asyncio.to_thread(written, out, step) if resume else Candles.from_rows([], step)
        candles = filed.since(start)
        if resume:
            name = self._exchange.name
            candles = merged(candles, await asyncio.to_thread(stored, self._store, name, self._symbol, start, step))
        for first, last in missing(candles, start, end, HOLE):
            first = max(start, first - OVERLAP * step)
            fresh = await self._with_bar(first, last, step)
            if not _alike(filed, fresh):
                raise DataFileError(
                    f"{out.name} holds other candles than {self._exchange.name} gives for the same times.",
                    "Name the --exchange that it came from, or another --out.",
                )
            candles = merged(candles, fresh)
        await asyncio.to_thread(write_candles, candles, out)
        return candles

    async def _with_bar(self, start: int, end: int, step: int) -> Candles:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        async def keep(candles: Candles) -> None:
            await asyncio.to_thread(self._store.save, self._exchange.name, self._symbol, candles)

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
            task = bar.add_task(f"{self._symbol} from {self._exchange.name}, {STEPS[step]}", total=None)
            return await backfill(
                self._exchange,
                self._symbol,
                start,
                end,
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
                step=step,
                pair=self._pair,
                keep=keep,
                pause=self._pause,
            )


async def _pair(exchange: Exchange, symbol: str) -> Pair:
    """What the exchange calls the coin, by the catalogue or its own list. Raises UnsupportedSymbol."""
    pair = exchange.pair(symbol)
    if pair is None and symbol not in catalogue():
        pair = (await exchange.products(symbol, within=PATIENCE)).get(symbol)
    if pair is None:
        raise unsupported(symbol, (each for each in catalogue() if exchange.pair(each)))
    return pair


def _alike(filed: Candles, fresh: Candles) -> bool:
    """Whether the candles of a file are those that the exchange gives for the same times."""
    _, ours, theirs = np.intersect1d(filed.time, fresh.time, return_indices=True)
    return bool(np.allclose(filed.close[ours], fresh.close[theirs], rtol=SAME, atol=0))


async def _page(exchange: Exchange, symbol: str, start: int, step: int, pair: Pair | None, sleep: Sleep) -> Page:
    """One page from `start` on, asked for again after a wait as long as the exchange wants."""
    attempt = 1
    while True:
        try:
            return await exchange.candles(
                symbol, limit=exchange.max_rows, start=start, step=step, within=PATIENCE, pair=pair
            )
        except ExchangeError as error:
            wait = 2.0**attempt if error.retry_after is None else error.retry_after
            if attempt == ATTEMPTS or wait > LONGEST_WAIT:
                raise SourceError(
                    f"{exchange.name} gave no history from {_day(start)}: {error.cause}.", REMEDY
                ) from error
            await sleep(wait)
            attempt += 1


def _day(seconds: float) -> str:
    return f"{utc(seconds):%Y-%m-%d}"
