"""Watches the directory of the model that answers, and puts a new one in its place while questions are answered.

    a directory that has changed, and has then stayed as it is for a moment
      -> verified -> tried in a process of its own -> opened and tried here -> served

Whatever fails on the way is refused: the model before goes on answering, the log says why once, and so does `state`
until something else lies there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from pydantic import Field

from forecaster.artifact import FILES, OPTIONAL, Artifact, load_artifact
from forecaster.errors import CryptoSenseError
from forecaster.inference import EngineKind, Predictor, open_model, tried
from forecaster.schema import Frozen, ModelRef

INTERVAL = 5.0  # seconds between two looks; a new model is taken at the second that finds it unchanged

log = logging.getLogger(__name__)

Look = tuple[tuple[int, int, int] | None, ...]


class ModelState(Frozen):
    """Which model answers, and whether another one was refused."""

    loaded: ModelRef
    refused: str | None = Field(default=None, description="why the files in its directory are not used instead")


class Reloading:
    """Keeps up with the model in a directory.

    `serve` is called on the event loop with each model that is to answer from then on, such as LocalBackend.serve. What
    was begun with the model before ends with it. Its bands' widths are not carried over: they are multiples of that
    model's own quantiles, so the new one goes on from the widths in its artifact.
    """

    def __init__(
        self,
        directory: Path,
        loaded: Predictor,
        serve: Callable[[Predictor], None],
        kind: EngineKind = "onnx",
        *,
        interval: float = INTERVAL,
        trial: Callable[[Path, EngineKind], Awaitable[str]] = tried,
        opened: Callable[[Artifact], Predictor] | None = None,
    ) -> None:
        """`trial` tries a model's engine of that `kind`; `opened` opens what answers, where that is another one."""
        self._directory, self._serve, self._kind = directory.absolute(), serve, kind
        self._interval, self._trial, self._opened = interval, trial, opened or partial(open_model, kind=kind)
        self._seen: Look | None = None  # at the last look
        self._judged: Look | None = None  # when it was last verified
        self.state = ModelState(loaded=loaded.ref)

    async def run(self, stop: asyncio.Event) -> None:
        """Look every `interval` seconds until `stop`; a trial that is under way then is broken off."""
        watching = asyncio.create_task(self._watch())
        try:
            await stop.wait()
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def look(self) -> None:
        """Take what lies in the directory, if it is new, and was there unchanged at the look before."""
        seen = await asyncio.to_thread(_look, self._directory)
        if seen == self._seen != self._judged:
            await self._judge()
            self._judged = seen
        self._seen = seen

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._interval)

    async def _judge(self) -> None:
        try:
            artifact = await asyncio.to_thread(load_artifact, self._directory)
            if artifact.ref != self.state.loaded:
                if await self._trial(self._directory, self._kind) != artifact.sha256:
                    return  # it was replaced meanwhile: the next looks will see that
                self._serve(await asyncio.to_thread(self._opened, artifact))
                log.warning("The model %s, %s, answers from now on.", artifact.manifest.name, artifact.sha256)
            self.state = ModelState(loaded=artifact.ref)
        except CryptoSenseError as error:
            self._refuse(error.message.replace(f" in {self._directory}", ""))
        except Exception as error:
            self._refuse("It could not be read. The server's log says why.", error)

    def _refuse(self, why: str, error: Exception | None = None) -> None:
        if why != self.state.refused:
            words = "The model in %s is not used. %s The one before goes on answering."
            log.error(words, self._directory, why, exc_info=error)
        self.state = ModelState(loaded=self.state.loaded, refused=why)


def _look(directory: Path) -> Look:
    """What changes when a file of the artifact does."""
    return tuple(_of(directory / name) for name in ("manifest.json", *FILES, *OPTIONAL))


def _of(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
