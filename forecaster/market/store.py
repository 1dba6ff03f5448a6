"""The candles that exchanges once gave, in a database (SQLite unless DATABASE_URL says PostgreSQL).

One row an exchange, symbol, step and opening; a later answer about the same replaces the earlier one. The calls
block, and the first one imports SQLAlchemy (half a second): run them in a thread where that matters.
Tables from before candles had a step are brought up to date when they are opened: their rows are hours.
"""

from typing import TYPE_CHECKING, Any

from forecaster.database import ANSWER, Database, Health, Proof, alone
from forecaster.errors import ConfigurationError, InvalidInput
from forecaster.market.candles import Candles
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

TABLE = "candles"
KEY = ("source", "symbol", "step", "open_time")
READ_AT_ONCE = 20_000  # rows: more would take longer than a transaction may
AT_ONCE = 1000  # rows of one transaction: years of history take longer than one may
PRICES = ("open", "high", "low", "close", "volume")


class CandleStore:
    """Closed candles by exchange, symbol and step. Every method may raise ConfigurationError."""

    def __init__(self, url: str, health: Health | None = None, answer: float = ANSWER) -> None:
        """See Database for `health` and `answer`."""
        self._database = Database(url, "candle store", self._make_table, health, answer)
        self.health, self.answer = self._database.health, answer
        self._table: Table

    def save(self, source: str, symbol: str, candles: Candles) -> None:
        """Keep candles, replacing what was kept about the same times."""
        if len(candles) == 0:
            return
        rows = [
            dict(zip((*KEY, *PRICES), (source, symbol, candles.step, int(time), *prices), strict=True))
            for time, *prices in candles.rows()
        ]
        for part in (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)):
            with self._database.begin(Proof.WRITTEN) as connection:
                connection.execute(_upsert(connection.dialect.name, self._table), part)

    def newest(self, source: str, symbol: str, count: int, step: int = HOUR) -> Candles:
        """The candles of the last `count` steps up to the newest one kept; empty if there is none."""
        from sqlalchemy import func, select

        with self._database.begin() as connection:
            mine = self._mine(source, symbol, step)
            last = connection.execute(select(func.max(self._table.c.open_time)).where(*mine)).scalar()
            if last is None:
                return Candles.from_rows([], step)
            return self._read(connection, step, *mine, self._table.c.open_time > last - count * step)

    def since(self, source: str, symbol: str, start: int, step: int = HOUR) -> Candles:
        """The first 20,000 candles kept that open at `start` (Unix s) or later."""
        with self._database.begin() as connection:
            mine = self._mine(source, symbol, step)
            return self._read(connection, step, *mine, self._table.c.open_time >= start, most=READ_AT_ONCE)

    def _mine(self, source: str, symbol: str, step: int) -> tuple[Any, ...]:
        columns = self._table.c
        return columns.source == source, columns.symbol == symbol, columns.step == step

    def _read(self, connection: "Connection", step: int, *where: Any, most: int | None = None) -> Candles:
        from sqlalchemy import select

        columns = self._table.c
        wanted = select(columns.open_time, *(columns[name] for name in PRICES)).where(*where)
        rows = connection.execute(wanted.order_by(columns.open_time).limit(most)).all()
        try:
            return Candles.from_rows((tuple(row) for row in rows), step)
        except (InvalidInput, TypeError, ValueError) as error:
            raise ConfigurationError(
                "The candle store holds rows that are not candles.", "Move the file of CRYPTOSENSE_DATABASE_URL away."
            ) from error

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def _make_table(self, engine: "Engine") -> None:
        from sqlalchemy import inspect
        from sqlalchemy.schema import CreateTable

        self._table = _candle_table()
        if _up_to_date(engine):  # else who only reads would wait for who writes
            return
        with alone(engine) as connection:
            if not inspect(connection).has_table(self._table.name):
                connection.execute(CreateTable(self._table))
            elif not _up_to_date(connection):  # another process may have been first
                _upgrade(connection, self._table)


def _up_to_date(bind: "Engine | Connection") -> bool:
    from sqlalchemy import inspect

    tables = inspect(bind)
    return tables.has_table(TABLE) and any(column["name"] == "step" for column in tables.get_columns(TABLE))


def _upgrade(connection: "Connection", table: "Table") -> None:
    """Give the rows of a table from before candles had a step theirs: they are hours."""
    from sqlalchemy.schema import CreateTable

    before = f"{TABLE}_before_steps"
    connection.exec_driver_sql(f"ALTER TABLE {TABLE} RENAME TO {before}")
    connection.execute(CreateTable(table))
    columns = f"source, symbol, open_time, {', '.join(PRICES)}"
    connection.exec_driver_sql(f"INSERT INTO {TABLE} ({columns}, step) SELECT {columns}, {HOUR} FROM {before}")
    connection.exec_driver_sql(f"DROP TABLE {before}")


def _candle_table() -> "Table":
    from sqlalchemy import BigInteger, Column, Double, Integer, MetaData, String, Table

    return Table(
        TABLE,
        MetaData(),
        Column("source", String(16), primary_key=True),
        Column("symbol", String(16), primary_key=True),
        Column("step", Integer, primary_key=True, autoincrement=False),  # seconds
        Column("open_time", BigInteger, primary_key=True, autoincrement=False),  # Unix seconds
        *(Column(name, Double, nullable=False) for name in PRICES),
    )


def _upsert(dialect: str, table: "Table") -> Any:
    """The statement that inserts a row or, where its time is kept already, replaces the prices."""
    from sqlalchemy.dialects import postgresql, sqlite

    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(table)
    return statement.on_conflict_do_update(index_elements=KEY, set_={name: statement.excluded[name] for name in PRICES})
