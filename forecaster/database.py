"""A database at a URL, SQLite or PostgreSQL: opened at its first use, and its tables made then.

Whoever comes first makes them, alone: Alembic those of the ledger, forecaster/data/store.py its own. A ledger that is
up to date is recognised without importing Alembic. A commit has reached the disk: SQLite writes ahead (WAL) and
synchronises fully, PostgreSQL does so unless told otherwise.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.errors import ConfigurationError
from forecaster.migrations import HEAD, SCRIPTS, VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

PATIENCE = 10  # seconds to wait for another process that writes, or for PostgreSQL to answer
LOCK = 0x6C6564676572  # of PostgreSQL's advisory locks, the one that who makes tables holds


class Database:
    """Connections, each for one transaction. `begin` may raise ConfigurationError; safe to share between threads."""

    def __init__(self, url: str, name: str, make_tables: "Callable[[Engine], None]") -> None:
        """`name` is what messages call it. `make_tables` sees to it that tables are there, which they may be."""
        self._url = url  # may hold a password: it stays out of every message
        self._name = name
        self._make_tables = make_tables
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    @contextmanager
    def begin(self) -> "Iterator[Connection]":
        """A connection; what was done on it is committed at the end, unless an error ends it."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._open().begin() as connection:
                yield connection
        except (SQLAlchemyError, ImportError, OSError) as error:  # ImportError: the database's driver is not installed
            raise ConfigurationError(
                f"The {self._name} cannot be opened, read or written.",
                "Check that CRYPTOSENSE_DATABASE_URL names a database that may be written, and that its disk has room.",
            ) from error

    def close(self) -> None:
        """Give back the connections."""
        with self._opening:
            if self._engine is not None:
                self._engine.dispose()
                self._engine = None

    def _open(self) -> "Engine":
        with self._opening:
            if self._engine is None:
                engine = _engine(_known(self._url, self._name))
                try:
                    self._make_tables(engine)
                except BaseException:
                    engine.dispose()
                    raise
                self._engine = engine
            return self._engine


def _known(url: str, name: str) -> "URL":
    """The URL with the driver that is installed. Raises ConfigurationError for a database that would keep nothing."""
    from sqlalchemy import make_url

    known = make_url(url)
    if known.drivername in ("postgres", "postgresql"):  # hosts hand out both; psycopg 3 is the driver
        known = known.set(drivername="postgresql+psycopg")
    if known.get_backend_name() not in ("sqlite", "postgresql") or _in_memory(known):
        raise ConfigurationError(
            f"The {name} needs a database that outlives the process.",
            "Set CRYPTOSENSE_DATABASE_URL to sqlite:///FILE or postgresql://USER@HOST/NAME.",
        )
    return known


def _in_memory(url: "URL") -> bool:
    name = url.database or ""
    return url.get_backend_name() == "sqlite" and (name in ("", ":memory:") or "mode=memory" in str(url))


def _engine(url: "URL") -> "Engine":
    from sqlalchemy import create_engine, event

    if url.get_backend_name() == "postgresql":  # the server may have been restarted since a connection was used
        return create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": PATIENCE})
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": PATIENCE})
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:  # it does not wait for another process that does the same
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.02)
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def migrate(engine: "Engine") -> None:
    """Bring the ledger's tables up to date. Raises ConfigurationError for those of a newer version of this project."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with alone(engine) as connection:
        if _revision(connection) != HEAD:  # another process may have migrated meanwhile
            _upgrade(connection)


def _revision(connection: "Connection") -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


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


def _upgrade(connection: "Connection") -> None:
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        upgrade(config, "head")
    except CommandError as error:  # it does not know the revision
        raise ConfigurationError(
            "The ledger was written by another, newer version of CryptoSense.",
            "Update CryptoSense, or set CRYPTOSENSE_DATABASE_URL to another database.",
        ) from error
