"""A database at a URL, SQLite or PostgreSQL: opened at its first use, and its tables made then.

Whoever comes first makes them, alone: Alembic those of the ledger, forecaster/market/store.py its own. A ledger that is
up to date is recognised without importing Alembic. A commit has reached the disk: SQLite writes ahead (WAL) and
synchronises fully, PostgreSQL does so unless told otherwise. An SQLite file that was moved or deleted is begun anew.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from forecaster.database.deadline import Deadline
from forecaster.database.engines import identity, known_url, open_engine
from forecaster.database.faults import SILENT, fault_of
from forecaster.database.health import Health, Proof
from forecaster.errors import ConfigurationError, DatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

ANSWER = 2.0  # seconds for one transaction on PostgreSQL
OPENING = 10.0  # seconds to open a database, make its tables and wait for who is making them
LOCK = 0x6C6564676572  # of PostgreSQL's advisory locks, the one that who makes tables holds

log = logging.getLogger(__name__)


class Database:
    """Connections, each for one transaction. `begin` may raise ConfigurationError; safe to share between threads."""

    def __init__(
        self,
        url: str,
        name: str,
        make_tables: "Callable[[Engine], None]",
        health: Health | None = None,
        answer: float = ANSWER,
    ) -> None:
        """`name` is what messages call it. `make_tables` sees to it that tables are there, which they may be.

        `health` is told how each use went. `answer` is how long a transaction may take on PostgreSQL, in seconds.
        """
        self.health = health or Health()
        self._url = url  # may hold a password: it stays out of every message
        self._name = name
        self._make_tables = make_tables
        self._answer = answer
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None  # which one is open
        self._opening = threading.Lock()

    @contextmanager
    def begin(self, proof: Proof = Proof.READ) -> "Iterator[Connection]":
        """A connection; what was done on it is committed at the end, unless an error ends it.

        `proof` is what it shows if all goes well.
        """
        from sqlalchemy.exc import SQLAlchemyError

        try:
            engine = self._open()
            with _within(self._answer, engine), engine.begin() as connection:
                yield connection
        except (SQLAlchemyError, ImportError, OSError) as error:  # ImportError: the database's driver is not installed
            fault = fault_of(self._name, error)
            self.health.failed(fault)
            raise fault from error
        except DatabaseError as fault:
            self.health.failed(fault)
            raise
        self.health.worked(proof)

    def close(self) -> None:
        """Give back the connections."""
        with self._opening:
            self._dispose()

    def _open(self) -> "Engine":
        if not self._opening.acquire(timeout=OPENING):
            raise DatabaseError(self._name, SILENT)
        try:
            if self._engine is not None and identity(self._engine.url) != self._file:
                log.warning("The file of the %s was moved or deleted: another is opened in its place.", self._name)
                self._dispose()
            if self._engine is None:
                self._engine = self._opened()
                self._file = identity(self._engine.url)
                self.health.worked(Proof.OPENED)
            return self._engine
        except ConfigurationError as error:
            self.health.failed(error)
            raise
        finally:
            self._opening.release()

    def _opened(self) -> "Engine":
        engine = open_engine(known_url(self._url, self._name))
        try:
            with _within(OPENING, engine):
                self._make_tables(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _dispose(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _within(seconds: float, engine: "Engine") -> AbstractContextManager[object]:
    return nullcontext() if engine.dialect.name == "sqlite" else Deadline(seconds)


@contextmanager
def alone(engine: "Engine") -> "Iterator[Connection]":
    """A transaction in which tables may be changed, while every other process that wants one waits."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":  # its driver would begin no transaction for changes of tables
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
        yield connection
        connection.commit()
