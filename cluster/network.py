"""The network in a deployment of its own, on a GPU where the cluster has one: what all replicas ask runs together.

    replicas --(model, inputs)--> Network: the questions of a moment, in one run --> quantiles

A replica that gets no answer runs ONNX Runtime itself, and asks again a little later.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from cachetools import LRUCache
from numpy.typing import NDArray

from forecaster.artifact import Artifact, load_artifact
from forecaster.errors import ArtifactError
from forecaster.inference import Engine, EngineKind, Inputs, Named, OnnxEngine, open_engine, open_model, run_together
from forecaster.settings import Settings

log = logging.getLogger(__name__)

TOGETHER, WAITS = 64, 0.002  # questions in one run, and seconds that the first of them waits for others
INSIDE = 1024  # questions at once
MODELS = 3  # that are kept open: while replicas change over, some still ask the one before
PATIENCE = 10.0  # seconds for an answer
RESTS = 10.0  # seconds after a failure in which nobody is asked
HEALTH, STARTS = 5.0, 300.0  # seconds between health checks, and for one: the first waits for TensorFlow


class Question(NamedTuple):
    """What a replica asks."""

    sha256: str  # of the model
    inputs: Named  # each (windows, ...) float32


class Network:
    """The networks of the models in a directory, each opened when it is first asked for."""

    def __init__(self, settings: str, opened: Callable[[Artifact, EngineKind], Engine] = open_engine) -> None:
        """`settings` are those that were set where the service was started, in JSON. Raises ArtifactError."""
        self._settings, self._opened = Settings.load(**json.loads(settings)), opened
        artifact = load_artifact(self._settings.model_dir)
        self._engines: LRUCache[str, Engine] = LRUCache(MODELS)
        self._engines[artifact.sha256] = self._tried(artifact)

    def answers(self, asked: Sequence[Question]) -> list[NDArray[np.float32] | Exception]:
        """An answer (windows, ...) float32 to each question in their order, or why there is none."""
        alike: dict[tuple[str, str], list[int]] = {}
        for place, question in enumerate(asked):
            alike.setdefault(_kind(question), []).append(place)
        found: dict[int, NDArray[np.float32] | Exception] = {}
        for (sha256, _), places in alike.items():
            found |= zip(places, self._run(sha256, [asked[place].inputs for place in places]), strict=True)
        return [found[place] for place in range(len(asked))]

    def _run(self, sha256: str, asked: Sequence[Named]) -> list[NDArray[np.float32] | Exception]:
        try:
            return run_together(self._engine(sha256), asked)
        except ArtifactError as error:
            return [error] * len(asked)

    def _engine(self, sha256: str) -> Engine:
        if sha256 not in self._engines:
            artifact = load_artifact(self._settings.model_dir)
            if artifact.sha256 != sha256:
                raise ArtifactError(
                    "The machine that runs the network has another model.", "Give all machines of a cluster the same."
                )
            self._engines[sha256] = self._tried(artifact)
        return self._engines[sha256]

    def _tried(self, artifact: Artifact) -> Engine:
        """Its engine, which has forecast: what that takes the first time nobody waits for."""
        engine = self._opened(artifact, self._settings.engine)
        open_model(artifact, self._settings.engine, lambda *_: engine)
        return engine


def _kind(question: Question) -> tuple[str, str]:
    """What can run together has the same: the model, and the shape of a window."""
    return question.sha256, str({name: values.shape[1:] for name, values in sorted(question.inputs.items())})


class Answering(Protocol):
    """A deployment that is asked; Ray Serve's handle of it."""

    @property
    def run(self) -> Any:
        """With `remote`, which takes a Question and gives what has `result(timeout_s=...)`."""
        ...


class RemoteEngine:
    """An Engine whose runs another process does; to be called from threads."""

    def __init__(self, network: Answering, artifact: Artifact, clock: Callable[[], float] = time.monotonic) -> None:
        self._network, self._sha256, self._clock = network, artifact.sha256, clock
        self._own = OnnxEngine(artifact.files["model.onnx"])
        self._rests_until = -RESTS

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Inputs (windows, ...) float32 -> (windows, ...) float32, a row for each window."""
        if self._clock() < self._rests_until:
            return self._own.run(inputs)
        named = dict(inputs) if isinstance(inputs, Mapping) else {"": inputs}
        try:
            answer: NDArray[np.float32] = self._network.run.remote(Question(self._sha256, named)).result(
                timeout_s=PATIENCE
            )
        except Exception as error:  # Ray raises its own, and those of the other process
            log.warning("The deployed network gave no answer (%s); this replica answers itself.", type(error).__name__)
            self._rests_until = self._clock() + RESTS
            return self._own.run(inputs)
        return answer


def deployment(settings: str, gpus: float) -> Any:
    """The network for `serve.run`, on so much of a GPU; none where it is 0."""
    from ray import serve

    class Served(Network):
        @serve.batch(max_batch_size=TOGETHER, batch_wait_timeout_s=WAITS)
        async def _together(self, asked: list[Question]) -> list[NDArray[np.float32] | Exception]:
            return await asyncio.to_thread(self.answers, asked)

        async def run(self, question: Question) -> NDArray[np.float32]:
            answer: NDArray[np.float32] | Exception = await self._together(question)
            if isinstance(answer, Exception):
                raise answer
            return answer

    return serve.deployment(
        name="network",
        max_ongoing_requests=INSIDE,
        health_check_period_s=HEALTH,
        health_check_timeout_s=STARTS,
        ray_actor_options={"num_cpus": 1, "num_gpus": gpus},
        logging_config={"enable_access_log": False, "log_level": "WARNING"},
    )(Served).bind(settings)
