"""Alerts on the stream: who may hear which, and what is told of them, from the database, whichever process saw it.

A listener is told what was queued since it listens; who comes back also what came meanwhile, by the time in the id of
the last event that it knew. What is told twice has the same id in its data.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress

from cachetools import LRUCache

from forecaster.alerts.desk import Desk
from forecaster.alerts.store import Told
from forecaster.errors import CryptoSenseError
from forecaster.serving.feed import LONGEST_AWAY, Event, Listener

TOKENS = 10  # that one listener may send
EVERY = 1.0  # seconds between looks for what other processes queued
LATE = 5.0  # seconds after which what was queued is surely there to be read
MOST_SEEN = 4096  # ids

log = logging.getLogger(__name__)


class StreamAlerts:
    """Tells listeners of one process; it looks into the database while there are any who may hear an alert."""

    def __init__(self, desk: Desk, clock: Callable[[], float] = time.time, every: float = EVERY) -> None:
        """`clock` gives Unix seconds."""
        self._desk, self._clock, self._every = desk, clock, every
        self._hearing: dict[Listener, frozenset[str]] = {}
        self._seen: LRUCache[str, bool] = LRUCache(MOST_SEEN)
        self._telling: asyncio.Task[None] | None = None
        self._since = 0.0

    async def begin(self, listener: Listener, owner: str | None, tokens: Collection[str]) -> list[Event]:
        """Tell a listener what it may hear from now on; gives what it missed. Raises what Desk.heard raises."""
        ids = frozenset(await self._desk.heard(owner, tokens))
        if not ids or listener.ended:
            return []
        now = self._clock()
        away = _moment(listener.after)
        missed = await self._desk.told_since(max(away, now - LONGEST_AWAY)) if away is not None else []
        if self._telling is None:
            self._since = now
            self._telling = asyncio.create_task(self._tell())
        self._hearing[listener] = ids
        return [_event(told) for alert_id, told in missed if alert_id in ids]

    def end(self, listener: Listener) -> None:
        """Tell it nothing more."""
        self._hearing.pop(listener, None)
        if not self._hearing and self._telling:
            self._telling.cancel()
            self._telling = None

    async def _tell(self) -> None:
        while True:
            self._desk.told.clear()
            with suppress(CryptoSenseError):  # the log has it from the database's health
                now = self._clock()
                for alert_id, told in await self._desk.told_since(self._since - LATE):
                    if told.id not in self._seen:
                        self._seen[told.id] = True
                        self._pass(alert_id, told)
                self._since = now
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._desk.told.wait()

    def _pass(self, alert_id: str, told: Told) -> None:
        event = _event(told)
        for listener, ids in tuple(self._hearing.items()):
            if alert_id in ids:
                listener.tell(event)


def _event(told: Told) -> Event:
    return Event("", "alert", told.symbol, told.body.encode())


def _moment(after: str) -> float | None:
    """The Unix seconds in the id of an event; None for what is none."""
    digits = after.partition("-")[0]
    return int(digits) / 1000 if digits.isascii() and digits.isdecimal() and len(digits) <= 15 else None
