"""A trained model on disk: written whole, and verified before anything in it is deserialized."""

from forecaster.artifact.history import Grades, KeptModel, ModelHistory, name_of
from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import FILES, OPTIONAL, Artifact, Headline, Manifest
from forecaster.artifact.saving import check_place, save_artifact

__all__ = [
    "FILES",
    "OPTIONAL",
    "Artifact",
    "Grades",
    "Headline",
    "KeptModel",
    "Manifest",
    "ModelHistory",
    "check_place",
    "load_artifact",
    "name_of",
    "save_artifact",
]
