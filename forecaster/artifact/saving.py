"""Writes an artifact, whole or not at all."""

import shutil
import tempfile
from pathlib import Path

from forecaster.artifact import contents
from forecaster.artifact import replace_directory as placing
from forecaster.artifact.manifest import BLANK, FileRecord, Manifest, sha256
from forecaster.data_directory import may_write
from forecaster.errors import ArtifactError


def save_artifact(directory: Path, files: dict[str, bytes], manifest: Manifest) -> None:
    """Write an artifact whole or not at all: to a temporary sibling, then put in its place (exchange.py).

    `manifest.files` and its seal are computed here. An artifact already at `directory` is replaced. Raises
    ArtifactError for files that `load_artifact` would refuse, and where nothing can be written.
    """
    if found := contents.fault(manifest, files):
        raise ArtifactError(
            f"{found[0]} {found[1]}; the model was not saved.",
            "Say in forecaster/artifact/contents.py what the recipe holds.",
        )
    place = directory.resolve()
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        placing.sweep(place)
        temporary = Path(tempfile.mkdtemp(prefix=placing.unfinished(place), dir=place.parent))
        try:
            for name, body in {**files, "manifest.json": _sealed(files, manifest)}.items():
                (temporary / name).write_bytes(body)
                placing.sync(temporary / name)
            temporary.chmod(0o755)
            placing.sync(temporary)
            placing.put(temporary, place)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise ArtifactError(
            f"The model cannot be saved to {directory} ({error.strerror}).", "Give a directory that can be written."
        ) from error


def check_place(directory: Path) -> None:
    """Raise ArtifactError where `save` could not write: better known before hours of training."""
    if not may_write(directory.resolve().parent):
        raise ArtifactError(f"The model cannot be saved to {directory}.", "Give a directory that can be written.")


def _sealed(files: dict[str, bytes], manifest: Manifest) -> bytes:
    """The manifest of these files, with its seal; of an artifact that was read, to the byte what it was."""
    order = manifest.files if set(manifest.files) == set(files) else files
    records = {name: FileRecord(sha256=sha256(files[name]), size=len(files[name])) for name in order}
    blank = manifest.model_copy(update={"files": records, "seal": BLANK}).model_dump_json(indent=2) + "\n"
    return blank.replace(BLANK, sha256(blank.encode()), 1).encode()
