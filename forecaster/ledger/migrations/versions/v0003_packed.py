"""Packed forecasts, closes in place of outcomes, and daily grades into which old forecasts are folded.

Nothing is rewritten, so that a ledger of years is migrated in seconds: what the rows from before hold is read as it is,
and graded by the day and folded as time goes on. An outcome was the close at its target beside what the forecast says;
of a symbol from a source there was one close for a time, which is all that is kept of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SAID = "'the ledger is append-only'"
MAY_GO = {  # when a row, which SQL calls OLD, may be deleted
    "forecasts": "EXISTS (SELECT 1 FROM grades WHERE symbol = OLD.symbol AND model_sha256 = OLD.model_sha256 "
    "AND day = OLD.as_of / 86400 AND source = OLD.source AND folded)",
    "closes": "NOT EXISTS (SELECT 1 FROM forecasts WHERE symbol = OLD.symbol AND source = OLD.source "
    "AND as_of >= OLD.time - 86400 AND as_of < OLD.time)",
    "widths": "EXISTS (SELECT 1 FROM widths AS newer WHERE newer.symbol = OLD.symbol AND newer.source = OLD.source "
    "AND newer.model_sha256 = OLD.model_sha256 AND newer.as_of > OLD.as_of)",
    "grades": "1 = 0",
}
MAY_CHANGE = {"forecasts": "1 = 0", "closes": "1 = 0", "widths": "1 = 0", "grades": "NOT OLD.folded"}


def upgrade() -> None:
    """Change the tables, and guard them."""
    op.add_column("forecasts", sa.Column("short", sa.SmallInteger, nullable=False, server_default="0"))
    op.add_column("forecasts", sa.Column("packed", sa.LargeBinary))
    op.create_table(
        "closes",
        sa.Column("symbol", sa.String(16), primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("time", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("close", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "grades",
        sa.Column("symbol", sa.String(16), primary_key=True),
        sa.Column("model_sha256", sa.String(64), primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("newest", sa.BigInteger, nullable=False),
        sa.Column("folded", sa.Boolean, nullable=False),
        sa.Column("sums", sa.LargeBinary, nullable=False),
        sa.Column("misses", sa.LargeBinary, nullable=False),
    )
    op.execute(
        "INSERT INTO closes SELECT f.symbol, f.source, o.target_time, min(o.actual) FROM outcomes AS o "
        "JOIN forecasts AS f ON f.id = o.forecast_id GROUP BY f.symbol, f.source, o.target_time"
    )
    op.drop_table("outcomes")
    op.drop_index("forecasts_of_model", "forecasts")
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _for_sqlite() if sqlite else _for_postgresql():
        op.execute(statement)


def _for_sqlite() -> list[str]:
    dropped = [
        f"DROP TRIGGER {table}_stand_{change}" for table in ("forecasts", "widths") for change in ("update", "delete")
    ]
    guards = [
        f"CREATE TRIGGER {table}_stand_{change.lower()} BEFORE {change} ON {table} WHEN NOT ({may[table]}) "
        f"BEGIN SELECT RAISE(ABORT, {SAID}); END"
        for change, may in (("UPDATE", MAY_CHANGE), ("DELETE", MAY_GO))
        for table in MAY_GO
    ]
    return dropped + guards


def _for_postgresql() -> list[str]:
    statements = [f"DROP TRIGGER {table}_stand ON {table}" for table in ("forecasts", "widths")]
    for table in MAY_GO:
        body = (
            f"BEGIN IF TG_OP = 'DELETE' THEN IF {MAY_GO[table]} THEN RETURN OLD; END IF; "
            f"ELSE IF {MAY_CHANGE[table]} THEN RETURN NEW; END IF; END IF; RAISE EXCEPTION {SAID}; END"
        )
        statements += [
            f"CREATE FUNCTION guard_ledger_{table}() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
            f"CREATE TRIGGER {table}_stand BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION guard_ledger_{table}()",
            f"CREATE TRIGGER {table}_stay BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()",
        ]
    return statements
