"""Ends processes while they save an artifact, or reads while they do.

    python -m tests.support.artifacts.kills WHAT DIRECTORY TIMES

A process of its own, because it forks: a fork of a test run would take its threads' locks along.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path

from forecaster.artifact import replace_directory as placing
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.saving import save_artifact
from forecaster.settings import ROOT

SHIPPED = load_artifact(ROOT / "models" / "classic")
LONGEST = 0.15  # seconds until a kill: more than one save takes


def save(directory: Path, version: int) -> None:
    save_artifact(directory, SHIPPED.files, SHIPPED.manifest.model_copy(update={"version": str(version)}))


def saver(directory: Path, first: int) -> tuple[int, int]:
    """A process that saves one version after the other, and the end of a pipe that tells which are saved."""
    told, tell = os.pipe()
    process = os.fork()
    if process:
        os.close(tell)
        return process, told
    for version in count(first):
        save(directory, version)
        os.write(tell, f"{version}\n".encode())
    os._exit(1)


def kill(process: int, told: int) -> int:
    """End a saver; the newest version that it said is saved, or 0."""
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    with open(told) as pipe:
        return max(map(int, pipe), default=0)


def kills(directory: Path, times: int) -> Counter[str]:
    """What was found after each kill. Fails where there is no artifact, or an older one than was promised."""
    chance, found = random.Random(times), Counter[str]()
    save(directory, here := 1)
    for _ in range(times):
        process, told = saver(directory, here + 1)
        time.sleep(chance.uniform(0, LONGEST))
        promised = max(kill(process, told), here)
        here = int(load_artifact(directory).manifest.version)
        assert here in (promised, promised + 1), (here, promised)
        found["new one in place, not told yet"] += here > promised
        left = [each for each in directory.parent.iterdir() if each.name.startswith(placing.unfinished(directory))]
        found["broken off in the midst"] += bool(left)
        for each in left:
            shutil.rmtree(each)
    assert [each.name for each in directory.parent.iterdir()] == [directory.name]
    return found


def reads(directory: Path, times: int) -> Counter[str]:
    """Which versions were read while they were being replaced."""
    save(directory, 1)
    process, told = saver(directory, 2)
    try:
        return Counter(load_artifact(directory).manifest.version for _ in range(times))
    finally:
        kill(process, told)


if __name__ == "__main__":
    what = {"kills": kills, "reads": reads}[sys.argv[1]]
    sys.stdout.write(json.dumps(what(Path(sys.argv[2]), int(sys.argv[3]))))
