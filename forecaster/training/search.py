"""Tries settings of the quantile recipe: networks that learned from hours before the validation year are scored on it.

SPACE --draws of a seed--> candidates, the shipped one first --a Trainer--> networks, kept --validation year--> a table

The hours that are graded are cut off first. Nothing is published: who likes a candidate writes it into Recipe.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import AwareDatetime, Field

from forecaster.errors import ConfigurationError, InvalidInput, NotTrained
from forecaster.features import Market
from forecaster.inference import KerasEngine, Progress, backtest
from forecaster.market import BITCOIN, ETHER, Candles
from forecaster.quantiles import MEDIAN, crps
from forecaster.schema import Frozen, Symbol
from forecaster.training.calibrate import graded_of
from forecaster.training.quantile import Split, check, known_by, markets_to_learn, until_and_split
from forecaster.training.side_by_side import on_this_machine
from forecaster.training.trainings import Trainer, Training, kept, plan, shipped, train

if TYPE_CHECKING:
    from forecaster.training.fit import Recipe

SPACE: dict[str, tuple[float, ...]] = {  # none of them changes what a network learns from: candidates share that
    "units": (16, 24, 32, 48, 64),
    "dense": (32, 64, 96, 128),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4),
    "decay": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    "epochs": (1, 2, 3),
}
RATES = (5e-4, 8e-3)  # between which learning rates are drawn, evenly in their logarithm
HOURS = (1, 6, 24)  # ahead, that are scored; the first one decides
MOST = 1000  # candidates


class Candidate(Frozen):
    """Settings that were tried, and what came of them: CRPS of log returns times 10,000, before calibration."""

    number: int = Field(ge=0, description="in the order drawn; 0 is what ships")
    settings: dict[str, int | float]
    score: float | None = Field(default=None, description="mean CRPS of both coins at 1 h, less is better")
    crps: dict[Symbol, dict[str, float]] = Field(default={}, description="by coin, at '1', '6' and '24' hours")
    mae_skill: dict[Symbol, float] = Field(default={}, description="1 - MAE / that of 'no change', of returns at 1 h")
    why: str | None = Field(default=None, description="why there is no score")


class Search(Frozen):
    """Candidates, the best first and those without a score last, and on which hours they were scored."""

    start: AwareDatetime
    stop: AwareDatetime
    seed: int
    candidates: tuple[Candidate, ...]

    def in_words(self) -> str:
        """A table for a terminal."""
        names = (*SPACE, "rate")
        columns = [f"{symbol[:3]} {hours}h" for symbol in (BITCOIN, ETHER) for hours in HOURS]
        lines = [
            f"CRPS x1e4 on the hours from {self.start:%Y-%m-%d} to {self.stop:%Y-%m-%d}, before calibration; "
            "sorted by the mean at 1 h. Candidate 0 is what ships.",
            "".join(f"{name:>9}" for name in ("number", "score", *columns, *names)),
        ]
        for each in self.candidates:
            settings = "".join(f"{each.settings[name]:>9g}" for name in names)
            scores = [each.score or 0.0, *(value for of in each.crps.values() for value in of.values())]
            told = "".join(f"{value:>9.3f}" for value in scores) if each.why is None else f" {each.why}"
            lines.append(f"{each.number:>9}{told}{settings if each.why is None else ''}")
        return "\n".join(lines)


def search(
    btc: Candles,
    eth: Candles,
    count: int,
    seed: int,
    progress: Progress,
    recipe: "Recipe | None" = None,
    split: Split | None = None,
    keep: Path | None = None,
    coins: Mapping[Symbol, Candles] | None = None,
    fine: Mapping[Symbol, Candles] | None = None,
    until: datetime | None = None,
    trainer: Trainer | None = None,
) -> Search:
    """Try `count` candidates, one network each; those in `keep` are not trained again. The rest is as `train_quantile`.

    One that cannot be trained, or forecasts no numbers, is listed with why. Raises InvalidInput for no or too many
    candidates, DataFileError for too few hours, and ConfigurationError where nothing can be trained at all.
    """
    if not 1 <= count <= MOST:
        raise InvalidInput(f"{count} candidates cannot be tried.", f"Try 1 to {MOST}.")
    _, split = until_and_split(until, split)
    recipes = drawn(count, seed, recipe or shipped())
    progress("features", 0.0)
    hours = known_by(split.test, {**(coins or {}), BITCOIN: btc, ETHER: eth})
    markets = markets_to_learn(hours, known_by(split.test, fine or {}))
    check(markets, split)
    with kept(keep) as folder:
        trainings = _plan(recipes, markets, split, folder)
        failed: Mapping[Path, ConfigurationError] = {}
        try:
            train(trainings, progress, trainer or on_this_machine)
        except NotTrained as error:
            failed = error.why
        tried = []
        for number, each in enumerate(trainings):
            progress(f"scoring candidate {number}", number / count)
            refusal = failed.get(each.file)
            tried.append(_scored(number, each, graded_of(markets), split, str(refusal) if refusal else None))
    tried.sort(key=lambda each: (each.score is None, each.score or 0.0))
    return Search(start=split.validation, stop=split.test, seed=seed, candidates=tuple(tried))


def drawn(count: int, seed: int, shipped: "Recipe") -> "list[Recipe]":
    """The shipped settings, and draws beside them; how many are drawn changes none of them."""
    recipes = [replace(shipped, seeds=1)]
    for number in range(1, count):
        random = np.random.default_rng([seed, number])
        settings: dict[str, Any] = {name: of[random.integers(len(of))] for name, of in SPACE.items()}
        rate = float(f"{np.exp(random.uniform(*np.log(RATES))):.2g}")
        recipes.append(replace(recipes[0], rate=rate, **settings))
    return recipes


def _plan(recipes: "Sequence[Recipe]", markets: tuple[Market, ...], split: Split, keep: Path) -> list[Training]:
    """A network for each, in a folder that its settings name; all learn from the same."""
    (first,) = plan(markets, split.validation, keep, recipes[0])
    trainings = []
    for number, recipe in enumerate(recipes):
        name = hashlib.sha256(json.dumps(asdict(recipe), sort_keys=True).encode()).hexdigest()[:16]
        file, doing = keep / name / first.file.name, f"candidate {number}"
        trainings.append(replace(first, file=file, doing=doing, recipe=recipe))
    return trainings


def _scored(number: int, training: Training, markets: tuple[Market, ...], split: Split, why: str | None) -> Candidate:
    """By the forecasts of the validation year, of which no outcome closes after it."""
    settings = {name: getattr(training.recipe, name) for name in (*SPACE, "rate")}
    if why:
        return Candidate(number=number, settings=settings, why=why)
    engine = KerasEngine(training.file.read_bytes())
    scores: dict[Symbol, dict[str, float]] = {}
    skills: dict[Symbol, float] = {}
    for market in markets:
        rows = market.issued(split.validation.timestamp(), split.test.timestamp())
        quantiles, outcome = backtest(engine, market, rows, "full"), market.closed(rows, split.test.timestamp())
        if not np.isfinite(quantiles).all():
            return Candidate(number=number, settings=settings, why="It forecasts no numbers: it learned too fast.")
        known = {hours: np.isfinite(outcome[:, hours - 1]) for hours in HOURS}
        losses = {hours: crps(quantiles[at, hours - 1], outcome[at, hours - 1]) for hours, at in known.items()}
        scores[market.symbol] = {str(hours): float(1e4 * loss.mean()) for hours, loss in losses.items()}
        moved, median = outcome[known[1], 0], quantiles[known[1], 0, MEDIAN]
        skills[market.symbol] = 1 - float(np.abs(moved - median).mean() / np.abs(moved).mean())
    score = float(np.mean([of["1"] for of in scores.values()]))
    return Candidate(number=number, settings=settings, score=score, crps=scores, mae_skill=skills)
