"""Opening a model: it answers nobody before it has forecast made-up markets sensibly, here and in another process."""

import io
import zipfile
from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.artifact.saving import save_artifact
from forecaster.errors import ArtifactError, ConfigurationError
from forecaster.inference.engine import OnnxEngine
from forecaster.inference.quantile import QuantilePredictor
from forecaster.inference.smoke_test import open_model, tried, try_out
from forecaster.market.sources import Snapshot
from forecaster.settings import ROOT
from tests.support.artifacts.hostile import archive
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON


@pytest.fixture(scope="module")
def shipped() -> Artifact:
    return load_artifact(ROOT / "models" / "quantile")


@pytest.mark.parametrize("name", ["classic", "quantile"])
def test_the_shipped_models_answer_sensibly(name):
    found = load_artifact(ROOT / "models" / name)
    assert open_model(found).ref == found.ref


class Constant:
    """An engine whose every output is one number."""

    def __init__(self, number):
        self.number = number

    def run(self, inputs):
        return np.full((len(inputs["window"]), 24, 21), self.number, np.float32)


class Broken:
    """An engine that cannot run."""

    def run(self, inputs):
        raise RuntimeError("some library's own words")


@pytest.mark.parametrize("engine", [Constant(np.nan), Constant(np.inf), Constant(50.0), Constant(-3.0), Broken()])
def test_a_network_that_cannot_run_or_answers_nonsense_is_not_used(shipped, engine):
    with pytest.raises(ArtifactError, match=r"it is not used\. Train it again") as refused:
        open_model(shipped, opened=lambda artifact, kind: engine)
    assert "some library" not in str(refused.value)


def test_quantiles_that_cross_are_not_used(shipped):
    class Crossing(QuantilePredictor):
        def forecast(self, snapshot, hours, other=None, trackers=None):
            issued = super().forecast(snapshot, hours, other, trackers)
            last = issued.horizons[-1]
            levels, prices = list(last.quantiles), list(last.quantiles.values())
            crossed = last.model_copy(update={"quantiles": dict(zip(levels, prices[::-1], strict=True))})
            return issued.model_copy(update={"horizons": (*issued.horizons[:-1], crossed)})

    try_out(QuantilePredictor(shipped, OnnxEngine(shipped.files["model.onnx"])))
    with pytest.raises(ArtifactError, match="quantiles that cross"):
        try_out(Crossing(shipped, OnnxEngine(shipped.files["model.onnx"])))


def test_two_networks_that_disagree_about_the_next_close_are_not_used(shipped):
    class Disagreeing(QuantilePredictor):
        def predict_next_close(self, closes):
            return super().predict_next_close(closes) * 1.0001

    with pytest.raises(ArtifactError, match="one question with two prices"):
        try_out(Disagreeing(shipped, OnnxEngine(shipped.files["model.onnx"])))


def test_what_is_missing_for_an_engine_is_told_as_it_is(shipped):
    def without_keras(artifact, kind):
        raise ConfigurationError("CRYPTOSENSE_ENGINE=keras needs Keras and TensorFlow.", "Install them.")

    with pytest.raises(ConfigurationError, match="needs Keras"):
        open_model(shipped, "keras", without_keras)


def saved(directory, found, graph):
    """The artifact with another network."""
    save_artifact(directory, {**found.files, "model.onnx": graph.SerializeToString()}, found.manifest)
    return directory


async def test_another_process_says_which_model_it_tried(shipped):
    assert await tried(ROOT / "models" / "quantile") == shipped.sha256


async def test_why_another_process_refused_a_model_is_told(tmp_path):
    with pytest.raises(ArtifactError, match=r"manifest\.json .* is missing"):
        await tried(tmp_path)


async def test_a_network_that_takes_more_memory_than_there_is_harms_only_the_process_that_tried_it(shipped, tmp_path):
    """256 GB, of which the file declares nothing: two numbers become a shape once it runs."""
    graph = onnx.load_from_string(shipped.files["model.onnx"])
    answer = graph.graph.output[0].name
    last = next(node for node in graph.graph.node if answer in node.output)
    last.output[list(last.output).index(answer)] = "before"
    graph.graph.initializer.append(numpy_helper.from_array(np.array([2**18, 2**18]), "sizes"))
    graph.graph.node.extend(
        [
            helper.make_node("ConstantOfShape", ["sizes"], ["huge"]),
            helper.make_node("ReduceMax", ["huge"], ["none"], keepdims=0),
            helper.make_node("Add", ["before", "none"], [answer]),
        ]
    )
    directory = saved(tmp_path / "model", shipped, graph)
    assert load_artifact(directory)
    with pytest.raises(ArtifactError, match=r"it is not used|cannot be read by ONNX Runtime"):
        await tried(directory)


async def test_a_trial_that_takes_too_long_is_ended():
    with pytest.raises(ArtifactError, match="did not forecast within 0 s"):
        await tried(ROOT / "models" / "quantile", patience=0.01)


async def test_a_trial_whose_process_dies_says_so():
    with pytest.raises(ArtifactError, match=r"ended the process that tried it \(code 1\)"):
        await tried(ROOT / "models" / "quantile", "no engine")


def test_keras_answers_as_onnx_runtime_does(shipped):
    symbol, hours = "BTC-USD", 24
    asked = Snapshot(symbol, "bitstamp", "USD", market(300), NOON + 240.0)
    onnx_, keras_ = (open_model(shipped, kind).forecast(asked, hours) for kind in ("onnx", "keras"))
    for one, other in zip(onnx_.horizons, keras_.horizons, strict=True):
        assert list(one.quantiles.values()) == pytest.approx(list(other.quantiles.values()), rel=1e-4)


def test_weights_that_are_none_are_not_used(shipped):
    with zipfile.ZipFile(io.BytesIO(shipped.files["model.keras"])) as file:
        members = {name: file.read(name) for name in file.namelist()}
    damaged = archive(members | {"model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(1000)})
    with pytest.raises(ArtifactError, match="it is not used"):
        open_model(replace(shipped, files={**shipped.files, "model.keras": damaged}), "keras")
