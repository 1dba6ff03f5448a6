"""Training: a whole run on a small made-up market, from candles to an artifact that answers."""

import numpy as np
import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.errors import DataFileError
from forecaster.features.closes import MinMaxScaling
from forecaster.inference.engine import KerasEngine, OnnxEngine
from forecaster.market.candles import Candles
from forecaster.networks.classic import CLASSIC_PARAMETERS, classic
from forecaster.schema import HOUR
from forecaster.settings import ROOT
from forecaster.training.classic import train_classic
from tests.support.fakes import NOON, candles_ending

HOURS = 1_300


def market(hours: int = HOURS) -> Candles:
    close = 20_000 * np.exp(np.random.default_rng(3).normal(0, 0.005, hours).cumsum())
    open_ = np.concatenate([close[:1], close[:-1]])
    time = NOON - HOUR * np.arange(hours, 0, -1)
    high, low = np.maximum(open_, close), np.minimum(open_, close)
    return Candles.from_rows(np.column_stack([time, open_, high, low, close, np.ones(hours)]).tolist())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    out = tmp_path_factory.mktemp("train") / "model"
    steps: list[tuple[str, float]] = []
    report = train_classic(market(), "BTC-USD", out, lambda text, share: steps.append((text, share)), epochs=1)
    return load_artifact(out), report, steps


def test_the_classic_network_has_the_original_number_of_parameters():
    assert classic().count_params() == CLASSIC_PARAMETERS == 29_345


def test_training_grades_the_newest_fifth_of_the_hours(trained):
    _, report, _ = trained
    assert report.n == HOURS - int(HOURS * 0.8)
    assert report.model.mae > 0
    assert report.skill.baseline == "persistence"


def test_the_scaler_never_saw_validation_or_test_hours(trained):
    saved, _, _ = trained
    part = market().close[: int(int(HOURS * 0.8) * 0.9)]
    scaling = MinMaxScaling.model_validate_json(saved.files["scaling.json"])
    assert (scaling.low, scaling.high) == (part.min(), part.max())


def test_keras_and_onnx_runtime_agree_on_the_saved_network(trained):
    saved, _, _ = trained
    windows = np.random.default_rng(0).random((32, 60, 1), dtype=np.float32)
    onnx = OnnxEngine(saved.files["model.onnx"]).run(windows)
    assert onnx.shape == (32, 1)
    assert np.allclose(onnx, KerasEngine(saved.files["model.keras"]).run(windows), rtol=1e-4, atol=1e-6)


def test_progress_is_told_while_training(trained):
    _, _, steps = trained
    assert steps[-1][0].startswith("epoch 1: validation loss")
    assert all(0 <= share <= 1 for _, share in steps)


def test_a_picture_of_predicted_against_actual_is_saved(trained):
    saved, _, _ = trained
    assert "predicted_vs_actual.png" in saved.manifest.files


def test_too_few_hours_are_refused_with_the_number_expected(tmp_path):
    with pytest.raises(DataFileError, match=r"300 hours of candles are too few .* at least 1,000 hours"):
        train_classic(candles_ending(hours=300), "BTC-USD", tmp_path / "model", lambda text, share: None)
    assert not (tmp_path / "model").exists()


def test_the_shipped_model_is_the_classic_recipe():
    manifest = load_artifact(ROOT / "models" / "classic").manifest
    assert (manifest.recipe, manifest.name, manifest.horizons) == ("classic", "classic", 1)
