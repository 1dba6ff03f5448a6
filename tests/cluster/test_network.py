"""The network that all replicas ask: questions of a moment in one run, and what a replica does without it."""

import json

import numpy as np
import pytest

from cluster.network import RESTS, Network, Question, RemoteEngine
from forecaster.artifact import load_artifact
from forecaster.errors import ArtifactError
from forecaster.inference import OnnxEngine, open_model
from forecaster.market import Snapshot
from forecaster.settings import ROOT
from tests.support.fakes import NOON, Clock, candles_ending

DIRECTORY = ROOT / "models" / "quantile"
SETTINGS = json.dumps({"model_dir": str(DIRECTORY), "engine": "onnx"})


class Counting:
    """An engine over another, which knows how many windows each run had."""

    def __init__(self, engine):
        self.engine, self.runs = engine, []

    def run(self, inputs):
        self.runs.append(len(next(iter(inputs.values()))))
        return self.engine.run(inputs)


class Handle:
    """What Ray Serve gives a replica: it asks a network in this process, or fails."""

    def __init__(self, network):
        self.network, self.fails, self.asked = network, False, 0

    @property
    def run(self):
        return self

    def remote(self, question):
        self.asked += 1
        self.question = question
        return self

    def result(self, *, timeout_s):
        if self.fails:
            raise RuntimeError("The actor died.")
        [answer] = self.network.answers([self.question])
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture(scope="module")
def artifact():
    return load_artifact(DIRECTORY)


@pytest.fixture
def engines():
    return []


@pytest.fixture
def network(engines):
    def opened(artifact, kind):
        engines.append(Counting(OnnxEngine(artifact.files["model.onnx"])))
        return engines[-1]

    return Network(SETTINGS, opened)


@pytest.fixture
def inputs(artifact):
    """Those of two forecasts: from 300 hours of candles, and from 60 closes."""
    seen = []

    class Seeing(OnnxEngine):
        def run(self, inputs):
            seen.append(inputs)
            return super().run(inputs)

    open_model(artifact, opened=lambda artifact, kind: Seeing(artifact.files["model.onnx"]))
    return seen[:2]


def test_questions_of_a_moment_are_one_run_and_each_gets_its_own_answer(network, engines, artifact, inputs):
    asked = [Question(artifact.sha256, each) for each in (*inputs, *inputs)]
    tried = len(engines[0].runs)
    answers = network.answers(asked)
    shapes = {str({name: values.shape[1:] for name, values in sorted(each.items())}) for each in inputs}
    assert len(engines[0].runs) - tried == len(shapes)
    alone = OnnxEngine(artifact.files["model.onnx"])
    for question, answer in zip(asked, answers, strict=True):
        np.testing.assert_allclose(answer, alone.run(question.inputs), atol=1e-5)


def test_another_model_than_the_one_that_lies_there_is_no_answer(network, artifact, inputs):
    right, wrong = network.answers([Question(artifact.sha256, inputs[0]), Question("0" * 64, inputs[0])])
    assert len(right) == len(inputs[0]["window"])
    assert isinstance(wrong, ArtifactError) and "another model" in wrong.message


def test_a_question_that_fails_costs_the_others_nothing(network, artifact, inputs):
    broken = {name: values.astype("U8") for name, values in inputs[0].items()}
    good, bad = network.answers([Question(artifact.sha256, inputs[0]), Question(artifact.sha256, broken)])
    assert isinstance(bad, Exception) and not isinstance(good, Exception)


def test_a_replica_asks_the_network_and_answers_itself_while_that_is_away(network, artifact, inputs):
    handle, clock = Handle(network), Clock(0.0)
    engine = RemoteEngine(handle, artifact, clock)
    there = engine.run(inputs[0])
    assert handle.asked == 1
    handle.fails = True
    np.testing.assert_allclose(engine.run(inputs[0]), there, atol=1e-6)
    np.testing.assert_allclose(engine.run(inputs[0]), there, atol=1e-6)
    assert handle.asked == 2  # and not again at once
    handle.fails, clock.now = False, RESTS + 1
    engine.run(inputs[0])
    assert handle.asked == 3


def test_a_forecast_over_the_network_is_the_one_without_it(network, artifact):
    over = open_model(artifact, "keras", lambda artifact, kind: RemoteEngine(Handle(network), artifact))
    assert over.gathers  # so that it is asked from threads, which may wait
    snapshot = Snapshot("BTC-USD", "bitstamp", "USD", candles_ending(), float(NOON))
    there, here = over.forecast(snapshot, 24), open_model(artifact).forecast(snapshot, 24)
    for one, other in zip(there.horizons, here.horizons, strict=True):
        assert one.quantiles == pytest.approx(other.quantiles, rel=1e-6)
