"""What runs a saved network: ONNX Runtime by default, Keras where there is a GPU."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster import tracing
from forecaster.artifact import Artifact
from forecaster.errors import ArtifactError, ConfigurationError
from forecaster.installation import COMMAND

Inputs = NDArray[np.float32] | Mapping[str, NDArray[np.float32]]  # of a network with one input, or by input name


class Engine(Protocol):
    """A network that is ready to answer."""

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Inputs (windows, ...) float32 -> (windows, ...) float32, a row for each window."""
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
                "model.onnx cannot be read by ONNX Runtime.", f"Rebuild it with: {COMMAND} train --data FILE"
            ) from error
        self._input = self._session.get_inputs()[0].name

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Inputs (windows, ...) float32 -> (windows, ...) float32, a row for each window."""
        named = inputs if isinstance(inputs, Mapping) else {self._input: inputs}
        feed = {name: np.ascontiguousarray(values) for name, values in named.items()}
        with tracing.part("model run", engine="onnx", windows=len(next(iter(feed.values())))):
            output: NDArray[np.float32] = self._session.run(None, feed)[0]
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

        import forecaster.networks.first_hour
        import forecaster.networks.quantile  # noqa: F401  # Keras must know our layers to load them

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"  # Keras reads paths, not bytes
            path.write_bytes(model)
            self._network = keras.models.load_model(path, compile=False, safe_mode=True)

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Inputs (windows, ...) float32 -> (windows, ...) float32, a row for each window."""
        with tracing.part("model run", engine="keras"):
            return np.asarray(self._network.predict_on_batch(inputs), dtype=np.float32)


def open_engine(artifact: Artifact, kind: Literal["onnx", "keras"] = "onnx") -> Engine:
    """The engine of that kind over a verified artifact."""
    if kind == "keras":
        return KerasEngine(artifact.files["model.keras"])
    return OnnxEngine(artifact.files["model.onnx"])
