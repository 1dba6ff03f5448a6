"""Artifacts that were broken off, damaged or made to do harm: nothing in them is ever run or deserialized."""

import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from forecaster.artifact import replace_directory as placing
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.saving import save_artifact
from forecaster.errors import ArtifactError
from forecaster.settings import ROOT
from tests.support.artifacts.hostile import HOSTILE, MODELS, make, sign
from tests.support.conversations.refusals import refusal

KILLS = 40  # of processes that save; tests/soak/artifact_kills.py has more
FLIPS = 200  # of single bytes


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped quantile model, saved anew, so that its manifest has a seal."""
    directory = tmp_path_factory.mktemp("sound") / "model"
    shipped = load_artifact(MODELS / "quantile")
    save_artifact(directory, shipped.files, shipped.manifest)
    return directory


def ended(what: str, directory: Path, times: int) -> dict[str, int]:
    """What tests/support/artifacts/kills.py found."""
    command = [sys.executable, "-m", "tests.support.artifacts.kills", what, str(directory), str(times)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_process_killed_while_it_saves_leaves_the_old_artifact_or_the_new_one(tmp_path):
    found = ended("kills", tmp_path / "model", KILLS)
    assert found["broken off in the midst"] > 0


def test_who_reads_while_artifacts_are_replaced_always_finds_one(tmp_path):
    assert len(ended("reads", tmp_path / "model", 200)) > 1


def test_an_artifact_moved_aside_by_a_process_that_was_killed_is_found(sound, tmp_path):
    place = shutil.copytree(sound, tmp_path / "model")
    place.rename(placing.aside(place))
    found = load_artifact(place)
    assert found == load_artifact(sound)
    save_artifact(place, found.files, found.manifest.model_copy(update={"version": "2.0"}))
    assert load_artifact(place).manifest.version == "2.0"
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_where_directories_cannot_be_exchanged_one_is_moved_aside(sound, tmp_path):
    old, new = shutil.copytree(sound, tmp_path / "model"), shutil.copytree(sound, tmp_path / ".model-new")
    (new / "trace").touch()
    assert not placing.exchange(new, tmp_path / "nothing")
    placing.move_aside(new, old)
    assert (old / "trace").exists()
    assert not (placing.aside(old) / "trace").exists()


def test_what_a_killed_process_left_is_removed_a_day_later(sound, tmp_path):
    found = load_artifact(sound)
    for name, age in (
        (".model-old", 2 * placing.ABANDONED),
        (".model-young", 0),
        (".other-old", 2 * placing.ABANDONED),
    ):
        left = tmp_path / name
        left.mkdir()
        (left / "model.onnx").touch()
        then = left.stat().st_mtime - age
        os.utime(left, (then, then))
    save_artifact(tmp_path / "model", found.files, found.manifest)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".model-young", ".other-old", "model"]


def test_a_model_that_load_would_refuse_is_not_saved(sound, tmp_path):
    found = load_artifact(sound)
    with pytest.raises(ArtifactError, match="was not saved"):
        save_artifact(tmp_path / "model", {**found.files, "model.onnx": b"no graph"}, found.manifest)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_written_is_named(sound, tmp_path):
    found = load_artifact(sound)
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match=r"file/model .*Give a directory that can be written"):
        save_artifact(tmp_path / "file" / "model", found.files, found.manifest)


def test_200_single_flipped_bytes_are_each_refused_before_anything_is_deserialized(sound, tmp_path):
    chance = random.Random(FLIPS)
    names = sorted(path.name for path in sound.iterdir())
    damaged = shutil.copytree(sound, tmp_path / "model")
    for number in range(FLIPS):
        path = damaged / names[number % len(names)]
        body = bytearray(whole := path.read_bytes())
        body[chance.randrange(len(body))] ^= chance.randrange(1, 256)
        path.write_bytes(body)
        assert refusal(damaged), (path.name, [at for at, byte in enumerate(body) if byte != whole[at]])
        path.write_bytes(whole)
    assert refusal(damaged) is None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_artifact_is_refused_although_its_hashes_are_right(sound, tmp_path, name):
    words = refusal(make(name, sound, tmp_path / "model"))
    assert words is not None
    assert re.search(HOSTILE[name][1], words), words


def test_a_sound_artifact_that_was_signed_anew_loads(sound, tmp_path):
    copy = shutil.copytree(sound, tmp_path / "model")
    sign(copy)
    assert load_artifact(copy).files == load_artifact(sound).files


def test_no_library_that_reads_models_is_even_imported(sound, tmp_path):
    made = [str(make(name, sound, tmp_path / str(number))) for number, name in enumerate(HOSTILE)]
    command = [sys.executable, "-m", "tests.support.conversations.refusals", *made]
    found = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert all(found["refused"].values())
    assert found["imported"] == []
