"""Candle files: history read as hourly candles, written again, and replayed as a source."""

import asyncio
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from forecaster.data_directory import may_write
from forecaster.errors import DataFileError, InvalidInput, NoCandles, UnsupportedSymbol
from forecaster.market.candles import Candles, utc
from forecaster.market.quotes import Quote
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR

MOST_GAPS = 10  # longest gaps named
WRITABLE = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, slots=True)
class Gap:
    """Consecutive hours without a trade."""

    start: int  # opening of the first, Unix seconds
    hours: int


@dataclass(frozen=True, slots=True)
class CandleFile:
    """What a candle file holds. ``candles.filled()`` gives every hour, with those without a trade filled."""

    candles: Candles  # the hours that had a trade
    missing: int  # hours without a trade between the first and the last
    gaps: tuple[Gap, ...]  # the longest of them, longest first
    rows: int  # rows read
    untraded: int  # of these, rows without prices
    spacing: float  # seconds between rows: 60 in a file of minutes


def read_candles(path: Path) -> CandleFile:
    """Read CSV (plain or gzip) or Parquet, hourly or finer, into hourly candles by opening hour in UTC.

    Memory stays bounded by the hours, not by the rows. Equal repeated rows are merged, and a forming last
    hour is left out. Raises DataFileError naming the line (of a CSV, from 1) or row (of a Parquet file)
    when the file is missing, empty, damaged, lacks a column, or holds a row that is not a plausible
    candle, is older than the one before, or contradicts it.
    """
    from forecaster.market.files.dialects import EXPECTED, open_table
    from forecaster.market.files.resample import HourlyResampler

    table = open_table(path)
    hours = HourlyResampler(table.refuse)
    for rows in table.batches():
        hours.add(rows)
    candles = hours.finish()
    if hours.spacing > HOUR:
        raise DataFileError(f"{path.name} has rows {hours.spacing / HOUR:g} hours apart.", EXPECTED)
    if len(candles) == 0:
        raise DataFileError(f"{path.name} holds no complete hour ({hours.rows} rows were read).", EXPECTED)
    missing, gaps = _gaps(candles)
    return CandleFile(candles, missing, gaps, hours.rows, hours.untraded, hours.spacing)


def write_candles(candles: Candles, path: Path) -> None:
    """Write candles as .csv, .csv.gz or .parquet, in the form that `read_candles` reads back unchanged.

    A file of that name is replaced, whole or not at all. Raises DataFileError when it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    check_writable(path)
    columns = {"time": pa.array(candles.time).cast(pa.timestamp("s", tz="UTC"))}
    columns |= {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    table = pa.table(columns)
    part = path.with_name(f".{path.name}.part")
    try:
        if path.name.lower().endswith(".parquet"):
            parquet.write_table(table, part)
        else:
            with pa.output_stream(part, compression="gzip" if path.name.lower().endswith(".gz") else None) as stream:
                csv.write_csv(table, stream, csv.WriteOptions(quoting_style="none", quoting_header="none"))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataFileError(
            f"{path} cannot be written.", "Check the directory, its permissions and its room."
        ) from error


def check_writable(path: Path) -> None:
    """Raise DataFileError when `write_candles` could not write to `path`: better known before a long download."""
    if not path.name.lower().endswith(WRITABLE):
        raise DataFileError(f"{path.name} has no ending that can be written.", f"Name it {', '.join(WRITABLE)}.")
    if not path.parent.is_dir() or path.is_dir():
        raise DataFileError(f"{path} cannot be written.", "Name a file in a directory that exists.")
    if not may_write(path.parent.absolute()):
        raise DataFileError(f"{path} cannot be written.", "Name a file in a directory of yours, with --out.")


def _gaps(candles: Candles) -> tuple[int, tuple[Gap, ...]]:
    lost = np.diff(candles.time) // HOUR - 1  # (n - 1,) hours without a trade after each candle
    longest = np.argsort(-lost, kind="stable")[:MOST_GAPS]
    gaps = tuple(Gap(int(candles.time[i]) + HOUR, int(lost[i])) for i in longest if lost[i] > 0)
    return int(lost.sum()), gaps


class FileSource:
    """Replays a file's newest candles, as of the moment at which the file ends.

    The symbol is read from the file's name: ETH-USD where it says "eth", and BTC-USD otherwise. Raises
    DataFileError when there is no such file; what is in it is looked at when the first question comes.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            remedy = "Set CRYPTOSENSE_SOURCE to auto, live, demo or the path of a candle file."
            raise DataFileError(f"There is no file {path}.", remedy)
        name = path.name.lower()
        self._path = path
        self._symbol = "ETH-USD" if "eth" in name and "btc" not in name and "xbt" not in name else "BTC-USD"
        self._quote = "USDT" if "usdt" in name else "USD"
        self._candles: Candles | None = None
        self._reading = asyncio.Lock()

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` candles of the file. Raises UnsupportedSymbol and DataFileError."""
        if symbol != self._symbol:
            raise UnsupportedSymbol(symbol, (self._symbol,))
        async with self._reading:  # the first question reads the file, in a thread; the others wait for it
            if self._candles is None:
                self._candles = (await asyncio.to_thread(read_candles, self._path)).candles
        candles = self._candles[-hours:]
        end = int(candles.time[-1]) + HOUR
        note = f"Candles come from the file {self._path.name}, which ends at {utc(end):%Y-%m-%d %H:%M} UTC."
        return Snapshot(symbol, "file", self._quote, candles, float(end), notes=(note,))

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """None: files are read as hours. Raises UnsupportedSymbol and DataFileError."""
        await self.latest(symbol, 1)
        raise DataFileError(f"{self._path.name} is read as hourly candles.", "Ask for hours, or another source.")

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """Hours that end on the hour, as the file has no others. Raises as `five_minutes`, and InvalidInput."""
        snapshot = await self.latest(symbol, 1)
        if at is None or at == snapshot.as_of:
            return await self.latest(symbol, hours)
        assert self._candles is not None
        candles = self._candles.closed_at(at)[-hours:]
        if at % HOUR != 0 or at > snapshot.as_of or len(candles) == 0:
            raise InvalidInput(f"{self._path.name} has no hour that ends then.", "Ask for one on the hour that it has.")
        return replace(snapshot, candles=candles, now=float(candles.end))

    async def quote(self, symbol: str) -> Quote:
        """The last close of the file, at its time. Raises UnsupportedSymbol and DataFileError."""
        snapshot = await self.latest(symbol, 1)
        price, time = float(snapshot.candles.close[-1]), float(snapshot.as_of)
        return Quote(symbol, "file", self._quote, price, time, snapshot.now, snapshot.warnings, snapshot.notes)

    def now(self) -> float:
        """See CandleSource."""
        return time.time()

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """None: no exchange is asked here. Raises NoCandles."""
        raise NoCandles(symbol, ())

    async def close(self) -> None:
        """Nothing to give back: the file is closed as soon as it is read."""
