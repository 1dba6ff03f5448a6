"""A command and all its children under strace: where they connect to, whom they look up, and which files they make.

It starts with an empty home, an empty temporary folder and none of our settings but those that a test gives.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from forecaster.settings import ROOT
from tests.support.service.processes import PATIENCE, Process

APP = str(ROOT / "app.py")
STRACE = shutil.which("strace")
NETWORK = ("connect", "sendto", "sendmsg", "sendmmsg")
# system call -> which of its strings is the path that it makes
MAKES = {"open": 0, "openat": 0, "creat": 0, "mkdir": 0, "mkdirat": 0, "mknod": 0, "mknodat": 0, "rename": 1,
         "renameat": 1, "renameat2": 1, "link": 1, "linkat": 1, "symlink": 1, "symlinkat": 1}  # fmt: skip
WATCHED = (*NETWORK, *MAKES)
KEPT = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")  # of the developer's environment
SPECIAL = ("/dev/", "/proc/")  # no files

INTERNET = re.compile(r"htons\((\d+)\).*?(?:inet_addr\(|AF_INET6, )\"([^\"]+)\"")
LOCAL = re.compile(r'sa_family=AF_UNIX, sun_path=@?"([^"]*)"')
STRINGS = re.compile(r'"((?:[^"\\]|\\.)*)"')
FOLDERS = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>, \"")


class Watched:
    """What one command did, once it has ended."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.temporary = folder / "tmp"
        self.work = folder / "work"
        self._traces = folder / "traces"
        for each in (self.home, self.temporary, self.work, self._traces):
            each.mkdir(parents=True)

    @property
    def data(self) -> Path:
        """The data directory, where alone files may be."""
        return self.home / ".local" / "share" / "cryptosense"

    @contextmanager
    def running(self, *arguments: str, **settings: str) -> Iterator[Process]:
        """Python with these arguments; give it the time to end."""
        if STRACE is None:
            missing = "strace is not installed: apt-get install strace"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        # -D: the process started is the command itself, so that signals and its exit code are its own
        strace = (STRACE, "-D", "-f", "-ff", "-y", "-q", "--seccomp-bpf", "-s", "4096", "-e", "signal=none")
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [*strace, "-e", f"trace={','.join(WATCHED)}", "-o", str(self._traces / "of"), sys.executable, *arguments],
            cwd=self.work, env=self._surroundings(settings), stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        )  # fmt: skip
        try:
            yield process
            assert process.wait(PATIENCE) == 0
        finally:
            process.kill()
            process.communicate()
        self._until_written()

    def ran(self, *arguments: str, **settings: str) -> str:
        """The same, to its end: what it wrote to stdout."""
        with self.running(*arguments, **settings) as process:
            out, err = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, err
        return out

    def _surroundings(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Among what it lacks is CI=true, which some libraries take as a reason to be quiet."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ours = {"HOME": str(self.home), "TMPDIR": str(self.temporary), "PYTHONDONTWRITEBYTECODE": "1"}
        return kept | ours | settings

    def _until_written(self) -> None:
        """Return when strace has written the end of each process: it may do so after the process itself is gone."""
        end = time.monotonic() + PATIENCE
        while not all(_ended(each) for each in self._traces.iterdir()):
            assert time.monotonic() < end
            time.sleep(0.05)

    def _lines(self) -> Iterator[str]:
        for trace in sorted(self._traces.iterdir()):
            yield from trace.read_text(errors="replace").splitlines()

    def peers(self) -> set[str]:
        """Whom it connected or sent to: host:port, or the path of a socket of this machine."""
        found = set()
        for line in self._lines():
            if line.startswith(NETWORK):
                found |= {f"{host}:{port}" for port, host in INTERNET.findall(line)}
                found |= set(LOCAL.findall(line))
        return found

    def made(self) -> set[Path]:
        """The files, folders and links that it made or opened to write."""
        return {path for line in self._lines() if (path := self._made(line)) and not str(path).startswith(SPECIAL)}

    def _made(self, line: str) -> Path | None:
        call, _, rest = line.partition("(")
        failed = re.search(r"\) += -1 ", line)
        reads = call.startswith("open") and not re.search(r"O_(WRONLY|RDWR|CREAT)", line)
        if call not in MAKES or failed or reads:
            return None
        path = STRINGS.findall(rest)[MAKES[call]]
        folders = FOLDERS.findall(rest)
        return Path(os.path.normpath(self.work / Path(*folders[-1:], path)))

    def strays(self, made: Path | None = None) -> set[Path]:
        """Files outside the data directory and `made`, and those left behind in the temporary folder."""
        places = [place for place in (self.data, self.temporary, made) if place]
        parents = {parent for place in places for parent in place.parents}
        outside = {path for path in self.made() - parents if not any(path.is_relative_to(place) for place in places)}
        return outside | set(self.temporary.rglob("*"))


def _ended(trace: Path) -> bool:
    lines = trace.read_text(errors="replace").splitlines()
    return bool(lines) and lines[-1].startswith("+++ ")
