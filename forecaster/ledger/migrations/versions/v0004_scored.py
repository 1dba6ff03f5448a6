"""The CRPS of each day beside its other sums, days found by date, an index less; short because that is all.

Nothing is rewritten: grades from before say nothing of the CRPS. A symbol's newest forecasts are found by the index of
symbol and source, so that the one of symbols alone, 50 bytes a forecast, is not needed any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Change the tables."""
    op.add_column("grades", sa.Column("crps", sa.LargeBinary))
    op.create_index("grades_of_day", "grades", ["symbol", "day", "model_sha256", "source"])
    op.drop_index("forecasts_of_symbol", "forecasts")
