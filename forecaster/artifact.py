"""A trained model on disk: a directory whose manifest holds the SHA-256 of every other file.

    manifest.json      format, recipe, symbols, training span, inputs, versions, hashes, headline
    model.keras        the network as Keras saves it
    model.onnx         the same network for ONNX Runtime
    scaling.json       how prices become training units; or which inputs are like those trained on
    calibration.json   how residuals become bands; or how far quantiles are shifted
    report.json        what the model scored on hours it never saw
    graded.onnx        where there is one: the network that was graded, so that anybody can grade it again
    evaluation.json    where there is one: every score behind the report

Nothing is parsed or deserialized before its size and hash have been checked, and the bytes that
were checked are the bytes that are used.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from forecaster.errors import ArtifactError
from forecaster.schema import Frozen, ModelRef, Report, Symbol

FORMAT = 1
LARGEST_FILE = 16 * 2**20  # bytes
LARGEST_MANIFEST = 64 * 2**10  # bytes
Recipe = Literal["classic", "quantile"]
FILES = ("model.keras", "model.onnx", "scaling.json", "calibration.json", "report.json")
OPTIONAL = ("graded.onnx", "evaluation.json")


class FileRecord(Frozen):
    """What one file must be."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=LARGEST_FILE)


class Headline(Frozen):
    """The report in one line: mean absolute error beside that of 'no change' on the same hours."""

    mae: float
    mae_persistence: float
    skill: float
    n: int


class Manifest(Frozen):
    """What an artifact says of itself."""

    format: Literal[1]
    name: str
    version: str
    recipe: Recipe
    symbols: tuple[Symbol, ...] = Field(min_length=1)
    trained_from: datetime
    trained_to: datetime
    expires: datetime | None = Field(default=None, description="forecasts issued later are flagged")
    features: tuple[str, ...]
    input_hours: int = Field(ge=1, le=1000)
    horizons: int = Field(ge=1, le=24, description="hours ahead, from 1 to this")
    band_method: str
    versions: dict[str, str]
    headline: Headline
    files: dict[str, FileRecord]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A verified artifact: its manifest and the bytes of its files."""

    manifest: Manifest
    files: dict[str, bytes]
    sha256: str  # of the manifest, and through it of everything else

    @property
    def ref(self) -> ModelRef:
        """Which model this is, as forecasts name it."""
        return ModelRef(name=self.manifest.name, version=self.manifest.version, sha256=self.sha256)

    @property
    def report(self) -> Report:
        """The model's record on hours it never saw."""
        return Report.model_validate_json(self.files["report.json"])


def save(directory: Path, files: dict[str, bytes], manifest: Manifest) -> None:
    """Write an artifact whole or not at all: to a temporary sibling, then renamed into place.

    `manifest.files` is computed here. An artifact already at `directory` is replaced.
    """
    records = {name: FileRecord(sha256=_sha256(body), size=len(body)) for name, body in files.items()}
    complete = manifest.model_copy(update={"files": records})
    directory.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        for name, body in files.items():
            (temporary / name).write_bytes(body)
        (temporary / "manifest.json").write_text(complete.model_dump_json(indent=2) + "\n")
        temporary.chmod(0o755)
        retired = temporary.with_name(f"{temporary.name}-old")
        if directory.exists():
            directory.rename(retired)
        temporary.rename(directory)
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def load(directory: Path) -> Artifact:
    """Read and verify an artifact.

    Raises ArtifactError naming the file that is missing, too large, truncated or altered.
    """
    body = _read(directory, "manifest.json", LARGEST_MANIFEST)
    try:
        manifest = Manifest.model_validate_json(body)
    except ValidationError as error:
        raise _refused(directory, "manifest.json", "is not a manifest of this version") from error
    if missing := sorted(set(FILES) - set(manifest.files)):
        raise _refused(directory, "manifest.json", f"does not list {missing[0]}")
    names = (*FILES, *(name for name in OPTIONAL if name in manifest.files))
    return Artifact(manifest, {name: _verified(directory, name, manifest) for name in names}, _sha256(body))


def _verified(directory: Path, name: str, manifest: Manifest) -> bytes:
    record = manifest.files[name]
    body = _read(directory, name, record.size)
    if len(body) != record.size:
        raise _refused(directory, name, f"has {len(body)} bytes where the manifest says {record.size}")
    if _sha256(body) != record.sha256:
        raise _refused(directory, name, "was altered: its SHA-256 is not the manifest's")
    return body


def _read(directory: Path, name: str, limit: int) -> bytes:
    try:
        with (directory / name).open("rb") as file:
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
    return f"python app.py train --recipe {recipe} --out {directory}"


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
