"""As many parallel processes as memory, processors and a container's limits allow, and heavy tests together."""

import shutil
import subprocess
import sys
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


@pytest.mark.parametrize(("fails", "passed"), [(1, True), (2, False)])
def test_what_failed_is_tried_once_more_and_what_fails_twice_has_failed(fails, passed, tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "requirements-dev.lock", tmp_path)
    (tmp_path / "pytest.ini").touch()
    (tmp_path / "test_late.py").write_text(
        "def test_late():\n"
        "    with open('tries', 'a+') as tries:\n"
        "        tries.write('.')\n"
        "        tries.seek(0)\n"
        f"        assert len(tries.read()) > {fails}\n\n\n"
        "def test_other():\n    pass\n"
    )
    command = ["make", "test", "WORKERS=1", f"BIN={Path(sys.executable).parent}", "ARGS=-p no:langsmith_plugin"]
    done = subprocess.run([*command, "-o", ".venv/everything"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode == 0) == passed, done.stdout + done.stderr
    assert (tmp_path / "tries").read_text() == ".."
    assert "1 failed, 1 passed" in done.stdout and "once more" in done.stdout
