"""The models that answered before, or were trained to: the last three, each whole, beside the one that answers now.

place               the directory of the model that answers
directory/NAME      an artifact: NAME is the day until which it learned, and eight digits of its hash
directory/NAME.json what it scored beside the one that answered then, where it was compared
"""

import shutil
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import Field, ValidationError

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.artifact.saving import save_artifact
from forecaster.errors import ArtifactError, InvalidInput
from forecaster.schema import Frozen

KEPT = 3  # models besides the one that answers


class Grades(Frozen):
    """What a model scored one hour ahead on weeks that it never saw, all coins together."""

    graded_from: datetime
    graded_to: datetime
    n: int = Field(gt=0, description="forecasts")
    crps: float = Field(description="of the log return, times 10,000")
    mae_skill: float = Field(description="1 - MAE / MAE of 'no change', the mean over coins")
    coverage: dict[str, float] = Field(description="share inside the band: '50', '80', '95' -> 0..1")


class KeptModel(NamedTuple):
    """A model that can answer."""

    name: str
    trained_to: datetime
    answers: bool  # now
    grades: Grades | None


class ModelHistory:
    """The models at `directory` and the one at `place`. Every method may raise ArtifactError."""

    def __init__(self, directory: Path, place: Path) -> None:
        self.directory, self.place = directory, place

    def models(self) -> list[KeptModel]:
        """Those that are kept and the one that answers, newest training first. What cannot be read is left out."""
        now = load_artifact(self.place)
        found = {name_of(now): KeptModel(name_of(now), now.manifest.trained_to, True, self._grades(name_of(now)))}
        for path in self._kept():
            try:
                artifact = load_artifact(path)
            except ArtifactError:
                continue
            name = name_of(artifact)
            found.setdefault(name, KeptModel(name, artifact.manifest.trained_to, False, self._grades(name)))
        return sorted(found.values(), key=lambda each: (each.trained_to, each.name), reverse=True)

    def keep(self, artifact: Artifact, grades: Grades | None = None) -> str:
        """Keep a model under its name, with its grades where it has some; of more than three, the oldest go."""
        name = name_of(artifact)
        save_artifact(self.directory / name, artifact.files, artifact.manifest)
        if grades is not None:
            self._write(name, grades)
        for old in self._kept()[KEPT:]:
            shutil.rmtree(old, ignore_errors=True)
            old.with_name(f"{old.name}.json").unlink(missing_ok=True)
        return name

    def use(self, name: str) -> Artifact:
        """Let the model of that name answer; the one that did is kept. Raises InvalidInput for a name that is none."""
        paths = {path.name: path for path in self._kept()}
        if name not in paths:
            known = ", ".join(paths) or "none is kept yet"
            raise InvalidInput(f"There is no model {name[:60]!r}.", f"Choose from: {known}.")
        chosen = load_artifact(paths[name])
        self.answer_by(chosen)
        shutil.rmtree(paths[name], ignore_errors=True)  # it answers now, and is none of those beside it
        return chosen

    def answer_by(self, artifact: Artifact, grades: Grades | None = None, before: Grades | None = None) -> None:
        """Put a model in the place of the one that answers, which is kept; with the grades of both, where compared."""
        champion = load_artifact(self.place)
        self.keep(champion, before or self._grades(name_of(champion)))
        if grades is not None:
            self._write(name_of(artifact), grades)
        save_artifact(self.place, artifact.files, artifact.manifest)

    def _write(self, name: str, grades: Grades) -> None:
        (self.directory / f"{name}.json").write_text(grades.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def _kept(self) -> list[Path]:
        """Their directories, the newest first."""
        if not self.directory.is_dir():
            return []
        every = [path for path in self.directory.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(every, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)

    def _grades(self, name: str) -> Grades | None:
        try:
            return Grades.model_validate_json((self.directory / f"{name}.json").read_bytes())
        except (OSError, ValidationError):
            return None


def name_of(artifact: Artifact) -> str:
    """The day until which it learned, and the beginning of its hash: what people call it."""
    return f"{artifact.manifest.trained_to:%Y-%m-%d}-{artifact.sha256[:8]}"
