"""Networks trained in processes of their own, side by side: on a CPU, one of them uses little more than one core.

examples --.npy files--> python -c CHILD FOLDER SEED FILE RECIPE --> a .keras file for each
                         tells the share that is done, a number a line
"""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import ConfigurationError, NotTrained
from forecaster.features import Examples
from forecaster.installation import ROOT
from forecaster.training.trainings import Tell, Training, arrays_of, keep_whole

CHILD = "from forecaster.training.side_by_side import main; main()"  # -m would warn that the package has imported it
TRIES = 2  # of each: the system may end one for want of memory


def on_this_machine(trainings: Sequence[Training], tell: Tell) -> None:
    """Train them on a GPU one after the other, else in as many processes as there are cores: a Trainer."""
    from forecaster.training.fit import side_by_side

    if len(trainings) > 1 and (at_once := side_by_side()) > 1:
        in_processes(trainings, tell, at_once)
    else:
        in_turn(trainings, tell)


def in_turn(trainings: Sequence[Training], tell: Tell) -> None:
    """Train one after the other in this process: a Trainer."""
    from forecaster.training.fit import fit

    failed: dict[Path, ConfigurationError] = {}
    for made, alike in groupby(trainings, lambda each: each.examples):
        examples = made()
        for each in alike:
            try:
                keep_whole(each.file, fit(examples, each.recipe, each.seed, partial(tell, each)).save)
            except Exception as error:  # Keras and what runs it raise classes of their own
                failed[each.file] = ConfigurationError(
                    f"Nothing was learned from {each.doing}: {type(error).__name__}.",
                    "Mostly the memory does not suffice: train in smaller batches, or narrower networks.",
                )
                failed[each.file].__cause__ = error
    if failed:
        raise NotTrained(failed) from next(iter(failed.values()))


def in_processes(trainings: Sequence[Training], tell: Tell, at_once: int) -> None:
    """Train each in a process of its own, so many at once; one that fails does not end the others.

    Raises NotTrained where some cannot be trained.
    """
    folders, failed = _Folders(trainings), {}
    with ThreadPoolExecutor(at_once) as threads:
        running = {threads.submit(_train, each, folders, tell): each for each in trainings}
        for each, training in running.items():
            try:
                each.result()
            except ConfigurationError as error:
                failed[training.file] = error
    if failed:
        raise NotTrained(failed)


def network_bytes(
    arrays: Mapping[str, NDArray[Any]], recipe: Mapping[str, Any], seed: int, tell: Callable[[float], None]
) -> bytes:
    """A network trained in this process, as a .keras file holds it; `arrays` are those of `arrays_of`."""
    from forecaster.training.fit import Recipe, fit

    network = fit(Examples(**arrays), Recipe(**recipe), seed, tell)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        network.save(file)
        return file.read_bytes()


class _Folders:
    """Examples as files: written when the first training that needs them begins, removed after the last."""

    def __init__(self, trainings: Sequence[Training]) -> None:
        self._left = Counter(each.examples for each in trainings)
        self._open: dict[Callable[[], Examples], TemporaryDirectory[str]] = {}
        self._lock = Lock()  # so that two are never made at once, for want of memory

    @contextmanager
    def of(self, training: Training) -> Iterator[Path]:
        made = training.examples
        with self._lock:
            if made not in self._open:
                self._open[made] = TemporaryDirectory()
                _write(training, Path(self._open[made].name))
        try:
            yield Path(self._open[made].name)
        finally:
            with self._lock:
                self._left[made] -= 1
                if not self._left[made]:
                    self._open.pop(made).cleanup()


def _write(training: Training, folder: Path) -> None:
    for name, array in arrays_of(training.examples()).items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)


def _train(training: Training, folders: _Folders, tell: Tell) -> None:
    with folders.of(training) as folder:
        where = (str(folder), str(training.seed), str(training.file), json.dumps(asdict(training.recipe)))
        command = [sys.executable, "-c", CHILD, *where]
        for _ in range(TRIES):
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
                assert child.stdout is not None
                for line in child.stdout:
                    tell(training, float(line))
            if child.returncode == 0:
                return
    raise ConfigurationError(
        f"Nothing was learned from {training.doing}: its process ended with code {child.returncode}.",
        "What it wrote stands above; a negative code means that the system ended it, mostly for want of memory.",
    )


def main() -> None:
    """One network, in a process of its own."""
    folder, seed, file = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    arrays = {each.name: np.load(folder / f"{each.name}.npy", mmap_mode="r") for each in fields(Examples)}
    network = network_bytes(arrays, json.loads(sys.argv[4]), seed, partial(print, flush=True))
    keep_whole(file, lambda unfinished: unfinished.write_bytes(network))
