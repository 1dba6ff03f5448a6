"""Delivers to webhooks: many at once, few to one receiver, and those that fail wait where they hold nobody back.

    queue.turn(ended, room) --one transaction--> claimed --at most `each` a receiver--> tries --> ended

A receiver whose last try failed is slow until one succeeds: one try at a time, in half of the places at most. What
fails is tried again after 2, 4, 8 ... seconds up to an hour, each shortened by chance so that not all come at once, for
a day.
"""

import asyncio
import logging
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from cachetools import LRUCache

from forecaster.alerts.counting import Counting, Uncounted
from forecaster.alerts.desk import Desk
from forecaster.alerts.queue import Ended, Parcel, Queue, Room
from forecaster.alerts.sending import Try
from forecaster.errors import CryptoSenseError

MOST_REMEMBERED = 4096  # receivers whose failures are remembered
REST = 5.0  # seconds after the database failed

Send = Callable[[Parcel, float], Awaitable[Try]]
log = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How many at once, and how often; times in seconds."""

    places: int = 32  # deliveries tried at once
    each: int = 2  # to one receiver
    first: float = 2.0  # until the second try; each next one waits twice as long
    longest: float = 3600.0  # between two tries
    given_up: float = 24 * 3600.0  # after which nothing is tried any more
    idle: float = 10.0  # between looks for what other processes left
    waiting: float = 1.0  # the same while something waits


class Courier:
    """Tries deliveries until cancelled. Several processes may have one each: a delivery is claimed by one of them."""

    def __init__(
        self,
        desk: Desk,
        queue: Queue,
        send: Send,
        *,
        pace: Pace | None = None,
        counted: Counting | None = None,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`clock` gives Unix seconds, `chance` numbers from 0 to 1."""
        self._desk, self._queue, self._send = desk, queue, send
        self._pace, self._counted = pace or Pace(), counted or Uncounted()
        self._clock, self._chance = clock, chance
        self._trying: dict[asyncio.Task[None], Parcel] = {}
        self._ended: list[Ended] = []
        self._failing: LRUCache[str, int] = LRUCache(MOST_REMEMBERED)  # tries that failed in a row, by receiver
        self._given_up: LRUCache[str, bool] = LRUCache(MOST_REMEMBERED)  # receivers of which the log tells that

    async def run(self) -> None:
        """Deliver until cancelled; what is being tried then is tried again by whoever comes next."""
        try:
            while True:
                self._desk.queued.clear()
                try:
                    waiting = await self._turn()
                except CryptoSenseError:  # the log has it from the database's health
                    waiting = REST
                with suppress(TimeoutError):
                    async with asyncio.timeout(waiting):
                        await self._desk.queued.wait()
        finally:
            self._counted.alert_deliveries_waiting(0)  # another one may tell that from now on
            await self._stop()

    async def _turn(self) -> float:
        """End and claim; in how many seconds to look again."""
        ended, self._ended = self._ended, []
        try:
            claimed = await self._desk.call(partial(self._queue.turn, ended, self._room(), self._clock()))
        except BaseException:
            self._ended = ended + self._ended
            raise
        for parcel in claimed:
            task = asyncio.create_task(self._try(parcel))
            self._trying[task] = parcel
            task.add_done_callback(self._done)
        if claimed:
            return 0.0
        count = await self._desk.call(partial(self._queue.waiting, self._clock()))
        self._counted.alert_deliveries_waiting(count)
        return self._pace.waiting if count else self._pace.idle

    def _room(self) -> Room:
        trying = Counter(each.receiver for each in self._trying.values())
        slow = {name for name, tries in self._failing.items() if tries}
        held = sum(count for name, count in trying.items() if name in slow)
        left = self._pace.places - len(self._trying)
        return Room(left, self._pace.places // 2 - held, self._pace.each, trying, slow)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._trying.pop(task, None)
        self._desk.queued.set()

    async def _try(self, parcel: Parcel) -> None:
        found = await self._send(parcel, self._clock())
        self._counted.alert_delivery(found.result)
        if found.result == "delivered":
            self._failing.pop(parcel.receiver, None)
            self._given_up.pop(parcel.receiver, None)
            self._ended.append(Ended(parcel.id, None))
            return
        if not self._failing.get(parcel.receiver):
            log.warning("The webhook at %s %s. It is tried again for a day.", parcel.receiver, found.cause)
        self._failing[parcel.receiver] = self._failing.get(parcel.receiver, 0) + 1
        self._ended.append(self._later(parcel))

    def _later(self, parcel: Parcel) -> Ended:
        now, tries = self._clock(), parcel.tries + 1
        if now - parcel.created >= self._pace.given_up:
            self._counted.alert_delivery("given_up")
            if parcel.receiver not in self._given_up:
                log.warning("What the webhook at %s has not taken within a day is given up.", parcel.receiver)
            self._given_up[parcel.receiver] = True
            return Ended(parcel.id, None)
        wait = min(self._pace.first * 2.0 ** min(tries - 1, 30), self._pace.longest) * (0.5 + self._chance() / 2)
        due = min(now + wait, max(now, parcel.created + self._pace.given_up))
        return Ended(parcel.id, due, tries)

    async def _stop(self) -> None:
        """Cancel what is being tried, write down what is over, and let others take the rest."""
        tasks = [*self._trying]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ended, self._ended = self._ended, []
        with suppress(CryptoSenseError):
            await self._desk.call(partial(self._queue.turn, ended, self._room()._replace(most=0), self._clock()))
            await self._desk.call(self._queue.release)
