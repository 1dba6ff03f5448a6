"""The ledger's tables. Times are Unix seconds, days whole days since 1970, prices in the quote currency.

Those of alerts lie in the same database, and are migrated with them: forecaster/alerts/ reads and writes these.
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
alerts = Table(  # what somebody wants to be told
    "alerts",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(40), nullable=False),  # the name of who holds the API key
    Column("symbol", String(16), nullable=False),
    Column("wanted", Text, nullable=False),  # forecaster/alerts/alerts.py: Wanted, as JSON
    Column("secret", String(64), nullable=False),  # of signatures, which need it as it is; empty without a webhook
    Column("token", String(64), nullable=False),  # SHA-256 of the one for the stream; empty with a webhook
    Column("paused", Boolean, nullable=False),
    Column("created", Double, nullable=False),
    Column("standing", Text, nullable=False),  # Standing, as JSON
    Column("version", Integer, nullable=False),  # of the standing: who changes it names the one it read
    Index("alerts_of_owner", "owner", "id"),
    Index("alerts_of_token", "token"),
)
deliveries = Table(  # what is to be told, in order for each alert
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("alert_id", String(32), nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("receiver", String(255), nullable=False),  # HOST:PORT; empty for what is told on the stream
    Column("body", Text, nullable=False),
    Column("created", Double, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due", Double, nullable=False),  # of the next try
    Column("leased_until", Double, nullable=False),  # while a process tries; 0 otherwise
    Column("leased_by", String(32), nullable=False),
    Index("deliveries_of_alert", "alert_id", "sequence", unique=True),
    Index("deliveries_newest", "receiver", "created"),
)
