"""A PostgreSQL server of the tests' own, from Debian's package, with its files and its socket in a temporary folder.

It refuses to run as root: root starts it as the package's user.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from tests.support.needs import require

SETTINGS = (
    "-c",
    "listen_addresses=",
    "-c",
    "timezone=Asia/Kathmandu",
    "-c",
    "max_connections=60",
)  # no UTC, on purpose
UNHURRIED = 60.0  # seconds for a transaction of a test that asks what is kept: others may use the processor meanwhile


class Server:
    """A running server; a superuser called test may do everything over its socket."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._user = _user()
        self._numbers = count(1)
        self._run("initdb", "--username=test", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.start()

    def start(self) -> None:
        options = " ".join((*SETTINGS, "-k", str(self._folder)))
        self._run("pg_ctl", "start", "--wait", "--silent", f"--log={self._folder / 'log'}", f"--options={options}")

    def kill(self) -> None:
        """End the server at once, without a last write to its files; `start` then has to recover."""
        self._run("pg_ctl", "stop", "--mode=immediate", "--silent")

    def freeze(self) -> None:
        """Stop all its processes where they are: the system goes on taking what is sent to them."""
        os.kill(self._first(), signal.SIGSTOP)  # so that it starts no others meanwhile
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)
        os.kill(self._first(), signal.SIGCONT)

    def _first(self) -> int:
        """The process that started the others."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def _signal(self, what: signal.Signals) -> None:
        for pid, parent in _parents():
            if parent == self._first():
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(pid, what)

    def new_database(self) -> str:
        """The URL of what is as good as an empty database: a schema of its own, which costs no files."""
        name = f"test{next(self._numbers)}"
        over = ("--username=test", f"--host={self._folder}", "--dbname=postgres", "--quiet")
        self._run("psql", *over, f"--command=CREATE SCHEMA {name}", data=False)
        return f"postgresql://test@/postgres?host={self._folder}&options=-csearch_path%3D{name}"

    def _run(self, program: str, *arguments: str, data: bool = True) -> None:
        where = (f"--pgdata={self._folder / 'data'}",) if data else ()
        done = subprocess.run(
            [self._binaries / program, *where, *arguments],
            user=self._user,
            cwd=self._folder,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,  # which the server would keep open
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, f"{program}: {done.stdout or self._log()}"

    def _log(self) -> str:
        log = self._folder / "log"
        return log.read_text()[-2000:] if log.exists() else ""


@contextmanager
def postgres() -> Iterator[Server]:
    """A server, gone at the end."""
    binaries = require("postgresql")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has 107 characters at most
    user = _user()
    if user is not None:
        shutil.chown(folder, user)
    try:
        server = Server(binaries, folder)
        try:
            yield server
        finally:
            server.thaw()
            server.kill()
    finally:
        shutil.rmtree(folder)


def _parents() -> Iterator[tuple[int, int]]:
    """Every process and its parent."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            after_name = stat.read_text().rpartition(")")[2].split()
            yield int(stat.parent.name), int(after_name[1])


def _user() -> str | None:
    """Who runs the server: this user, or where that is root the package's."""
    if os.geteuid() != 0:
        return None
    names = {each.pw_name for each in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
