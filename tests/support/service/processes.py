"""app.py in a process of its own: started on a free port, waited for, stopped by a signal."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from forecaster.settings import ROOT

PATIENCE = 120  # seconds: far more than any start takes, even on a busy machine
EXPECTED = (
    " composition: At start ",  # whether an exchange answered
    " forecaster.database.health: ",  # a busy machine's disk takes longer than a transaction may
    " tools.tool",  # why one had no answer
)
Process = subprocess.Popen[str]
Running = tuple[Process, str]


@contextmanager
def started(
    *arguments: str, environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Running]:
    """The process, and the address that it prints. What it says on stderr goes to `log`, or else to `stopped`.

    A process that lives for long needs a log: it would stop where nobody reads what it says.
    """
    command = [sys.executable, str(ROOT / "app.py"), *arguments, "--port", "0"]
    with run_by(command, env=os.environ | dict(environment or {}), log=log) as running:
        yield running


@contextmanager
def run_by(
    command: list[str], cwd: Path | None = None, env: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Running]:
    """The same of any command that starts it."""
    with ExitStack() as stack:
        said = stack.enter_context(log.open("w")) if log else subprocess.PIPE
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, cwd=cwd, env=env)
        try:
            yield process, address_of(process, log)
        finally:
            process.kill()
            process.communicate()


def address_of(process: Process, log: Path | None = None) -> str:
    """What a server prints as soon as it listens."""
    assert process.stdout is not None
    address = re.search(r"http://[^ /]+:\d+", process.stdout.readline())
    assert address, log.read_text() if log else process.communicate()[1]
    return address[0]


def until_ready(address: str) -> None:
    """Return when everything that the server consists of is ready."""
    end = time.monotonic() + PATIENCE
    while (answer := httpx.get(f"{address}/readyz", timeout=PATIENCE)).status_code != 200:
        assert time.monotonic() < end, answer.text
        assert "failed" not in answer.text
        time.sleep(0.1)


def unexpected(err: str) -> list[str]:
    """Lines of stderr that no server should write."""
    return [line for line in err.splitlines() if not any(each in line for each in EXPECTED)]


def stopped(process: Process, by: signal.Signals) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that gets a signal."""
    process.send_signal(by)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err
