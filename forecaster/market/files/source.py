"""Candle files replayed as a source: their newest candles, as of the moment at which they end.

A file of five minutes or finer gives five-minute candles too, and hours that end at any of them.
"""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from forecaster.errors import DataFileError, InvalidInput, NoCandles, UnsupportedSymbol
from forecaster.market.candles import Candles, utc
from forecaster.market.files.joined import files_of
from forecaster.market.files.reader import CandleFile, read_candles
from forecaster.market.files.rows import Reading
from forecaster.market.hours_ending import hours_ending
from forecaster.market.quotes import Quote
from forecaster.market.sources import QUOTE_SERVES, Snapshot
from forecaster.schema import FIVE_MINUTES, HOUR

FINE_KEPT = 400 * HOUR // FIVE_MINUTES  # five-minute candles: more than any forecast reads
CLOSES_ALONE = 240  # hours that are given where there are closes alone: so few that a model takes them as such


class FileSource:
    """Replays the newest candles of a file, or of several that a pattern names.

    The coin is told by the files, their names or `reading`. Raises DataFileError when there is no such file; what is
    in it is looked at when the first question comes.
    """

    def __init__(self, named: Path | str, reading: Reading | None = None) -> None:
        self._files = files_of(named)
        for path in self._files:
            if not path.is_file():
                remedy = "Set CRYPTOSENSE_SOURCE to auto, live, demo or the path of a candle file."
                raise DataFileError(f"There is no file {path}.", remedy)
        self._reading = reading or Reading()
        self._held: CandleFile | None = None
        self._held_fine: Candles | None = None
        self._lock = asyncio.Lock()

    async def symbol(self) -> str:
        """The coin that the files hold. Raises DataFileError."""
        return (await self._read()).known_symbol()

    async def latest(self, symbol: str, hours: int) -> Snapshot:
        """The newest `hours` candles of the file. Raises UnsupportedSymbol and DataFileError."""
        held = await self._read()
        if symbol != held.known_symbol():
            raise UnsupportedSymbol(symbol, (held.known_symbol(),))
        candles = held.candles[-min(hours, CLOSES_ALONE) :] if held.closes_only else held.candles[-hours:]
        end = int(candles.time[-1]) + HOUR
        note = f"Candles come from the file {held.name}, which ends at {utc(end):%Y-%m-%d %H:%M} UTC."
        return Snapshot(symbol, "file", held.quote, candles, float(end), notes=(note, *held.notes))

    async def five_minutes(self, symbol: str, count: int) -> Snapshot:
        """The newest `count`. Raises UnsupportedSymbol, and DataFileError also for a file of coarser candles."""
        snapshot = await self.latest(symbol, 1)
        fine = await self._read_fine()
        if fine is None:
            held = await self._read()
            raise DataFileError(f"{held.name} is read as hourly candles.", "Ask for hours, or another source.")
        candles = fine[-count:]
        return replace(snapshot, candles=candles, now=float(candles.end))

    async def hours_ending(self, symbol: str, at: int | None, hours: int) -> Snapshot:
        """Of a file of coarser candles, hours of the clock. Raises as `latest`, and InvalidInput."""
        snapshot = await self.latest(symbol, hours)
        fine = await self._read_fine()
        if fine is None:
            return await self._hour_of_the_clock(snapshot, at, hours)
        at = fine.end if at is None else at
        candles = hours_ending(fine, at, hours)
        if at > fine.end or len(candles) == 0:
            held = await self._read()
            raise InvalidInput(f"{held.name} has no hour that ends then.", "Ask for a time that it has.")
        return replace(snapshot, candles=candles, now=float(candles.end))

    async def _hour_of_the_clock(self, snapshot: Snapshot, at: int | None, hours: int) -> Snapshot:
        if at is None or at == snapshot.as_of:
            return snapshot
        held = await self._read()
        candles = held.candles.closed_at(at)[-hours:]
        if at % HOUR != 0 or at > snapshot.as_of or len(candles) == 0:
            raise InvalidInput(f"{held.name} has no hour that ends then.", "Ask for one on the hour that it has.")
        return replace(snapshot, candles=candles, now=float(candles.end))

    async def quote(self, symbol: str, within: float = QUOTE_SERVES) -> Quote:
        """The last close of the file, at its time. Raises UnsupportedSymbol and DataFileError."""
        last = await self.latest(symbol, 1)
        if await self._read_fine() is not None:
            last = await self.five_minutes(symbol, 1)
        price, time = float(last.candles.close[-1]), float(last.as_of)
        return Quote(symbol, "file", last.quote, price, time, last.now, last.warnings, last.notes)

    async def _read(self) -> CandleFile:
        async with self._lock:  # the first question reads the file, in a thread; the others wait for it
            if self._held is None:
                self._held = await asyncio.to_thread(read_candles, self._files, self._reading)
        return self._held

    async def _read_fine(self) -> Candles | None:
        """The newest five-minute candles; None where the file has coarser ones, or closes alone."""
        held = await self._read()
        if held.closes_only or not 0 < held.spacing <= FIVE_MINUTES:
            return None
        async with self._lock:
            if self._held_fine is None:
                fine = await asyncio.to_thread(read_candles, self._files, self._reading, FIVE_MINUTES)
                self._held_fine = fine.candles[-FINE_KEPT:]
        return self._held_fine

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """See CandleSource; of no other currency."""
        return None

    def now(self) -> float:
        """See CandleSource."""
        return time.time()

    async def since(self, symbol: str, source: str, start: int, step: int = HOUR) -> Candles:
        """None: no exchange is asked here. Raises NoCandles."""
        raise NoCandles(symbol, ())

    async def close(self) -> None:
        """Nothing to give back: the file is closed as soon as it is read."""
