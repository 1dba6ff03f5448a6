"""What bands had learned by a forecast, kept so that a restart need not read every outcome ever settled."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table, which is as append-only as the others."""
    op.create_table(
        "widths",
        sa.Column("symbol", sa.String(16), primary_key=True),
        sa.Column("source", sa.String(16), primary_key=True),
        sa.Column("model_sha256", sa.String(64), primary_key=True),
        sa.Column("as_of", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER widths_stand_{change.lower()} BEFORE {change} ON widths "
                "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER widths_stand BEFORE UPDATE OR DELETE OR TRUNCATE ON widths "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change()"
    )
