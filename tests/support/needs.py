"""What tests need of the machine: a program or a port.

Where it is missing the test says what, and how to get it, and skips. With CI=true it fails, so that green means run.
"""

import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import pytest

PACKAGES = {  # Debian's, by program
    "chromium": "chromium",
    "curl": "curl",
    "nginx": "nginx-light",
    "promtool": "prometheus",
    "redis-server": "redis-server",
    "sqlite3": "sqlite3",
    "strace": "strace",
}
POSTGRESQL = Path("/usr/lib/postgresql")  # where Debian's package keeps a folder a version, on no PATH


def require(name: str) -> Path:
    """Where the program of that name is; of "postgresql", the folder with the newest server's programs."""
    if name == "postgresql":
        versions = sorted(POSTGRESQL.glob("*/bin/initdb"), key=lambda path: float(path.parent.parent.name))
        return versions[-1].parent if versions else missing(name, "apt-get install postgresql")
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin")))
    return Path(found) if found else missing(name, f"apt-get install {PACKAGES[name]}")


def require_port(number: int, host: str = "127.0.0.1") -> int:
    """A port that a test cannot choose freely, when nobody else has it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            missing(f"port {number} of {host}", f"free it ({error.strerror})")
    return number


def missing(what: str, remedy: str) -> NoReturn:
    """Skip the test, or fail it where every test has to run."""
    __tracebackhide__ = True
    said = f"{what} is not there: {remedy}"
    if os.environ.get("CI", "").lower() in ("true", "1"):
        pytest.fail(f"{said} (CI is set, so that nothing is skipped)", pytrace=False)
    pytest.skip(said)
