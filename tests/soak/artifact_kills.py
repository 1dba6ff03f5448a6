"""Kill -9 while an artifact is saved, 1,000 times: python -m pytest tests/soak/artifact_kills.py (minutes).

The name of this file keeps it out of the usual run, where test_artifact_faults.py is a short version.
"""

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.saving import save_artifact
from forecaster.settings import ROOT
from tests.support.artifacts.hostile import MODELS
from tests.support.conversations.refusals import refusal

KILLS = 1_000
FLIPS = 10_000


def test_1000_processes_killed_while_they_save_leave_an_artifact_each(tmp_path: Path):
    command = [sys.executable, "-m", "tests.support.artifacts.kills", "kills", str(tmp_path / "model"), str(KILLS)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(count > 0 for count in json.loads(done.stdout).values())


def test_10000_single_flipped_bytes_are_each_refused(tmp_path: Path):
    chance, shipped = random.Random(FLIPS), load_artifact(MODELS / "quantile")
    save_artifact(tmp_path / "sound", shipped.files, shipped.manifest)
    damaged = shutil.copytree(tmp_path / "sound", tmp_path / "model")
    names = sorted(path.name for path in damaged.iterdir())
    for number in range(FLIPS):
        path = damaged / names[number % len(names)]
        body = bytearray(whole := path.read_bytes())
        body[chance.randrange(len(body))] ^= chance.randrange(1, 256)
        path.write_bytes(body)
        assert refusal(damaged), path.name
        path.write_bytes(whole)
