"""Reads an artifact: nothing is parsed before its size and hash were checked, nothing is run that was not looked at."""

import os
import stat
from pathlib import Path

from pydantic import ValidationError

from forecaster.artifact import contents
from forecaster.artifact.manifest import BLANK, FILES, LARGEST_MANIFEST, OPTIONAL, TRIES, Artifact, Manifest, sha256
from forecaster.artifact.replace_directory import aside
from forecaster.errors import ArtifactError
from forecaster.installation import COMMAND


def load_artifact(directory: Path) -> Artifact:
    """Read and verify an artifact, also while it is being replaced.

    Raises ArtifactError naming the file that is missing, too large, truncated, altered or not what it should be.
    """
    set_aside = aside(directory.resolve())
    for _ in range(TRIES):
        before = _identity(directory)
        try:
            return _load(set_aside if before is None and set_aside.exists() else directory)
        except ArtifactError:
            if _identity(directory) == before:
                raise
    return _load(directory)


def _load(directory: Path) -> Artifact:
    body = _read(directory, "manifest.json", LARGEST_MANIFEST)
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise _refused(directory, "manifest.json", "is not a manifest of this version") from error
    if manifest.seal and sha256(body.replace(manifest.seal.encode(), BLANK.encode(), 1)) != manifest.seal:
        raise _refused(directory, "manifest.json", "was altered: its SHA-256 is not its seal")
    if missing := sorted(set(FILES) - set(manifest.files)):
        raise _refused(directory, "manifest.json", f"does not list {missing[0]}")
    names = (*FILES, *(name for name in OPTIONAL if name in manifest.files))
    files = {name: _verified(directory, name, manifest) for name in names}
    if found := contents.fault(manifest, files):
        raise _refused(directory, *found)
    return Artifact(manifest, files, sha256(body))


def _identity(directory: Path) -> tuple[int, int] | None:
    """What changes when another directory takes the place of this one; None where there is none."""
    try:
        status = directory.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _verified(directory: Path, name: str, manifest: Manifest) -> bytes:
    record = manifest.files[name]
    body = _read(directory, name, record.size)
    if len(body) != record.size:
        raise _refused(directory, name, f"has {len(body)} bytes where the manifest says {record.size}")
    if sha256(body) != record.sha256:
        raise _refused(directory, name, "was altered: its SHA-256 is not the manifest's")
    return body


def _read(directory: Path, name: str, limit: int) -> bytes:
    try:
        path = os.path.realpath(directory / name, strict=True)
        if not Path(path).is_relative_to(directory.resolve()):
            raise _refused(directory, name, "is a link that leads elsewhere")
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # a pipe would keep us waiting
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _refused(directory, name, "is not a file")
            body = file.read(limit + 1)
    except OSError as error:
        raise _refused(directory, name, "is missing or cannot be read") from error
    if len(body) > limit:
        raise _refused(directory, name, "is larger than it may be")
    return body


def _refused(directory: Path, name: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"The model file {name} in {directory} {why}; nothing was loaded from it.",
        f"Restore it from the repository, or rebuild it with: {_rebuilding(directory)}",
    )


def _rebuilding(directory: Path) -> str:
    """The command that trains the model anew; without a manifest, the directory's name tells the recipe."""
    recipe = "classic --data FILE" if directory.name == "classic" else "quantile --data BTC_FILE --other ETH_FILE"
    return f"{COMMAND} train --recipe {recipe} --out {directory}"
