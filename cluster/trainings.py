"""Trainings as tasks of Ray, on every machine of a cluster: each asks for a GPU where there are some, else for a core.

examples --Ray's object store--> a task for each network --bytes--> its file, beside the command that asked for it

A network that is there stays; a task whose worker or machine is lost begins again, on another one where there is one.
"""

import logging
import signal
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cluster.ray_node import GCS_PORT, head, prepare
from forecaster.errors import ConfigurationError, NotTrained

if TYPE_CHECKING:  # replicas import this package and need none of it
    from forecaster.training import Tell, Trainer, Training

HERE = "here"  # instead of an address: a cluster that is there for as long as it is used
TRIES = 3  # of a training, after its worker was lost
REACHED = 10.0  # seconds within which a cluster's first machine takes a connection
LOOKS = 1.0  # seconds between looks at what has come of them
NEARLY = 0.999  # done, while its network is not here yet


@contextmanager
def on_ray(address: str, token: str, say: Callable[[str], None], port: int = GCS_PORT) -> "Iterator[Trainer]":
    """What trains on the cluster at HOST:PORT, a machine of which this one is; `say` is told how others join.

    Raises ConfigurationError without Ray, and where there is no such cluster.
    """
    with ExitStack() as stack:
        if address == HERE:
            address = stack.enter_context(head(token, port))
            say(f"Ray is at {address}. Others join with: cluster --join {address}")
        else:
            prepare(token)
        _look_at(address)
        import ray

        try:
            ray.init(address=address, logging_level=logging.ERROR, configure_logging=False, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
            raise _none(address) from error
        stack.callback(ray.shutdown)
        for each in (signal.SIGINT, signal.SIGTERM):  # only now: Ray has handlers of its own, which abort
            signal.signal(each, signal.default_int_handler)
        yield _train


def _look_at(address: str) -> None:
    """Raises ConfigurationError where nothing listens at HOST:PORT, which Ray itself would try for minutes."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), REACHED).close()
        except (OSError, ValueError) as error:
            raise _none(address) from error


def _none(address: str) -> ConfigurationError:
    return ConfigurationError(
        f"There is no cluster at {address} that this machine is in, or it has another token.",
        "Start one here by --ray without an address, or join it: cluster --join HOST:PORT.",
    )


class _Shares:
    """How far each training is: an actor beside the command, which tasks tell."""

    def __init__(self) -> None:
        self._shares: dict[int, float] = {}

    def tell(self, number: int, share: float) -> None:
        self._shares[number] = share

    def told(self) -> dict[int, float]:
        return self._shares


def _network(arrays: dict[str, Any], recipe: dict[str, Any], seed: int, number: int, shares: Any) -> bytes:
    """The task."""
    from forecaster.training import network_bytes

    return network_bytes(arrays, recipe, seed, partial(shares.tell.remote, number))


def _train(trainings: "Sequence[Training]", tell: "Tell") -> None:
    """A Trainer: as many at once as the cluster has GPUs or cores, those of machines that join meanwhile too."""
    import ray

    from forecaster.training import arrays_of

    gpu = 1 if ray.cluster_resources().get("GPU") else 0
    task = ray.remote(max_retries=TRIES, num_gpus=gpu, num_cpus=1 - gpu)(_network)
    shares, waiting = _beside_this_process(_Shares), deque(enumerate(trainings))
    running: dict[Any, tuple[int, Training]] = {}
    held: dict[Callable[[], object], Any] = {}
    lost: dict[Path, ConfigurationError] = {}
    while waiting or running:
        while waiting and len(running) < _places():
            number, each = waiting.popleft()
            if each.examples not in held:
                held[each.examples] = ray.put(arrays_of(each.examples()))
            begun = task.remote(held[each.examples], asdict(each.recipe), each.seed, number, shares)
            running[begun] = number, each
        done, _ = ray.wait(list(running), timeout=LOOKS)
        told = ray.get(shares.told.remote())
        for number, each in running.values():
            tell(each, min(told.get(number, 0.0), NEARLY))
        for begun in done:
            each = running.pop(begun)[1]
            if refusal := _finished(each, begun, tell):
                lost[each.file] = refusal
        needed = {each.examples for _, each in (*waiting, *running.values())}
        held = {made: at for made, at in held.items() if made in needed}
    if lost:
        raise NotTrained(lost)


def _finished(training: "Training", begun: Any, tell: "Tell") -> ConfigurationError | None:
    """Write the network of a task that has ended; what to say where it failed."""
    import ray

    from forecaster.training import keep_whole

    try:
        network: bytes = ray.get(begun)
    except ray.exceptions.RayError as error:
        why = str(error).strip().splitlines()
        return ConfigurationError(
            f"Nothing was learned from {training.doing}: {why[-1] if why else type(error).__name__}",
            "Every machine of the cluster needs the extra `train`, and memory; what is done is kept where --keep says.",
        )
    keep_whole(training.file, lambda unfinished: unfinished.write_bytes(network))
    tell(training, 1.0)
    return None


def _places() -> int:
    import ray

    resources = ray.cluster_resources()
    return max(1, int(resources.get("GPU") or resources.get("CPU", 1)))


def _beside_this_process(kind: type) -> Any:
    """An actor on this machine: it is there for as long as the command is."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(num_cpus=0)(kind).options(scheduling_strategy=here).remote()
