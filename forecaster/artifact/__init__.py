"""A trained model on disk: written whole, and verified before anything in it is deserialized."""

from forecaster.artifact.artifact import FILES, OPTIONAL, Artifact, Headline, Manifest, check_place, load

__all__ = [
    "FILES",
    "OPTIONAL",
    "Artifact",
    "Headline",
    "Manifest",
    "check_place",
    "load",
]
