"""Where candles, forecasts and feedback are kept unless settings name a database: in the user's data directory.

A container often runs as a user that the system does not know, or whose home cannot be written. Then they are kept in
a directory of that user's own under the temporary one, and the log says so.
"""

import logging
import os
import stat
import tempfile
from pathlib import Path
from threading import Lock

from platformdirs import user_data_path

from forecaster.errors import ConfigurationError

NAME = "cryptosense"

log = logging.getLogger(__name__)
_unsaid = Lock()  # held for good by who has told the log


def data_directory() -> Path:
    """The directory. It need not be there yet."""
    usual = _usual()
    return usual if usual is not None and may_write(usual) else _makeshift()


def checked(directory: Path) -> Path:
    """The same directory; the makeshift one is there then, and this user's alone. Raises ConfigurationError."""
    if directory != _makeshift():
        return directory
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise _unusable(directory, "cannot be made") from error
    if hasattr(os, "getuid"):  # where users share a temporary directory, another may have come first
        shared = stat.S_IMODE(found.st_mode) & 0o022
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or shared:
            raise _unusable(directory, "is not this user's alone")
    if _unsaid.acquire(blocking=False):
        log.warning(
            "There is no home directory that may be written: candles, forecasts and feedback are kept in %s, and lost "
            "when that is emptied. Set CRYPTOSENSE_DATABASE_URL to keep them.",
            directory,
        )
    return directory


def may_write(directory: Path) -> bool:
    """Whether a file could be made there, and the directory before it."""
    there = next(each for each in (directory, *directory.parents) if os.path.exists(each))  # Path.exists may raise
    return os.path.isdir(there) and os.access(there, os.W_OK | os.X_OK)


def _usual() -> Path | None:
    try:
        return user_data_path(NAME)
    except RuntimeError:  # no HOME, and nobody whose home the system knows
        return None


def _makeshift() -> Path:
    try:
        temporary = Path(tempfile.gettempdir())
    except FileNotFoundError:  # nothing can be written anywhere: who opens a database there says so
        temporary = Path(os.sep)
    return temporary / (f"{NAME}-{os.getuid()}" if hasattr(os, "getuid") else NAME)


def _unusable(directory: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"There is no home directory that may be written, and {directory} {why}.",
        "Set CRYPTOSENSE_DATABASE_URL to sqlite:///FILE or postgresql://USER@HOST/NAME.",
    )
