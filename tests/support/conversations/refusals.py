"""Loads artifacts in a process of its own: python -m tests.support.conversations.refusals DIRECTORY...

Prints why each was refused, and which libraries that read models or code were imported on the way.
"""

import json
import sys
from pathlib import Path

from forecaster.artifact.loading import load_artifact
from forecaster.errors import ArtifactError

READERS = ("onnxruntime", "onnx", "keras", "tensorflow", "h5py", "tf2onnx", "joblib", "cloudpickle", "dill")


def refusal(directory: Path) -> str | None:
    try:
        load_artifact(directory)
    except ArtifactError as error:
        return str(error)
    return None


if __name__ == "__main__":
    refused = {path: refusal(Path(path)) for path in sys.argv[1:]}
    imported = [name for name in READERS if name in sys.modules]
    sys.stdout.write(json.dumps({"refused": refused, "imported": imported}))
