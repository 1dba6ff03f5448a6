"""A trained network as bytes, for Keras and for ONNX Runtime, once both have been seen to agree."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from forecaster.errors import ArtifactError
from forecaster.inference import Inputs, OnnxEngine

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
