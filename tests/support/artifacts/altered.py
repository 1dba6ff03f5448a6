"""Artifacts that differ from one in their calibration alone, better or worse as a test wants them."""

import json
from pathlib import Path

from forecaster.artifact import Artifact, load_artifact, save_artifact
from forecaster.calibration.conformal import Calibration
from forecaster.quantiles import LEVELS, MEDIAN


def widened(artifact: Artifact, directory: Path, by: float, version: str = "2.0") -> Artifact:
    """The same model with each quantile moved outwards by so many interquartile ranges."""
    calibration = json.loads(artifact.files["calibration.json"])
    for kind in ("full", "closes_only"):
        for row in calibration[kind]["shift"]:
            for number in range(len(LEVELS)):
                row[number] += by * (number - MEDIAN) / MEDIAN
    body = Calibration.model_validate(calibration).model_dump_json().encode()
    manifest = artifact.manifest.model_copy(update={"version": version})
    save_artifact(directory, {**artifact.files, "calibration.json": body}, manifest)
    return load_artifact(directory)
