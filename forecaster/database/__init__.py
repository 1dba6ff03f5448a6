"""A database at a URL, SQLite or PostgreSQL: bounded in time, and watched; and what replicas share in a Valkey."""

from forecaster.database.access import ANSWER, Database, alone
from forecaster.database.faults import SILENT, UNWRITTEN
from forecaster.database.health import Health, Proof
from forecaster.database.leader import Leader
from forecaster.database.threads import WITHIN, DatabaseThreads
from forecaster.database.valkey import valkey_pool

__all__ = [
    "ANSWER",
    "SILENT",
    "UNWRITTEN",
    "WITHIN",
    "Database",
    "DatabaseThreads",
    "Health",
    "Leader",
    "Proof",
    "alone",
    "valkey_pool",
]
