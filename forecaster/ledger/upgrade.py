"""Brings the ledger's tables up to date with Alembic, which a ledger that already is need not import."""

from typing import TYPE_CHECKING

from forecaster.database import alone
from forecaster.errors import ConfigurationError
from forecaster.ledger.migrations import HEAD, SCRIPTS, VERSION_TABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine


def migrate(engine: "Engine") -> None:
    """Bring the ledger's tables up to date. Raises ConfigurationError for those of a newer version of this project."""
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    with alone(engine) as connection:
        if _revision(connection) != HEAD:  # another process may have migrated meanwhile
            _upgrade(connection)


def _revision(connection: "Connection") -> str | None:
    from sqlalchemy import inspect

    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()


def _upgrade(connection: "Connection") -> None:
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        upgrade(config, "head")
    except CommandError as error:  # it does not know the revision
        raise ConfigurationError(
            "The ledger was written by another, newer version of CryptoSense.",
            "Update CryptoSense, or set CRYPTOSENSE_DATABASE_URL to another database.",
        ) from error
