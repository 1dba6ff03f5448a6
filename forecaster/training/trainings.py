"""Trainings that do not need each other: what each is, and how those that are missing are done.

plan         a training for each seed of an ensemble, which share their examples
train        one whose file is there is not repeated: what was interrupted goes on
a Trainer    does the others: processes of this machine (side_by_side.py), or a cluster's (the package `cluster`)

What a network is depends on its training alone, so that it is the same wherever that is done.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import ConfigurationError
from forecaster.features import Examples, Market
from forecaster.inference import Progress
from forecaster.schema import HOUR

if TYPE_CHECKING:
    import keras

    from forecaster.training.fit import Recipe


@dataclass(frozen=True, slots=True)
class Training:
    """One network to be trained."""

    file: Path  # where it is kept
    doing: str  # what people are told
    examples: Callable[[], Examples]  # made when its turn comes; the same object for all that share them
    recipe: "Recipe"
    seed: int


Tell = Callable[[Training, float], None]  # the share of one that is done, 0..1; from any thread
Trainer = Callable[[Sequence[Training], Tell], None]  # writes each one's file; raises NotTrained after the others


def plan(
    markets: tuple[Market, ...], stop: datetime, folder: Path, recipe: "Recipe | None" = None, what: str = "hours"
) -> list[Training]:
    """A network for each seed, trained on hours whose targets close before `stop`, to be kept in `folder`.

    A network that was trained on other hours, or by another recipe, is kept beside it and not taken for it. Raises
    ConfigurationError without TensorFlow or LightGBM.
    """
    recipe = recipe or shipped()
    of = f"{stop:%Y-%m-%dT%H}_{{}}_{fingerprint(markets, stop.timestamp(), recipe)}.keras"
    examples = partial(examples_of, stop.timestamp(), markets, recipe)
    doing = f"{what} until {stop:%Y-%m-%d}, network {{}} of {recipe.seeds}"
    return [
        Training(folder / of.format(seed), doing.format(seed + 1), examples, recipe, seed)
        for seed in range(recipe.seeds)
    ]


def fingerprint(markets: Sequence[Market], stop: float, recipe: "Recipe") -> str:
    """Eight digits of what a network learns from before `stop` (Unix s), and how; the seed apart."""
    digest = sha256(repr(recipe).encode())
    for market in markets:
        rows = int(np.searchsorted(market.time, stop - HOUR, side="right"))
        minutes = market.hours.minutes
        digest.update(f"|{market.symbol}|{rows}|".encode())
        for column in (market.time, market.close, market.hours.channels, minutes.values, minutes.known):
            digest.update(np.ascontiguousarray(column[:rows]).data)
    return digest.hexdigest()[:8]


def shipped() -> "Recipe":
    """The recipe of the model that ships. Raises ConfigurationError without TensorFlow or LightGBM."""
    try:
        import lightgbm  # noqa: F401  # a part of each training asks for it, when much is done already

        from forecaster.training.fit import Recipe
    except ImportError as error:
        raise ConfigurationError(
            "Training needs TensorFlow and LightGBM.", "Install them with: pip install -e '.[train]'"
        ) from error
    return Recipe()


def train(trainings: Sequence[Training], progress: Progress, trainer: Trainer) -> None:
    """Do those whose network is not there. Raises NotTrained where some cannot be done, once the others are."""
    missing = [each for each in trainings if not each.file.exists()]
    if missing:
        for each in missing:
            each.file.parent.mkdir(parents=True, exist_ok=True)
        trainer(missing, Board(trainings, missing, progress).tell)


def networks(trainings: Sequence[Training]) -> "list[keras.Model]":
    """Those that were trained."""
    from forecaster.training.fit import reopened

    return [reopened(each.file) for each in trainings]


@contextmanager
def kept(folder: Path | None) -> Iterator[Path]:
    """Where networks are kept: in that folder, else in one that is gone afterwards."""
    with TemporaryDirectory() as passing:
        yield folder or Path(passing)


def keep_whole(file: Path, write: Callable[[Path], object]) -> None:
    """What `write` writes is there under its name once it is complete."""
    unfinished = file.with_name(f".{file.name}")
    write(unfinished)
    unfinished.replace(file)


def arrays_of(examples: Examples) -> dict[str, NDArray[Any]]:
    """Examples by the names of their fields, as they travel."""
    return {each.name: getattr(examples, each.name) for each in fields(Examples)}


def examples_of(stop: float, markets: tuple[Market, ...], recipe: "Recipe") -> Examples:
    """What a network of that recipe learns from before `stop` (Unix s)."""
    return Examples.before(
        stop,
        markets,
        recipe.half_life,
        recipe.first,
        drawn=recipe.drawn,
        fresh=recipe.fresh,
        others=recipe.others,
    )


class Board:
    """Tells how far all of them are together, and which of them went on."""

    def __init__(self, all_of_them: Sequence[Training], missing: Sequence[Training], progress: Progress) -> None:
        self._shares = {each.file: 0.0 if each in missing else 1.0 for each in all_of_them}
        self._progress, self._lock = progress, Lock()

    def tell(self, training: Training, share: float) -> None:
        """One of them has come so far."""
        with self._lock:
            self._shares[training.file] = share
            done, count = sum(each >= 1 for each in self._shares.values()), len(self._shares)
            self._progress(f"{training.doing} ({done} of {count} done)", sum(self._shares.values()) / count)
