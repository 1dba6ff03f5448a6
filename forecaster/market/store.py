"""The candles that exchanges once gave, in a database (SQLite unless DATABASE_URL says PostgreSQL).

One row an hour, exchange and symbol; a later answer about the same hour replaces the earlier one. The calls
block, and the first one imports SQLAlchemy (half a second): run them in a thread where that matters.
"""

from typing import TYPE_CHECKING, Any

from forecaster.database import Database, Health, Proof, alone
from forecaster.errors import ConfigurationError, InvalidInput
from forecaster.market.candles import Candles
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

KEY = ("source", "symbol", "open_time")
AT_ONCE = 1000  # rows of one transaction: years of history take longer than one may
PRICES = ("open", "high", "low", "close", "volume")


class CandleStore:
    """Closed candles by exchange and symbol. Every method may raise ConfigurationError."""

    def __init__(self, url: str, health: Health | None = None) -> None:
        """See Database for `health`."""
        self._database = Database(url, "candle store", self._make_table, health)
        self.health = self._database.health
        self._table: Table

    def save(self, source: str, symbol: str, candles: Candles) -> None:
        """Keep candles, replacing what was kept about the same hours."""
        if len(candles) == 0:
            return
        rows = [
            dict(zip((*KEY, *PRICES), (source, symbol, int(time), *prices), strict=True))
            for time, *prices in candles.rows()
        ]
        for part in (rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)):
            with self._database.begin(Proof.WRITTEN) as connection:
                connection.execute(_upsert(connection.dialect.name, self._table), part)

    def newest(self, source: str, symbol: str, hours: int) -> Candles:
        """The candles of the last `hours` hours up to the newest one kept; empty if there is none."""
        with self._database.begin() as connection:
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
        self._database.close()

    def _make_table(self, engine: "Engine") -> None:
        from sqlalchemy import inspect
        from sqlalchemy.schema import CreateTable

        self._table = _candle_table()
        if not inspect(engine).has_table(self._table.name):  # else who only reads would wait for who writes
            with alone(engine) as connection:
                connection.execute(CreateTable(self._table, if_not_exists=True))


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
