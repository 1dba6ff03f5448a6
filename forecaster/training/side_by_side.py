"""Networks trained in processes of their own, side by side: on a CPU, one of them uses little more than one core.

examples --.npy files--> python -m forecaster.training.side_by_side FOLDER SEED FILE --> a .keras file for each seed
                         tells the share that is done, a number a line

What a network is depends on its seed alone, so they are those that one process would train one after the other.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from forecaster.errors import ConfigurationError
from forecaster.features import Examples
from forecaster.installation import ROOT

if TYPE_CHECKING:
    from forecaster.training.fit import Progress, Recipe

TRIES = 2  # of each: the system may end one for want of memory


def train_side_by_side(
    examples: Examples, recipe: "Recipe", files: Mapping[int, Path], progress: "Mapping[int, Progress]", at_once: int
) -> None:
    """Write the network of each seed to its file; `progress` is told of each from several threads.

    Raises ConfigurationError where one cannot be trained.
    """
    with TemporaryDirectory() as folder, ThreadPoolExecutor(at_once) as threads:
        _write(examples, recipe, Path(folder))
        running = [threads.submit(_train, Path(folder), seed, files[seed], progress[seed]) for seed in files]
        for each in running:
            each.result()


def _write(examples: Examples, recipe: "Recipe", folder: Path) -> None:
    for field in fields(Examples):
        np.save(folder / f"{field.name}.npy", getattr(examples, field.name), allow_pickle=False)
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe)))


def _train(folder: Path, seed: int, file: Path, progress: "Progress") -> None:
    command = [sys.executable, "-m", "forecaster.training.side_by_side", str(folder), str(seed), str(file)]
    for _ in range(TRIES):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
            assert child.stdout is not None
            for line in child.stdout:
                progress(float(line))
        if child.returncode == 0:
            return
    raise ConfigurationError(
        f"Network {seed + 1} could not be trained: its process ended with code {child.returncode}.",
        "What it wrote stands above; a negative code means that the system ended it, mostly for want of memory.",
    )


def main() -> None:
    """One network, in a process of its own."""
    from forecaster.training.fit import Recipe, fit

    folder, seed, file = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    arrays = {each.name: np.load(folder / f"{each.name}.npy", mmap_mode="r") for each in fields(Examples)}
    recipe = Recipe(**json.loads((folder / "recipe.json").read_text()))
    network = fit(Examples(**arrays), recipe, seed, partial(print, flush=True))
    unfinished = file.with_name(f".{file.name}")
    network.save(unfinished)
    unfinished.replace(file)


if __name__ == "__main__":
    main()
