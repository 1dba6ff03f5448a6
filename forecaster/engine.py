"""What runs a saved network: ONNX Runtime by default, Keras where there is a GPU."""

import tempfile
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.artifact import Artifact
from forecaster.errors import ArtifactError, ConfigurationError


class Engine(Protocol):
    """A network that is ready to answer."""

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(windows, hours, features) float32 -> (windows, outputs) float32."""
        ...


class OnnxEngine:
    """ONNX Runtime on one thread: a window takes a tenth of a millisecond, threads would cost more."""

    def __init__(self, model: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime raises its own classes, which share no public base
            raise ArtifactError(
                "model.onnx cannot be read by ONNX Runtime.", "Rebuild it with: python app.py train --data FILE"
            ) from error
        self._input = self._session.get_inputs()[0].name

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(windows, hours, features) float32 -> (windows, outputs) float32."""
        output: NDArray[np.float32] = self._session.run(None, {self._input: np.ascontiguousarray(windows)})[0]
        return output


class KerasEngine:
    """The network in Keras, compiled by its backend; worth its start-up only on a GPU."""

    def __init__(self, model: bytes) -> None:
        try:
            import keras
        except ImportError as error:
            raise ConfigurationError(
                "CRYPTOSENSE_ENGINE=keras needs Keras and TensorFlow.",
                "Install them with: pip install -e '.[train]', or use CRYPTOSENSE_ENGINE=onnx.",
            ) from error

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"  # Keras reads paths, not bytes
            path.write_bytes(model)
            self._network = keras.models.load_model(path, compile=False, safe_mode=True)

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """(windows, hours, features) float32 -> (windows, outputs) float32."""
        return np.asarray(self._network.predict_on_batch(windows), dtype=np.float32)


def open_engine(artifact: Artifact, kind: Literal["onnx", "keras"] = "onnx") -> Engine:
    """The engine of that kind over a verified artifact."""
    if kind == "keras":
        return KerasEngine(artifact.files["model.keras"])
    return OnnxEngine(artifact.files["model.onnx"])
