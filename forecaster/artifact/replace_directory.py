"""Puts a directory in the place of another, so that whoever looks there finds the old one or the new one, whole.

Linux and macOS exchange two names in one step. Where the file system cannot, the old directory is moved aside first,
and for that moment stands at `aside(place)`: who finds nothing at `place` looks there.
"""

import ctypes
import os
import shutil
import sys
import time
from contextlib import suppress
from pathlib import Path

CALLS = {"linux": ("renameat2", -100), "darwin": ("renameatx_np", -2)}  # and what stands for the working directory
EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2); macOS calls it RENAME_SWAP, with the same number
ABANDONED = 24 * 3600  # seconds after which what a killed process left beside the place is removed


def put(new: Path, place: Path) -> None:
    """Move the directory `new` to `place`, its sibling, and remove what stood there. Raises OSError."""
    if not place.exists():
        new.rename(place)
    elif exchange(new, place):
        shutil.rmtree(new)
    else:
        move_aside(new, place)
    sync(place.parent)
    shutil.rmtree(aside(place), ignore_errors=True)  # there is a whole one at `place` now


def exchange(one: Path, other: Path) -> bool:
    """Exchange two directories in one step; False where system or file system cannot."""
    if sys.platform not in CALLS:
        return False
    name, here = CALLS[sys.platform]
    call = getattr(ctypes.CDLL(None), name, None)  # not every C library has it
    return call is not None and call(here, os.fsencode(one), here, os.fsencode(other), EXCHANGE) == 0


def move_aside(new: Path, place: Path) -> None:
    """The same as exchanging and removing, in steps: between two of them nothing is at `place`."""
    shutil.rmtree(aside(place), ignore_errors=True)
    place.rename(aside(place))
    new.rename(place)


def aside(place: Path) -> Path:
    """Where the directory of `place` is for a moment, or for good if the process ends in that moment."""
    return place.with_name(f".{place.name}.aside")


def sweep(place: Path) -> None:
    """Remove what killed processes left unfinished beside `place` more than a day ago."""
    for each in place.parent.iterdir():
        with suppress(FileNotFoundError):  # its owner was not killed, and is done
            if each.name.startswith(unfinished(place)) and time.time() - each.stat().st_mtime > ABANDONED:
                shutil.rmtree(each, ignore_errors=True)


def unfinished(place: Path) -> str:
    """How the names of directories begin that are not in place yet."""
    return f".{place.name}-"


def sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, would survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
