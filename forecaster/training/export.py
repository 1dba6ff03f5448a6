"""A trained network as bytes, for Keras and for ONNX Runtime, once both have been seen to agree."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import ArtifactError
from forecaster.features import Market
from forecaster.inference import Engine, Inputs, OnnxEngine

if TYPE_CHECKING:
    import keras

AGREEMENT = 1e-4  # largest difference between Keras and ONNX Runtime, as a share of the largest output


def export(network: "keras.Model", sample: Inputs) -> dict[str, bytes]:
    """model.keras and model.onnx. Raises ArtifactError when they disagree about `sample`."""
    import keras

    signature = [keras.InputSpec(shape=(None, *i.shape[1:]), dtype="float32", name=i.name) for i in network.inputs]
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in ("model.keras", "model.onnx")}
        network.save(paths["model.keras"])
        network.export(
            paths["model.onnx"],
            format="onnx",
            verbose=False,
            input_signature=signature if len(signature) == 1 else [signature],
        )
        files = {name: path.read_bytes() for name, path in paths.items()}
    expected = np.asarray(network.predict_on_batch(sample))
    difference = float(np.abs(OnnxEngine(files["model.onnx"]).run(sample) - expected).max() / np.abs(expected).max())
    if not difference <= AGREEMENT:
        raise ArtifactError(
            f"The ONNX export differs from the trained network by {difference:.1e}.",
            "Train again with the versions in requirements-dev.lock.",
        )
    return files


def engine_of(networks: "list[keras.Model]", markets: tuple[Market, ...]) -> tuple[Engine, bytes]:
    """The ensemble of these networks in ONNX Runtime, and its graph."""
    from forecaster.networks.quantile import ensemble

    graph = export(ensemble(networks), sample_of(markets))["model.onnx"]
    return OnnxEngine(graph), graph


def sample_of(markets: tuple[Market, ...]) -> dict[str, NDArray[np.float32]]:
    """Some hours, old and new, on which Keras and ONNX Runtime must agree."""
    rows = markets[0].issued(0, float("inf"))
    return markets[0].hours.inputs(rows[np.linspace(0, len(rows) - 1, 64).astype(np.int64)], "full")
