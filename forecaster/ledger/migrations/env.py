"""What Alembic runs to migrate; short because its connection comes from upgrade.py, not from a file of settings."""

from alembic import context

from forecaster.ledger.migrations import VERSION_TABLE
from forecaster.ledger.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
with context.begin_transaction():
    context.run_migrations()
