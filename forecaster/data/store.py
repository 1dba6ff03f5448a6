"""The candles that exchanges once gave, in a database (SQLite unless DATABASE_URL says PostgreSQL).

One row an hour, exchange and symbol; a later answer about the same hour replaces the earlier one. The calls
block, and the first one imports SQLAlchemy (half a second): run them in a thread where that matters.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from forecaster.candles import Candles
from forecaster.errors import ConfigurationError, InvalidInput
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine, Table

KEY = ("source", "symbol", "open_time")
PRICES = ("open", "high", "low", "close", "volume")


class CandleStore:
    """Closed candles by exchange and symbol. Every method may raise ConfigurationError."""

    def __init__(self, url: str) -> None:
        self._url = url  # may hold a password: it stays out of every message
        self._engine: Engine | None = None
        self._table: Table
        self._opening = threading.Lock()

    def save(self, source: str, symbol: str, candles: Candles) -> None:
        """Keep candles, replacing what was kept about the same hours."""
        if len(candles) == 0:
            return
        rows = [
            dict(zip((*KEY, *PRICES), (source, symbol, int(time), *prices), strict=True))
            for time, *prices in candles.rows()
        ]
        with self._begin() as connection:
            connection.execute(_upsert(connection.dialect.name, self._table), rows)

    def newest(self, source: str, symbol: str, hours: int) -> Candles:
        """The candles of the last `hours` hours up to the newest one kept; empty if there is none."""
        with self._begin() as connection:
            columns = self._table.c
            mine = self._table.select().where(columns.source == source, columns.symbol == symbol)
            last = connection.execute(mine.order_by(columns.open_time.desc()).limit(1)).first()
            if last is None:
                return Candles.from_rows([])
            rows = connection.execute(mine.where(columns.open_time > last.open_time - hours * HOUR)).all()
        try:
            return Candles.from_rows((row.open_time, *(getattr(row, name) for name in PRICES)) for row in rows)
        except (InvalidInput, TypeError, ValueError) as error:
            raise ConfigurationError(
                "The candle store holds rows that are not candles.", "Move the file of CRYPTOSENSE_DATABASE_URL away."
            ) from error

    def close(self) -> None:
        """Give back the connections."""
        if self._engine is not None:
            self._engine.dispose()

    @contextmanager
    def _begin(self) -> "Iterator[Connection]":
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with self._open().begin() as connection:
                yield connection
        except (SQLAlchemyError, ImportError, OSError) as error:  # ImportError: the database's driver is not installed
            raise ConfigurationError(
                "The candle store cannot be opened, read or written.",
                "Check that CRYPTOSENSE_DATABASE_URL names a database that may be written, and that its disk has room.",
            ) from error

    def _open(self) -> "Engine":
        from sqlalchemy import create_engine, make_url
        from sqlalchemy.schema import CreateTable

        with self._opening:
            if self._engine is None:
                url = make_url(self._url)
                _make_directory(url)
                engine = create_engine(url)
                self._table = _candle_table()
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    if engine.dialect.name == "sqlite":  # let readers go on while another process writes
                        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
                    connection.execute(CreateTable(self._table, if_not_exists=True))
                self._engine = engine
            return self._engine


def _candle_table() -> "Table":
    from sqlalchemy import BigInteger, Column, Double, MetaData, String, Table

    return Table(
        "candles",
        MetaData(),
        Column("source", String(16), primary_key=True),
        Column("symbol", String(16), primary_key=True),
        Column("open_time", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
        *(Column(name, Double, nullable=False) for name in PRICES),
    )


def _upsert(dialect: str, table: "Table") -> Any:
    """The statement that inserts a row or, where its hour is kept already, replaces the prices."""
    from sqlalchemy.dialects import postgresql, sqlite

    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table)
    return statement.on_conflict_do_update(index_elements=KEY, set_={name: statement.excluded[name] for name in PRICES})


def _make_directory(url: "URL") -> None:
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
