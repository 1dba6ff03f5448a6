"""Renews the model: a challenger of the same recipe is trained in a process of its own, graded, and promoted or not.

candles until weeks ago --train--> challenger --tried out--> graded beside the model that answers --verdict-->
    promoted: it takes the place of the other, which is kept      refused: nothing changes, and the answer says why
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from forecaster.artifact import Artifact, ModelHistory, load_artifact
from forecaster.errors import ArtifactError, ConfigurationError, DataFileError, InvalidInput
from forecaster.evaluation import Verdict, verdict
from forecaster.inference import tried
from forecaster.installation import COMMAND, ROOT
from forecaster.market import Candles, utc
from forecaster.schema import HOUR, Symbol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOCK = "retraining.lock"
LEAST = 24 * 14  # hours that neither model saw, without which nothing can be compared

Train = Callable[[datetime, Path], Awaitable[None]]  # on candles until a time, into a directory


async def retrain(
    history: ModelHistory,
    hours: Mapping[Symbol, Candles],
    weeks: int,
    train: Train,
    trial: Callable[[Path], Awaitable[str]] = tried,
) -> Verdict:
    """Train a challenger on all but the newest `weeks`, compare it, and let it answer where it is not worse.

    `hours` are what both are graded on. Whatever fails or ends the training changes nothing. Raises ConfigurationError
    while another process is at it, InvalidInput where nothing can be compared, and what `train` and `trial` raise.
    """
    newest = max(candles.end for candles in hours.values())
    until = utc((newest - weeks * 7 * 24 * HOUR) // HOUR * HOUR)
    _check(load_artifact(history.place), newest)
    async with _alone(history.directory):
        with tempfile.TemporaryDirectory(prefix=".challenger-", dir=history.directory) as folder:
            place = Path(folder) / "quantile"
            await train(until, place)
            challenger = load_artifact(place)
            await trial(place)
            champion = load_artifact(history.place)
            start = max(until, champion.manifest.trained_to).timestamp()
            found = await asyncio.to_thread(verdict, champion, challenger, hours, start)
            await asyncio.to_thread(_settle, history, champion, challenger, found)
    return found


def _check(champion: Artifact, newest: int) -> None:
    """Better known before a training than after it."""
    fresh = (newest - champion.manifest.trained_to.timestamp()) / HOUR
    if fresh < LEAST:
        raise InvalidInput(
            f"The model that answers has learned from all but {max(fresh, 0):.0f} hours; a comparison needs {LEAST}.",
            "Wait until there are more, or fetch newer candles.",
        )


def _settle(history: ModelHistory, champion: Artifact, challenger: Artifact, found: Verdict) -> None:
    if load_artifact(history.place).sha256 != champion.sha256:
        raise ArtifactError("Another model was put in place meanwhile; nothing was changed.", "Retrain again.")
    if found.promoted:
        history.answer_by(challenger, found.challenger, found.champion)


@asynccontextmanager
async def _alone(directory: Path) -> "AsyncIterator[None]":
    """Whoever retrains holds this, one process of all that share the directory; one that ends gives it back."""
    from filelock import FileLock, Timeout

    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise ConfigurationError("Another process is training a model.", "Wait until it is done.") from error
    except OSError as error:
        raise ConfigurationError(
            f"Models cannot be kept in {directory} ({error.strerror}).", "Give a data directory that can be written."
        ) from error
    try:
        yield
    finally:
        lock.release()


def training_process(data: Path, keep: Path | None = None) -> Train:
    """Trains by `python app.py train` in a process of its own, from a directory laid out as docs/training.md says.

    What ends that process ends nothing else. Raises DataFileError for a missing file, ArtifactError where it fails.
    """
    btc, eth = (_needed(data / f"{name}_1h.parquet") for name in ("btcusd", "ethusd"))

    async def train(until: datetime, out: Path) -> None:
        folders = (("--coins", data / "coins_1h"), ("--five-minutes", data / "candles_5m"))
        more = [text for option, folder in folders if folder.is_dir() for text in (option, str(folder))]
        kept = ["--keep", str(keep)] if keep else []
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "app.py"), "train", "--recipe", "quantile", "--data", str(btc)),
            *("--other", str(eth), "--out", str(out), "--until", f"{until:%Y-%m-%dT%H:%MZ}", *more, *kept),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            cwd=ROOT,
        )
        try:
            code = await child.wait()
        finally:
            if child.returncode is None:
                child.terminate()
                await child.wait()
        if code != 0:
            raise ArtifactError(
                f"Training the new model failed (code {code}); nothing was changed.", "What it wrote above says why."
            )

    return train


def _needed(file: Path) -> Path:
    if not file.is_file():
        raise DataFileError(
            f"There is no {file.name} in {file.parent}.", f"Get it: {COMMAND} fetch --step 1h --out {file}"
        )
    return file


def quiet_hour(now: datetime) -> datetime:
    """The next Sunday, 03:17 UTC, when few ask."""
    day = now.replace(hour=3, minute=17, second=0, microsecond=0) + timedelta(days=(6 - now.weekday()) % 7)
    return day if day > now else day + timedelta(days=7)
