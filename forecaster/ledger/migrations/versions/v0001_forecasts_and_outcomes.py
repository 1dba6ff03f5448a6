"""Forecasts and their outcomes, which the database itself refuses to change or delete."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None  # and no way back, which would delete rows

TABLES = ("forecasts", "outcomes")


def upgrade() -> None:
    """Create both tables and what guards them."""
    op.create_table(
        "forecasts",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("symbol", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("input", sa.String(16), nullable=False),
        sa.Column("model_name", sa.Text, nullable=False),
        sa.Column("model_version", sa.Text, nullable=False),
        sa.Column("model_sha256", sa.String(64), nullable=False),
        sa.Column("as_of", sa.BigInteger, nullable=False),
        sa.Column("issued_at", sa.BigInteger, nullable=False),
        sa.Column("last_close", sa.Double, nullable=False),
        sa.Column("horizons", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("forecasts_newest", "forecasts", ["as_of", "id"])
    op.create_index("forecasts_of_symbol", "forecasts", ["symbol", "as_of", "id"])
    op.create_index("forecasts_of_source", "forecasts", ["symbol", "source", "as_of", "model_sha256"], unique=True)
    op.create_index("forecasts_of_model", "forecasts", ["symbol", "model_sha256", "as_of", "id"])
    op.create_table(
        "outcomes",
        sa.Column("forecast_id", sa.String(64), sa.ForeignKey("forecasts.id"), primary_key=True),
        sa.Column("hours", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("target_time", sa.BigInteger, nullable=False),
        sa.Column("actual", sa.Double, nullable=False),
        sa.Column("median", sa.Double, nullable=False),
        sa.Column("inside_50", sa.Boolean, nullable=False),
        sa.Column("inside_80", sa.Boolean, nullable=False),
        sa.Column("inside_95", sa.Boolean, nullable=False),
        sa.Column("pit", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    for statement in _guards(op.get_bind().dialect.name):
        op.execute(statement)


def _guards(dialect: str) -> list[str]:
    """Triggers that refuse every statement but SELECT and INSERT."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {table}_stand_{change.lower()} BEFORE {change} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            for table in TABLES
            for change in ("UPDATE", "DELETE")
        ]
    refuse = "BEGIN RAISE EXCEPTION 'the ledger is append-only'; END"
    return [
        f"CREATE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $${refuse}$$",
        *(
            f"CREATE TRIGGER {table}_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
            for table in TABLES
        ),
    ]
