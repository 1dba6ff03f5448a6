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
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from forecaster.artifact.inspect_keras import parameters
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
    def parameters(self) -> int | None:
        """How many numbers training set; None where the network does not tell."""
        return parameters(self.files["model.keras"])

    @property
    def report(self) -> Report:
        """The model's record on hours it never saw."""
        return Report.model_validate_json(self.files["report.json"])


def sha256(body: bytes) -> str:
    """As 64 hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()
