"""A ledger beside an event loop: what a model says live is written to it, and what it said before is read, in threads.

No answer fails for the ledger's sake. One that only has to be recorded waits half a second at most, and not at all
while the ledger is known to fail; it is then recorded later, as long as its first hour has not passed: a record is not
to be made up afterwards.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cachetools import LRUCache

from forecaster.calibration import Tracker
from forecaster.database import SILENT, UNWRITTEN, WITHIN, DatabaseThreads
from forecaster.errors import ConfigurationError, CryptoSenseError, DatabaseError
from forecaster.ledger.history import Past
from forecaster.schema import HOUR, MOST_SERIES, Forecast, InputKind

if TYPE_CHECKING:
    from forecaster.ledger.ledger import Ledger

PATIENCE = 0.5  # seconds that an answer waits until its forecast is on disk
READERS = 4  # threads
LONGEST_READ = 30.0  # seconds for what was before, which answers do not wait for to the end
DAY = 24 * HOUR
REMEMBERED = 64  # forecasts that are known to be written
CHECKED_EVERY, CHECKED_AGAIN = 10.0, 2.0  # seconds between looks at a ledger that works, and at one that fails

T = TypeVar("T")
Fresh = Callable[[], Mapping[InputKind, Tracker]]
log = logging.getLogger(__name__)


class _Reading(NamedTuple):
    """What was before, being read; answers wait for it until `end` (monotonic s)."""

    past: "asyncio.Task[Past | DatabaseError | None]"
    end: float


class _Waiting(NamedTuple):
    """A forecast that could not be written, and until when (monotonic s) it is tried again."""

    forecast: Forecast
    end: float


class Recorder:
    """Records each forecast once; a ledger that failed is told again when the forecast comes again, and by `watch`."""

    def __init__(self, ledger: "Ledger", within: float = WITHIN) -> None:
        """`within` is how many seconds whoever reads the ledger waits at most."""
        self._ledger, self._within = ledger, within
        self._reading = DatabaseThreads("ledger", ledger.health, READERS, within)
        self._writing = DatabaseThreads("ledger", ledger.health, 1, within, late=UNWRITTEN)
        self._writes: dict[str, asyncio.Task[bool]] = {}  # by id, oldest first: whether the ledger was told
        self._waiting: dict[str, _Waiting] = {}  # by id
        self._pasts: dict[tuple[str, str, str], _Reading] = {}  # by symbol, source and model
        self._folded: LRUCache[tuple[str, str, str], int] = LRUCache(MOST_SERIES)  # the day of the last time
        self._folding: set[asyncio.Task[None]] = set()

    async def keep(self, forecast: Forecast) -> None:
        """Record a forecast, and wait for that half a second at most."""
        write = self._writes.get(forecast.id)
        if write is None or (write.done() and not write.result()):
            write = self._writes[forecast.id] = asyncio.create_task(self._told(forecast))
            self._forget()
        if not write.done() and self._ledger.health.fault is None:
            await asyncio.wait([write], timeout=PATIENCE)

    async def read(self, work: "Callable[[Ledger], T]") -> T:
        """What `work` reads. Raises what it raises, and DatabaseError where the ledger does not answer in time."""
        return await self._reading.call(partial(work, self._ledger))

    async def past(self, symbol: str, source: str, model_sha256: str, fresh: Fresh) -> Past | None:
        """What the ledger knows of a model's forecasts; None where it cannot be read, which is logged.

        `fresh` gives the symbol's trackers as they begin.

        Raises DatabaseError while the ledger has yet to say; ask again then. It is read once, however many ask.
        """
        of = (symbol, source, model_sha256)
        reading = self._pasts.get(of)
        if reading is None:
            patience = 0.0 if self._ledger.health.silent else self._within
            task = asyncio.create_task(self._read_past(of, fresh))
            reading = self._pasts[of] = _Reading(task, time.monotonic() + patience)
        if not reading.past.done():
            await asyncio.wait([reading.past], timeout=max(reading.end - time.monotonic(), 0))
        if not reading.past.done():
            raise DatabaseError("ledger", SILENT)
        self._pasts.pop(of, None)
        past = reading.past.result()
        if isinstance(past, DatabaseError):
            raise past
        return past

    def fold(self, forecast: Forecast, fresh: Fresh) -> None:
        """Once a day of each series, fold what outcomes taught and what is old, in the background."""
        of = (forecast.symbol, forecast.source, forecast.model.sha256)
        day = int(forecast.as_of.timestamp()) // DAY
        if self._folded.setdefault(of, day) == day:
            return
        self._folded[of] = day
        task = asyncio.create_task(self._fold(of, fresh, forecast.as_of.timestamp()))
        self._folding.add(task)
        task.add_done_callback(self._folding.discard)

    async def watch(self, stop: asyncio.Event) -> None:
        """Look again and again, until `stop`, whether the ledger works, and write what it has yet to be told."""
        checked = -CHECKED_EVERY  # long ago
        while not stop.is_set():
            if self._waiting or self._ledger.health.fault or time.monotonic() >= checked + CHECKED_EVERY:
                await self.check()
                checked = time.monotonic()
            with suppress(TimeoutError):
                async with asyncio.timeout(CHECKED_AGAIN):
                    await stop.wait()

    async def check(self) -> None:
        """Try once."""
        for each in [each for each in self._waiting.values() if time.monotonic() > each.end]:
            log.error("The forecast %s stays out of the ledger: its first hour has passed.", each.forecast.id)
            del self._waiting[each.forecast.id]
        for each in list(self._waiting.values()):
            await self.keep(each.forecast)
            if not await self._writes[each.forecast.id]:
                return
        with suppress(ConfigurationError):  # the ledger's health knows
            await self._writing.call(self._ledger.probe)

    async def close(self) -> None:
        """Finish writing, and give back the ledger's connections."""
        await asyncio.gather(*self._writes.values(), *self._folding)
        for each in self._pasts.values():
            each.past.cancel()
        await asyncio.gather(self._reading.close(), self._writing.close())
        await asyncio.to_thread(self._ledger.close)

    async def _told(self, forecast: Forecast) -> bool:
        """Whether the ledger was told; else it will be."""
        try:
            await self._writing.call(partial(self._ledger.record, forecast))
        except CryptoSenseError as error:
            if isinstance(error, ConfigurationError):
                self._ledger.health.failed(error)
            self._put_off(forecast, error)
            return False
        except Exception:
            log.exception("The forecast %s is not in the ledger.", forecast.id)
            return False
        self._waiting.pop(forecast.id, None)
        return True

    def _put_off(self, forecast: Forecast, error: CryptoSenseError) -> None:
        if forecast.id in self._waiting:
            return
        log.warning("The forecast %s is not in the ledger yet. %s", forecast.id, error)
        self._waiting[forecast.id] = _Waiting(forecast, time.monotonic() + HOUR)
        while len(self._waiting) > REMEMBERED:
            del self._waiting[next(iter(self._waiting))]

    async def _read_past(self, of: tuple[str, str, str], fresh: Fresh) -> Past | DatabaseError | None:
        try:
            return await self._reading.call(partial(_folded_past, self._ledger, of, fresh), LONGEST_READ)
        except DatabaseError as error:
            return error
        except CryptoSenseError as error:
            log.error("Bands of %s begin anew: the ledger was not read. %s", of[0], error)
            return None
        except Exception:
            log.exception("Bands of %s begin anew: the ledger was not read.", of[0])
            return None

    async def _fold(self, of: tuple[str, str, str], fresh: Fresh, now: float) -> None:
        with suppress(CryptoSenseError):  # tomorrow is soon enough
            await self._writing.call(partial(_fold_all, self._ledger, of, fresh))
            await self._writing.call(partial(self._ledger.tidy, now))

    def _forget(self) -> None:
        done = [name for name, write in self._writes.items() if write.done()]
        for name in done[: max(len(self._writes) - REMEMBERED, 0)]:
            del self._writes[name]


def _fold_all(ledger: "Ledger", of: tuple[str, str, str], fresh: Fresh) -> None:
    """Fold in parts, each of which is kept, so that a try that ends early is not for nothing."""
    while ledger.fold(*of, fresh()):
        pass


def _folded_past(ledger: "Ledger", of: tuple[str, str, str], fresh: Fresh) -> Past:
    _fold_all(ledger, of, fresh)
    return ledger.past(*of)
