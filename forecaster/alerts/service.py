"""All of it in one process: what owners ask, the watch over the feed, the deliveries, and the stream."""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

from forecaster.alerts.addresses import Allowed
from forecaster.alerts.counting import Counting, Uncounted
from forecaster.alerts.courier import Courier, Pace
from forecaster.alerts.desk import Desk
from forecaster.alerts.queue import Queue
from forecaster.alerts.sending import Receiver
from forecaster.alerts.store import Limits, Store
from forecaster.alerts.told import StreamAlerts
from forecaster.alerts.watcher import Watcher
from forecaster.database import ANSWER, WITHIN, Health
from forecaster.serving import ForecastBackend
from forecaster.serving.feed import Feed

REST = 10.0  # seconds
log = logging.getLogger(__name__)


class Alerts:
    """The alerts in the database at a URL; nothing is opened before it is first used."""

    def __init__(
        self,
        url: str,
        health: Health | None = None,
        *,
        hosts: Sequence[str] = (),
        receiver: Receiver | None = None,
        pace: Pace | None = None,
        counted: Counting | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        answer: float = ANSWER,
        within: float = WITHIN,
    ) -> None:
        """`hosts` are those that webhooks may reach in a private network. Raises ConfigurationError for what is none.

        `limits` are how many there may be, `clock` gives Unix seconds; for `health` and `answer` see Database, for
        `within` Desk.
        """
        receiver = receiver or Receiver(Allowed(hosts))
        self._clock, self._counted = clock, counted or Uncounted()
        self.desk = Desk(Store(url, health, answer, limits), receiver, clock, within)
        queue = Queue(self.desk.store, secrets.token_hex(8))
        self._courier = Courier(self.desk, queue, receiver.send, pace=pace, counted=self._counted, clock=clock)
        self.on_stream = StreamAlerts(self.desk, clock)

    async def run(self, backend: ForecastBackend, feed: Feed) -> None:
        """Watch and deliver until cancelled."""
        await self.desk.open()
        watcher = Watcher(self.desk, backend, feed, counted=self._counted, clock=self._clock)
        async with asyncio.TaskGroup() as group:
            group.create_task(_kept_up("watched", watcher.run))
            group.create_task(_kept_up("delivered", self._courier.run))

    async def close(self) -> None:
        """Finish what was begun, and give back connections."""
        await self.desk.close()


async def _kept_up(what: str, run: Callable[[], Awaitable[None]]) -> None:
    """Begin again after what nobody foresaw."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("Alerts are not %s. It is begun again in %d seconds.", what, REST)
            await asyncio.sleep(REST)
