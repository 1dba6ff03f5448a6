"""The network cut down to the next hour's median: the same number as the whole one's, from the same weights."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.features.closes_only import bare_inputs, read_closes
from forecaster.inference.engine import KerasEngine, OnnxEngine, open_engine
from forecaster.inference.next_close import NAME, next_close
from forecaster.inference.quantile import QuantilePredictor
from forecaster.quantiles import MEDIAN
from forecaster.settings import Settings
from tests.support.artifacts.markets import market

CLOSES = np.stack([market(700, seed=4).close[end - 60 : end] for end in range(60, 700, 11)])


def medians(body: bytes, closes=CLOSES):
    returns, context = read_closes(closes)
    return OnnxEngine(body).run({"returns": returns, "context": context})


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return load_artifact(Settings().model_dir)


@pytest.fixture(scope="module")
def cut(artifact) -> bytes:
    import forecaster.networks.quantile  # noqa: F401  # Keras must know our layers to load them

    return next_close(KerasEngine(artifact.files["model.keras"])._network)


def test_the_shipped_network_and_what_was_cut_from_it_agree(artifact, cut):
    whole = open_engine(artifact).run(bare_inputs(CLOSES))[:, 0, MEDIAN]
    assert medians(cut) == pytest.approx(whole, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("price", [1e-8, 1.0, 1e8])
def test_they_agree_about_still_and_broken_markets(artifact, cut, price):
    closes = np.full((3, 60), price)
    closes[1, -1], closes[2, 20] = 100 * price, price / 1000
    whole = open_engine(artifact).run(bare_inputs(closes))[:, 0, MEDIAN]
    assert medians(cut, closes) == pytest.approx(whole, rel=1e-4, abs=1e-8)


@pytest.mark.parametrize("members", [1, 3])
def test_any_number_of_members_can_be_cut(members):
    import keras  # not above: TensorFlow takes half a gigabyte of every process that collects tests

    from forecaster.networks.quantile import ensemble, quantile_network

    networks = [quantile_network() for _ in range(members)]
    random = np.random.default_rng(members)
    for network in networks:
        network.set_weights([each + random.normal(0, 0.05, each.shape) for each in network.get_weights()])
    network = ensemble(networks)
    whole = np.asarray(network.predict_on_batch(bare_inputs(CLOSES)))[:, 0, MEDIAN]
    assert medians(next_close(network)) == pytest.approx(whole, rel=1e-4, abs=1e-8)
    keras.backend.clear_session()


def test_a_predictor_answers_by_it_where_the_artifact_brings_it(artifact, cut):
    engine = open_engine(artifact)
    long = QuantilePredictor(artifact, engine)
    short = QuantilePredictor(replace(artifact, files=artifact.files | {NAME: cut}), engine)
    for closes in CLOSES:
        assert short.predict_next_close(closes) == pytest.approx(long.predict_next_close(closes), rel=1e-8)
