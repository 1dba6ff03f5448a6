"""SQLAlchemy engines for a database's URL: which are allowed, and how each is set up."""

import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.data_directory import checked
from forecaster.database.deadline import install
from forecaster.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine
    from sqlalchemy.engine.interfaces import IsolationLevel

LOCK_PATIENCE = 10  # seconds to wait for another process that writes the same SQLite file
PAGE = 16384  # bytes of a page of a new SQLite file: two forecasts leave a seventh of one of 4 kB empty
CONNECTIONS = 8  # at most, of one engine
POOL_PATIENCE = 2  # seconds to wait for one of them
NETWORK = {  # libpq's; a URL may have others
    "connect_timeout": 2,  # seconds, the least that libpq knows
    "tcp_user_timeout": 2000,  # milliseconds
    "keepalives_idle": 10,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}


def known_url(url: str, name: str) -> "URL":
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


def open_engine(url: "URL", isolation_level: "IsolationLevel | None" = None) -> "Engine":
    """An engine that has not connected yet. The folder of an SQLite file is made. The level is PostgreSQL's alone."""
    from sqlalchemy import create_engine, event

    pool = {"pool_size": 2, "max_overflow": CONNECTIONS - 2, "pool_timeout": POOL_PATIENCE}
    if url.get_backend_name() == "postgresql":
        network = {name: value for name, value in NETWORK.items() if name not in url.query}
        engine = create_engine(url, connect_args=network, isolation_level=isolation_level, **pool)
        install(engine)
        return engine
    checked(Path(str(url.database)).parent).mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": LOCK_PATIENCE}, **pool)
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def identity(url: "URL") -> tuple[int, int] | None:
    """What tells an SQLite file from another one in its place; None where there is no file."""
    if url.get_backend_name() != "sqlite":
        return None
    try:
        found = Path(str(url.database)).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.execute(f"PRAGMA page_size={PAGE}")  # which a file that is there already leaves as it was
    end = time.monotonic() + LOCK_PATIENCE
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
