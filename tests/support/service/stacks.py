"""The four ways in which the service is served: uvicorn takes uvloop and httptools where they can be imported."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.service.processes import Process

# name -> what is hidden from the service
STACKS = {
    "httptools on uvloop": (),
    "h11 on uvloop": ("httptools",),
    "httptools on asyncio": ("uvloop",),
    "h11 on asyncio": ("httptools", "uvloop"),
}


@contextmanager
def served_by(stack: str) -> Iterator[None]:
    """While processes that are started find only what this stack has."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as surroundings:
        for name in STACKS[stack]:
            (Path(folder) / f"{name}.py").write_text("raise ImportError('hidden by a test')\n")
        surroundings.setenv("PYTHONPATH", folder)
        yield


def stack_of(process: Process) -> str:
    """By which it is served, as the libraries say that it has loaded."""
    loaded = Path(f"/proc/{process.pid}/maps").read_text()
    parser, loop = ("/httptools/" in loaded), ("/uvloop/" in loaded)
    return f"{'httptools' if parser else 'h11'} on {'uvloop' if loop else 'asyncio'}"
