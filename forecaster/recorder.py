"""A ledger beside an event loop: what a model says live is written to it, and what it said before is read, in threads.

No answer fails for the ledger's sake, and none waits for it for long.
"""

import asyncio
import logging
from typing import TYPE_CHECKING

from forecaster.errors import CryptoSenseError
from forecaster.past import Past
from forecaster.schema import Forecast

if TYPE_CHECKING:
    from forecaster.ledger import Ledger

PATIENCE = 0.5  # seconds that an answer waits until its forecast is on disk
PATIENCE_AT_FIRST = 3.0  # seconds that the first forecast of a process waits for what was before
REMEMBERED = 64  # forecasts that are known to be written

log = logging.getLogger(__name__)


class Recorder:
    """Records each forecast once; a ledger that failed is told again when the forecast comes again."""

    def __init__(self, ledger: "Ledger") -> None:
        self._ledger = ledger
        self._writes: dict[str, asyncio.Task[bool]] = {}  # by id, oldest first: whether the ledger was told

    async def keep(self, forecast: Forecast) -> None:
        """Record a forecast, and wait for that half a second at most."""
        write = self._writes.get(forecast.id)
        if write is None or (write.done() and not write.result()):
            write = self._writes[forecast.id] = asyncio.create_task(asyncio.to_thread(self._record, forecast))
            self._forget()
        if not write.done():
            await asyncio.wait([write], timeout=PATIENCE)

    async def past(self, symbol: str, source: str, model_sha256: str) -> Past | None:
        """What the ledger knows of a model's forecasts; None where it fails or takes too long, which is logged."""
        try:
            async with asyncio.timeout(PATIENCE_AT_FIRST):
                return await asyncio.to_thread(self._ledger.past, symbol, source, model_sha256)
        except (CryptoSenseError, TimeoutError) as error:
            log.error("Bands of %s begin anew: the ledger was not read. %s", symbol, error)
        except Exception:
            log.exception("Bands of %s begin anew: the ledger was not read.", symbol)
        return None

    async def close(self) -> None:
        """Finish writing, and give back the ledger's connections."""
        await asyncio.gather(*self._writes.values())
        await asyncio.to_thread(self._ledger.close)

    def _record(self, forecast: Forecast) -> bool:
        """Whether the ledger was told."""
        try:
            self._ledger.record(forecast)
        except CryptoSenseError as error:
            log.error("The forecast %s is not in the ledger. %s", forecast.id, error)
            return False
        except Exception:
            log.exception("The forecast %s is not in the ledger.", forecast.id)
            return False
        return True

    def _forget(self) -> None:
        done = [name for name, write in self._writes.items() if write.done()]
        for name in done[: max(len(self._writes) - REMEMBERED, 0)]:
            del self._writes[name]
