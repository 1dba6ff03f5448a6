"""How the ledger's tables came to be, one file a change, run by Alembic (forecaster/database/access.py).

To change a table: change forecaster/ledger/tables.py, add a file to versions/ that names the one before it as its
`down_revision`, and set HEAD to it. A test holds the three together.
"""

from pathlib import Path

HEAD = "0005"  # the newest revision
SCRIPTS = Path(__file__).resolve().parent
VERSION_TABLE = "cryptosense_version"  # a name of its own: other programs may migrate tables in the same database

__all__ = ["HEAD", "SCRIPTS", "VERSION_TABLE"]
