"""What `python app.py retrain` and a server on Sunday night do: fetch what is new, then retrain.py.

DATA_DIR/btcusd_1h.parquet, ethusd_1h.parquet      hours, which must be there
DATA_DIR/coins_1h/*.parquet, candles_5m/*.parquet  more coins' hours, and five-minute candles, where there are some
"""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from forecaster.artifact import ModelHistory
from forecaster.data_directory import data_directory
from forecaster.errors import CryptoSenseError
from forecaster.evaluation import Verdict
from forecaster.installation import ROOT
from forecaster.market import BITCOIN, ETHER, Candles, utc
from forecaster.market.exchanges import fetch_steps
from forecaster.market.files import read_candles
from forecaster.schema import FIVE_MINUTES, HOUR, Symbol
from forecaster.training.retrain import quiet_hour, retrain, training_process

if TYPE_CHECKING:
    from forecaster.settings import Settings

PAIR = {BITCOIN: "btcusd_1h.parquet", ETHER: "ethusd_1h.parquet"}

log = logging.getLogger(__name__)


def history_of(settings: "Settings") -> ModelHistory:
    """The models that can answer by these settings."""
    return ModelHistory(data_directory() / "models", settings.model_dir)


async def renew(
    settings: "Settings", *, fetch: bool = True, transport: httpx.AsyncBaseTransport | None = None
) -> Verdict:
    """Bring the files in DATA_DIR up to date, train on them, and let the better model answer.

    A file that no exchange continues is used as it is, which is logged. Raises what `retrain` raises.
    """
    history, data = history_of(settings), settings.data_dir
    train = training_process(data, keep=history.directory / ".networks")
    if fetch:
        for symbol, step, path in _files(data):
            await _continue(settings, symbol, step, path, transport)
    hours = {symbol: await asyncio.to_thread(_hours, data / name) for symbol, name in PAIR.items()}
    return await retrain(history, hours, settings.retrain_weeks, train)


async def weekly(
    stop: asyncio.Event,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    work: Callable[[], Awaitable[int]] | None = None,
) -> None:
    """Each Sunday night until `stop`, retrain in a process of its own. What goes wrong is logged."""
    while not stop.is_set():
        wait = (quiet_hour(clock()) - clock()).total_seconds()
        try:
            async with asyncio.timeout(wait):
                await stop.wait()
        except TimeoutError:
            code = await (work or _retrain)()
            log.log(logging.WARNING if code else logging.INFO, "Retraining ended with code %s.", code)


async def _retrain() -> int:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "app.py"), "retrain"), stdin=asyncio.subprocess.DEVNULL, cwd=ROOT
    )
    try:
        return await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()


def _hours(path: Path) -> Candles:
    return read_candles(path).candles


def _files(data: Path) -> Iterator[tuple[Symbol, int, Path]]:
    """Each file with the coin and the step that it holds."""
    for symbol, name in PAIR.items():
        yield symbol, HOUR, data / name
    for folder, step in (("coins_1h", HOUR), ("candles_5m", FIVE_MINUTES)):
        for path in sorted((data / folder).glob("*.parquet")):
            yield read_candles(path, step=step).known_symbol(), step, path


async def _continue(
    settings: "Settings", symbol: Symbol, step: int, path: Path, transport: httpx.AsyncBaseTransport | None
) -> None:
    first = utc(int((await asyncio.to_thread(read_candles, path, None, step)).candles.time[0]))
    failures = []
    for exchange in settings.exchanges:
        try:
            await fetch_steps(settings, symbol, exchange, first, {step: path}, transport, resume=True)
        except CryptoSenseError as error:
            failures.append(error.message)
        else:
            return
    log.warning("%s is used as it is. %s", path.name, " ".join(failures))
