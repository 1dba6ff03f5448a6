"""Servers in processes of their own, on ports of this machine alone, and always stopped again."""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.client import Connection

ROOT = Path(__file__).resolve().parent.parent
REST, GROWN = 5.0, 1.0  # seconds for which memory that grows by less MB is at rest


def environment(folder: str) -> dict[str, str]:
    """The surroundings of every process measured: simulated candles, a database of its own, nobody is refused."""
    ours = {
        "CRYPTOSENSE_SOURCE": "demo",
        "CRYPTOSENSE_DATABASE_URL": f"sqlite:///{folder}/bench.db",
        "CRYPTOSENSE_RATE_LIMIT": "off",
    }
    return {**os.environ, **ours, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}


class Server(NamedTuple):
    """A process that listens."""

    port: int
    pid: int
    log: Path  # what it wrote to stderr


@contextmanager
def running(*command: str) -> Iterator[int]:
    """A Python process that prints where it listens (``... http://host:port ...``); gives the port."""
    with server(*command) as started:
        yield started.port


@contextmanager
def server(*command: str, **settings: str) -> Iterator[Server]:
    """The same with more of the environment, and told more of."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(folder) | settings,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        log = Path(stderr.name)
        try:
            yield Server(_port(process, log), process.pid, log)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(process: "subprocess.Popen[str]", log: Path) -> int:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://[^/\s]*:(\d+)", line):
            return int(found[1])
    code = process.wait()
    raise RuntimeError(f"{process.args!r} ended with code {code} before it listened:\n{log.read_text()}")


def wait_until(port: int, path: str) -> None:
    """Return once `path` answers 200; asks every 10 ms."""
    with Connection(port) as connection:
        connection.until_ok(path)


def memory(pid: int) -> float:
    """The most that a process has held so far, in MB."""
    (kilobytes,) = re.findall(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(kilobytes) / 1000


def rested(pid: int) -> float:
    """The same once it no longer grows: some parts are loaded after a service is ready, whatever it is asked."""
    most = 0.0
    while (held := memory(pid)) > most + GROWN:
        most = held
        time.sleep(REST)
    return held
