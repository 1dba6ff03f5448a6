"""How parallel processes share the tests: as many as memory holds, and what needs much of it all in one of them.

A file's tests stay together, since they share fixtures. Chromium with the product it visits, and TensorFlow, take a
gigabyte each: all tests of the one go to one process, and all of the other to one.
"""

import math
import os
import sys
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = {  # by the beginning of their paths
    "tests/browser/": "browser",
    "tests/forecaster/inference/test_next_close.py": "tensorflow",
    "tests/forecaster/networks/": "tensorflow",
    "tests/forecaster/training/": "tensorflow",
}
MEMORY = 3 << 30  # bytes a process takes at most, with the servers and browsers that it starts


def group(path: str) -> str:
    """What a file's tests are run together with: those of a group, or only each other."""
    return next((name for beginning, name in TOGETHER.items() if path.startswith(beginning)), path)


class Groups(LoadScopeScheduling):
    """Gives each group to one process."""

    def _split_scope(self, nodeid: str) -> str:  # what pytest-xdist's own schedulers differ in
        return group(nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Groups in place of files, where `--dist loadfile` is asked for."""
    return Groups(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_xdist_auto_num_workers() -> int:
    """What `pytest -n auto` starts."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return workers(cores, Path("/proc/meminfo"), Path("/sys/fs/cgroup"))


def workers(cores: int, meminfo: Path, cgroup: Path) -> int:
    """One for each core, as far as memory and the limits of a container (cgroup v2) go. At least one."""
    found = [int(share) // MEMORY for share in read(cgroup / "memory.max")]
    if limit := read(cgroup / "cpu.max"):  # microseconds of processor time, and of the period they are for
        found.append(math.ceil(int(limit[0]) / int(limit[1])))
    words = read(meminfo)
    if "MemAvailable:" in words:  # in kB, as Linux estimates
        found.append(int(words[words.index("MemAvailable:") + 1]) * 1024 // MEMORY)
    return max(1, min([cores, *found]))


def read(path: Path) -> list[str]:
    """The words of a file of the system, none where it does not exist or sets no limit."""
    words = path.read_text().split() if path.exists() else []
    return [] if "max" in words else words
