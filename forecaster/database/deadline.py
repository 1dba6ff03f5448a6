"""A transaction's deadline on this side of the connection, for a PostgreSQL that has stopped answering.

The server's own limits (statement_timeout, lock_timeout) need a server that runs, and TCP's need a peer that is gone:
the system of one that is frozen goes on acknowledging. So what overruns its time has its socket shut, which ends the
wait of the thread that hangs on it.
"""

import socket
import weakref
from contextlib import suppress
from contextvars import ContextVar
from threading import Lock, Timer
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

CURRENT: ContextVar["Deadline | None"] = ContextVar("deadline", default=None)
SOCKET = "socket"  # where a pooled connection's lies in its info
LIMITS = "SELECT set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
SERVERS_SHARE = 0.75  # of the time: a server that runs cancels a statement itself, and the connection lives on


class Deadline:
    """``with Deadline(seconds):`` ends what one thread does with one connection inside, if it takes longer."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._socket: socket.socket | None = None
        self._shutting = Lock()
        self._timer = Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> "Deadline":
        self._before = CURRENT.set(self)
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()
        CURRENT.reset(self._before)
        with self._shutting:
            self._socket = None

    def guard(self, connection: socket.socket) -> None:
        """Let the deadline hold for what is done over this connection from now on."""
        with self._shutting:
            self._socket = connection
            if self.passed:
                _shut(connection)

    def _pass(self) -> None:
        with self._shutting:
            self.passed = True
            if self._socket is not None:
                _shut(self._socket)


def install(engine: "Engine") -> None:
    """Let the current deadline hold for every connection of a PostgreSQL engine, from its first byte on."""
    from sqlalchemy import event

    event.listen(engine, "do_connect", _may_connect)
    event.listen(engine, "connect", _connected, insert=True)  # before SQLAlchemy's own first questions
    event.listen(engine, "checkout", _checked_out)
    event.listen(engine, "close", _closed)


def _may_connect(dialect: object, record: object, arguments: object, parameters: object) -> None:
    import psycopg

    deadline = CURRENT.get()
    if deadline and deadline.passed:
        raise psycopg.OperationalError("no time is left to connect")


def _connected(connection: "psycopg.Connection[Any]", record: Any) -> None:
    borrowed = socket.socket(fileno=connection.fileno())
    record.info[SOCKET] = kept = borrowed.dup()  # our own, so that it is never the number of another connection
    borrowed.detach()
    weakref.finalize(connection, kept.close)  # nobody is told of one whose first questions fail
    if deadline := CURRENT.get():
        deadline.guard(record.info[SOCKET])


def _checked_out(connection: "psycopg.Connection[Any]", record: Any, pooled: object) -> None:
    """Set the server's limits for one transaction, which shows as well whether the connection is still there."""
    import psycopg
    from sqlalchemy.exc import InvalidatePoolError

    deadline = CURRENT.get()
    if deadline is None:
        return
    deadline.guard(record.info[SOCKET])
    limit = str(int(deadline.seconds * SERVERS_SHARE * 1000))
    try:
        connection.execute(LIMITS, (limit, limit))
    except psycopg.Error as error:
        if deadline.passed:
            raise
        raise InvalidatePoolError("the connection is gone") from error  # SQLAlchemy then makes a new one


def _closed(connection: object, record: Any) -> None:
    kept = record.info.pop(SOCKET, None)
    if kept is not None:
        kept.close()


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # it was closed meanwhile
        connection.shutdown(socket.SHUT_RDWR)
