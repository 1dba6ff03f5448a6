"""The ledger's tables. Times are Unix seconds, days whole days since 1970, prices in the quote currency.

migrations/ creates them, with what refuses to change or delete their rows.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
)

metadata = MetaData()
forecasts = Table(
    "forecasts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("symbol", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("input", String(16), nullable=False),  # an InputKind
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("issued_at", BigInteger, nullable=False),  # by the source's clock
    Column("last_close", Double, nullable=False),
    Column("horizons", SmallInteger, nullable=False),  # how many: the first `short` of MINUTES, then hours from 1 on
    Column("body", Text, nullable=False),  # the wire Forecast as JSON, of rows from before 0003; empty since
    Column("short", SmallInteger, nullable=False, server_default="0"),
    Column("packed", LargeBinary),  # forecaster/ledger/packing.py; none in rows from before 0003
    Index("forecasts_newest", "as_of", "id"),
    Index("forecasts_of_source", "symbol", "source", "as_of", "model_sha256", unique=True),
)
closes = Table(  # what forecasts of a symbol from a source are graded by: the first that it gave for a time
    "closes",
    metadata,
    Column("symbol", String(16), primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("time", BigInteger, primary_key=True, autoincrement=False),
    Column("close", Double, nullable=False),
    sqlite_with_rowid=False,
)
grades = Table(  # what became of the forecasts with an as_of on a day; no more changed once these are deleted
    "grades",
    metadata,
    Column("symbol", String(16), primary_key=True),
    Column("model_sha256", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("source", String(16), primary_key=True),
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("newest", BigInteger, nullable=False),  # as_of
    Column("folded", Boolean, nullable=False),
    Column("sums", LargeBinary, nullable=False),  # of forecaster/ledger/grades.py
    Column("misses", LargeBinary, nullable=False),
    Column("crps", LargeBinary),  # of forecaster/ledger/grades.py too; none in rows from before 0004
    Index("grades_of_day", "symbol", "day", "model_sha256", "source"),
)
widths = Table(
    "widths",
    metadata,
    Column("symbol", String(16), primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("model_sha256", String(64), primary_key=True),
    Column("as_of", BigInteger, primary_key=True, autoincrement=False),  # of the newest forecast that taught them
    Column("body", Text, nullable=False),  # by InputKind, as JSON
)
