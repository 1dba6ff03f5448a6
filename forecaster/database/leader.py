"""Which of several processes on one PostgreSQL does what is to be done once: the one that holds an advisory lock.

try, every few seconds --taken--> work --every few seconds--> still there? --no--> work is cancelled; try again

The lock belongs to the session of a connection that is used for nothing else, and is free when that ends, however it
does. A leader that hears nothing from the server gives up within `answer`; from one that says nothing the server takes
the lock later than that, once its lease is over. Two may lead for a moment where a process or a machine stood still.
On SQLite the process itself leads. The lock is of the schema, so that two installations in one database lead apart.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal

from forecaster.database.access import ANSWER
from forecaster.database.deadline import SOCKET, Deadline
from forecaster.database.engines import known_url, open_engine
from forecaster.database.faults import fault_of
from forecaster.database.health import Health, Proof
from forecaster.database.threads import DatabaseThreads
from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import Connection

NAME = "database that says who leads"
EVERY = 3.0  # seconds between two looks at the lock
LOCK = 0x6C656164  # of PostgreSQL's advisory locks, the one that the leader holds
TAKE = f"SELECT pg_try_advisory_lock({LOCK}, hashtext(coalesce(current_schema(), '')))"  # or show that one has it
LEASE = "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = 'idle_session_timeout'"  # from version 14 on

LEADS = "This replica leads: it does what is done once for all that share the database."
LEADS_NO_LONGER = "This replica no longer leads."

Work = Callable[[asyncio.Event], Awaitable[None]]
log = logging.getLogger(__name__)


class Leader:
    """Leads, or waits until it may. One `run` at a time; it belongs to one event loop."""

    def __init__(
        self,
        url: str,
        told: Callable[[bool], None] = lambda leads: None,
        *,
        every: float = EVERY,
        answer: float = ANSWER,
    ) -> None:
        """`told` is called at each change with whether this process leads.

        The lock is looked at after `every` seconds, and PostgreSQL has `answer` seconds to tell how it stands.
        """
        self._url, self._told, self._every, self._answer = url, told, every, answer
        self._alone = url.startswith("sqlite")
        self._lease = 2 * (every + 2 * answer)  # seconds, twice what a leader needs to find out and to end its work
        self._health = Health()  # its own: the log has a line when nobody can lead, and one when that is over
        self._connection: Connection | None = None

    async def run(self, work: Work, stop: asyncio.Event) -> None:
        """Run `work(stop)` while this process leads, until it returns or `stop` is set. Raises what it raises.

        It is cancelled when this process no longer leads, and begun anew when it does again. However this ends, the
        work has ended before, and then the lock is free.
        """
        stopped = asyncio.create_task(stop.wait())
        leading = asyncio.create_task(self._until(stopped, work, stop))
        try:
            await asyncio.shield(leading)  # a cancellation may come while it ends, and must not break that off
        finally:
            stopped.cancel()
            await asyncio.wait((leading,))

    async def _until(self, stopped: asyncio.Task[Literal[True]], work: Work, stop: asyncio.Event) -> None:
        threads = DatabaseThreads(NAME, self._health, 1, 2 * self._answer)
        over = False
        try:
            while not (over or stopped.done()):
                if await self._leads(threads):
                    over = await self._lead(stopped, asyncio.ensure_future(work(stop)), threads)
                else:
                    await asyncio.wait((stopped,), timeout=self._every)
        finally:
            await threads.close()
            await asyncio.to_thread(self._let_go)

    async def _lead(
        self, stopped: asyncio.Task[Literal[True]], working: "asyncio.Future[None]", threads: DatabaseThreads
    ) -> bool:
        """Whether the work came to an end by itself."""
        self._tell(True)
        while not (working.done() or stopped.done()) and await self._leads(threads):
            await asyncio.wait((working, stopped), timeout=self._every, return_when=asyncio.FIRST_COMPLETED)
        over = working.done()
        working.cancel()
        await asyncio.wait((working,))
        self._tell(False)
        if not working.cancelled():
            working.result()
        return over

    def _tell(self, leads: bool) -> None:
        self._told(leads)
        if not self._alone:
            log.info(LEADS if leads else LEADS_NO_LONGER)

    async def _leads(self, threads: DatabaseThreads) -> bool:
        if self._alone:
            return True
        try:
            return await threads.call(self._hold)
        except ConfigurationError:  # the log has it from the health
            return False

    def _hold(self) -> bool:
        """Whether the lock is held, which is taken if it can be. Raises ConfigurationError."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with Deadline(self._answer) as deadline:
                held = bool(self._connected(deadline).exec_driver_sql(TAKE).scalar())
        except ConfigurationError as error:
            self._health.failed(error)
            raise
        except (SQLAlchemyError, ImportError, OSError) as error:
            self._let_go()
            fault = fault_of(NAME, error)
            self._health.failed(fault)
            raise fault from error
        self._health.worked(Proof.OPENED)
        return held

    def _connected(self, deadline: Deadline) -> "Connection":
        """The connection, under the deadline."""
        if self._connection is None:
            engine = open_engine(known_url(self._url, NAME), isolation_level="AUTOCOMMIT")
            self._connection = engine.connect()
            self._connection.exec_driver_sql(LEASE, (str(int(self._lease * 1000)),))
        else:
            deadline.guard(self._connection.info[SOCKET])
        return self._connection

    def _let_go(self) -> None:
        """End the connection, and the lock with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # closed without a word to a server that may not answer
            connection.close()
            connection.engine.dispose()
