"""Alerts beside an event loop: what owners ask of them, in threads, and who has to know that something changed."""

import asyncio
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TypeVar

from forecaster.alerts.alerts import Alert, Asked, Fresh, Listing, Standing, Wanted
from forecaster.alerts.sending import Receiver
from forecaster.alerts.store import Made, Store, Told
from forecaster.database import WITHIN, DatabaseThreads
from forecaster.errors import CryptoSenseError, InvalidInput
from forecaster.market import utc

THREADS = 2
OPENING = 60.0  # seconds

T = TypeVar("T")


class Desk:
    """What may be asked of alerts. Every method may raise ConfigurationError; it belongs to one event loop."""

    def __init__(
        self,
        store: Store,
        receiver: Receiver | None = None,
        clock: Callable[[], float] = time.time,
        within: float = WITHIN,
    ) -> None:
        """`receiver` says which webhooks may be delivered to; `clock` gives Unix seconds.

        Who asks waits so many seconds `within` which the database has to answer.
        """
        self.store, self._receiver, self._clock = store, receiver or Receiver(), clock
        self._threads = DatabaseThreads("database of alerts", store.health, THREADS, within)
        self.changed = asyncio.Event()  # alerts are to be read again
        self.queued = asyncio.Event()  # something is to be delivered
        self.told = asyncio.Event()  # something is to be told on the stream

    async def open(self) -> None:
        """Open the database before anybody asks: its first use loads libraries, and may make tables."""
        with suppress(CryptoSenseError):  # the log has it from the database's health
            await self._threads.call(self.store.open, OPENING)

    async def call(self, work: Callable[[], T]) -> T:
        """What `work` on the database returns, in a thread. Raises what it raises."""
        return await self._threads.call(work)

    async def create(self, owner: str, wanted: Wanted) -> Fresh:
        """A new alert, with its secrets. Raises InvalidInput where it cannot be delivered, or there are too many."""
        if wanted.webhook and not self._receiver.may_be_asked(wanted.webhook):
            raise InvalidInput(
                "A webhook is told by https, and not in a private network.",
                "Send an https address that can be reached from the internet, or have the operator allow its "
                "host: docs/alerts.md.",
            )
        made: Made = await self.call(partial(self.store.add, owner, wanted, self._clock()))
        self.changed.set()
        shown = alert_of(made.asked, 0).model_dump()
        return Fresh.model_validate(shown | {"secret": made.secret or None, "stream_token": made.token or None})

    async def listing(self, owner: str, after: str, limit: int) -> Listing:
        """A page of an owner's alerts, oldest first, after the one with the id `after`."""
        found = await self.call(partial(self.store.page, owner, after, limit + 1))
        shown = tuple(alert_of(*each) for each in found[:limit])
        return Listing(alerts=shown, next_cursor=shown[-1].id if len(found) > limit else None)

    async def get(self, owner: str, alert_id: str) -> Alert | None:
        """An owner's alert."""
        found = await self.call(partial(self.store.get, owner, alert_id))
        return alert_of(*found) if found else None

    async def pause(self, owner: str, alert_id: str, paused: bool) -> Alert | None:
        """Pause an alert, or let it go on."""
        if not await self.call(partial(self.store.pause, owner, alert_id, paused)):
            return None
        self.changed.set()
        return await self.get(owner, alert_id)

    async def delete(self, owner: str, alert_id: str) -> bool:
        """Forget an alert; whether there was one."""
        gone = await self.call(partial(self.store.delete, owner, alert_id))
        self.changed.set()
        return gone

    async def active(self) -> list[Asked]:
        """All alerts that are not paused."""
        return await self.call(self.store.active)

    async def change(self, asked: Asked, standing: Standing, told: tuple[str, str] | None, now: float) -> bool | None:
        """See Store.change."""
        written = await self.call(partial(self.store.change, asked, standing, told, now))
        if written and told:
            (self.queued if asked.wanted.webhook else self.told).set()
        return written

    async def heard(self, owner: str | None, tokens: Collection[str]) -> list[str]:
        """See Store.heard."""
        return await self.call(partial(self.store.heard, owner, tokens))

    async def told_since(self, since: float) -> list[tuple[str, Told]]:
        """See Store.told_since."""
        return await self.call(partial(self.store.told_since, since))

    async def close(self) -> None:
        """Finish what was begun, and give back connections."""
        await self._threads.close()
        self.store.close()


def alert_of(asked: Asked, waiting: int) -> Alert:
    """An alert as its owner sees it."""
    standing = asked.standing
    shown = asked.wanted.model_dump() | {
        "id": asked.id,
        "created": utc(asked.created),
        "paused": asked.paused,
        "firing": standing.firing,
        "since": utc(standing.since) if standing.firing and standing.since else None,
        "last_told": utc(standing.last) if standing.last else None,
        "count": standing.count,
        "waiting": waiting,
    }
    return Alert.model_validate(shown)
