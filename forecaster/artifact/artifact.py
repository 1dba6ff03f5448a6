"""A trained model on disk: a directory whose manifest holds the SHA-256 of every other file.

    manifest.json      format, recipe, symbols, training span, inputs, versions, hashes, headline
    model.keras        the network as Keras saves it
    model.onnx         the same network for ONNX Runtime
    scaling.json       how prices become training units; or which inputs are like those trained on
    calibration.json   how residuals become bands; or how far quantiles are shifted
    report.json        what the model scored on hours it never saw
    next_close.onnx    where there is one: the network cut down to the next hour's median
    graded.onnx        where there is one: the network that was graded, so that anybody can grade it again
    evaluation.json    where there is one: every score behind the report

The manifest also holds a hash of itself, its seal. Nothing else is parsed before its size and hash have been checked,
nothing is deserialized before contents.py has looked at what it declares, and the bytes that were checked are the
bytes that are used.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from forecaster.artifact import contents
from forecaster.artifact import exchange as placing
from forecaster.data_directory import may_write
from forecaster.errors import ArtifactError
from forecaster.schema import Frozen, ModelRef, Report, Symbol

LARGEST_FILE = 16 * 2**20  # bytes
LARGEST_MANIFEST = 64 * 2**10  # bytes
Recipe = Literal["classic", "quantile"]
FILES = ("model.keras", "model.onnx", "scaling.json", "calibration.json", "report.json")
OPTIONAL = ("next_close.onnx", "graded.onnx", "evaluation.json")
BLANK = "0" * 64  # stands for the seal in what the seal is the hash of
TRIES = 5  # to read a directory that is being replaced

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$")]


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
    seal: str | None = Field(
        default=None,
        pattern=r"^[0-9a-f]{64}$",
        description="SHA-256 of this file with zeros in its place; artifacts from before there was one have none",
    )
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
    files: dict[FileName, FileRecord]


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
    """Write an artifact whole or not at all: to a temporary sibling, then put in its place (exchange.py).

    `manifest.files` and its seal are computed here. An artifact already at `directory` is replaced. Raises
    ArtifactError for files that `load` would refuse, and where nothing can be written.
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


def load(directory: Path) -> Artifact:
    """Read and verify an artifact, also while it is being replaced.

    Raises ArtifactError naming the file that is missing, too large, truncated, altered or not what it should be.
    """
    aside = placing.aside(directory.resolve())
    for _ in range(TRIES):
        before = _identity(directory)
        try:
            return _load(aside if before is None and aside.exists() else directory)
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
    if manifest.seal and _sha256(body.replace(manifest.seal.encode(), BLANK.encode(), 1)) != manifest.seal:
        raise _refused(directory, "manifest.json", "was altered: its SHA-256 is not its seal")
    if missing := sorted(set(FILES) - set(manifest.files)):
        raise _refused(directory, "manifest.json", f"does not list {missing[0]}")
    names = (*FILES, *(name for name in OPTIONAL if name in manifest.files))
    files = {name: _verified(directory, name, manifest) for name in names}
    if found := contents.fault(manifest, files):
        raise _refused(directory, *found)
    return Artifact(manifest, files, _sha256(body))


def _sealed(files: dict[str, bytes], manifest: Manifest) -> bytes:
    """The manifest of these files, with its seal."""
    records = {name: FileRecord(sha256=_sha256(body), size=len(body)) for name, body in files.items()}
    blank = manifest.model_copy(update={"files": records, "seal": BLANK}).model_dump_json(indent=2) + "\n"
    return blank.replace(BLANK, _sha256(blank.encode()), 1).encode()


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
    if _sha256(body) != record.sha256:
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
    return f"python app.py train --recipe {recipe} --out {directory}"


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
