"""What is wrong with a database, in a few plain words, from the errors of SQLite, psycopg and SQLAlchemy."""

import sqlite3

from forecaster.errors import DatabaseError

SILENT = "does not answer"
SLOW = "takes too long to answer"
UNWRITTEN = "takes too long to be written"
READ_ONLY = "is read-only"
FULL = "has no room left"
DAMAGED = "is damaged"
LOCKED = "is locked by another program"
OTHER = "cannot be opened, read or written"

OF_SQLITE = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
}
PRIMARY = 0xFF  # the part of an SQLite error code that names its kind
OF_POSTGRESQL = {  # by SQLSTATE
    "25006": READ_ONLY,
    "53100": FULL,
    "55P03": LOCKED,
    "57014": SLOW,
    "57P01": SILENT,  # these three: the server starts or stops
    "57P02": SILENT,
    "57P03": SILENT,
    "57P05": SILENT,  # a session that said nothing for too long
    "XX001": DAMAGED,
    "XX002": DAMAGED,
}


def fault_of(name: str, error: Exception) -> DatabaseError:
    """The fault of the database called `name` that an error of its driver, of SQLAlchemy or of the system tells."""
    return DatabaseError(name, _cause(error))


def _cause(error: Exception) -> str:
    from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

    if isinstance(error, TimeoutError):  # all connections are in use, and none was given back
        return SILENT
    origin = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return OF_SQLITE.get(getattr(origin, "sqlite_errorcode", 0) & PRIMARY, OTHER)
    state = getattr(origin, "sqlstate", None)
    if state is None and isinstance(error, OperationalError):
        return SILENT  # no server said a word: it cannot be reached, or hung up
    return OF_POSTGRESQL.get(state or "", OTHER)
