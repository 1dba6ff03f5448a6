"""The bare graph in ONNX Runtime, on one thread as we run it: the floor under every forecast and backtest."""

from collections.abc import Mapping

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from forecaster.artifact.manifest import Artifact


class Graph:
    """The network of an artifact, run on arrays that are ready-made, with nothing around it."""

    def __init__(self, model: Artifact) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model.files["model.onnx"], options, providers=["CPUExecutionProvider"]
        )

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        output: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return output
