"""Artifacts: written whole, verified before anything in them is read."""

import json
import shutil

import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import FILES
from forecaster.artifact.saving import save_artifact
from forecaster.errors import ArtifactError
from forecaster.inference.engine import OnnxEngine
from forecaster.settings import ROOT

SHIPPED = ROOT / "models" / "classic"


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(SHIPPED, tmp_path / "model")


def test_the_shipped_model_loads_and_says_what_it_is():
    loaded = load_artifact(SHIPPED)
    assert loaded.manifest.symbols == ("BTC-USD",)
    assert loaded.manifest.input_hours == 60
    assert "validation residuals" in loaded.manifest.band_method
    assert loaded.manifest.headline.mae == loaded.report.model.mae
    assert loaded.ref.sha256 == loaded.sha256


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
def test_a_missing_file_is_named_with_the_command_that_rebuilds_it(copy, name):
    (copy / name).unlink()
    with pytest.raises(ArtifactError, match=rf"{name} .* is missing .* python app.py train"):
        load_artifact(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(copy, name):
    (copy / name).write_bytes((copy / name).read_bytes()[:-1])
    with pytest.raises(ArtifactError, match=f"{name} .* bytes where the manifest says"):
        load_artifact(copy)


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_refused(copy, name):
    body = bytearray((copy / name).read_bytes())
    body[len(body) // 2] ^= 1
    (copy / name).write_bytes(body)
    with pytest.raises(ArtifactError, match=f"{name} .* was altered"):
        load_artifact(copy)


def test_a_file_grown_beyond_its_record_is_refused_without_reading_it_all(copy):
    with (copy / "model.onnx").open("ab") as file:
        file.truncate(2**30)
    with pytest.raises(ArtifactError, match=r"model\.onnx .* larger than it may be"):
        load_artifact(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json", '{"format": 2}'])
def test_a_manifest_that_is_not_one_is_refused(copy, text):
    (copy / "manifest.json").write_text(text)
    with pytest.raises(ArtifactError, match=r"manifest\.json .* is not a manifest"):
        load_artifact(copy)


def test_a_manifest_that_leaves_a_file_out_is_refused(copy):
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["files"]["model.onnx"], manifest["seal"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ArtifactError, match=r"does not list model\.onnx"):
        load_artifact(copy)


def test_saving_replaces_an_artifact_and_leaves_nothing_else_behind(copy):
    before = load_artifact(copy)
    save_artifact(copy, before.files, before.manifest.model_copy(update={"version": "9.9"}))
    assert load_artifact(copy).manifest.version == "9.9"
    assert [path.name for path in copy.parent.iterdir()] == ["model"]


def test_bytes_that_are_no_network_are_refused_by_the_engine():
    with pytest.raises(ArtifactError, match="cannot be read by ONNX Runtime"):
        OnnxEngine(b"not a network")
