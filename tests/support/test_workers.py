"""As many parallel processes as memory, processors and a container's limits allow, and heavy tests together."""

from pathlib import Path

import pytest

from tests.support.workers import TOGETHER, group, workers
from tests.test_architecture import ROOT

FREE = "MemTotal: 64000000 kB\nMemFree: 100 kB\nMemAvailable: {} kB\n"


@pytest.mark.parametrize(
    ("cores", "gigabytes", "memory", "processors", "started"),
    [
        (8, 50, None, None, 8),
        (8, 50, "max", "max 100000", 8),
        (8, 13, "max", "max 100000", 4),
        (8, 50, str(7 << 30), "max 100000", 2),
        (64, 500, "max", "150000 100000", 2),
        (2, 1, "max", "max 100000", 1),
    ],
)
def test_no_more_processes_are_started_than_have_memory_and_a_processor(
    tmp_path: Path, cores: int, gigabytes: int, memory: str | None, processors: str | None, started: int
):
    (tmp_path / "meminfo").write_text(FREE.format(gigabytes << 20))
    for name, limit in (("memory.max", memory), ("cpu.max", processors)):
        if limit:
            (tmp_path / name).write_text(f"{limit}\n")
    assert workers(cores, tmp_path / "meminfo", tmp_path) == started


def test_where_the_system_tells_nothing_each_core_has_one(tmp_path: Path):
    assert workers(3, tmp_path / "none", tmp_path / "none") == 3


def test_files_stay_together_and_heavy_ones_with_their_like():
    assert group("tests/browser/widget/test_widget.py") == group("tests/browser/test_chat.py") == "browser"
    assert group("tests/api/test_server.py") == "tests/api/test_server.py"
    assert all((ROOT / beginning).exists() for beginning in TOGETHER)
