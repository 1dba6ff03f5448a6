"""Teaches a network a second opinion on the next hour: what boosted trees say of the same hours.

examples --one epoch's draw--> told (n, 138) --LightGBM, a booster a level--> quantiles (n, Q) --> two dense layers

Trees err otherwise than networks, so that the mean of both is better than either; layers that learned what trees say
are small, fast, and part of one graph. Hinton, Vinyals, Dean (2015), "Distilling the knowledge in a neural network".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecaster.features import FLAGS, OTHER_KNOWN, SUBHOUR, SUBHOUR_KNOWN, Examples
from forecaster.networks.first_hour import COLUMNS, advised
from forecaster.quantiles import LEVELS, Floats
from forecaster.schema import WINDOW

if TYPE_CHECKING:
    import keras

# Levels with their rounds, as many as were best for the validation year; levels between are interpolated.
ROUNDS = {
    **{0.025: 160, 0.05: 200, 0.1: 180, 0.2: 130, 0.35: 85, 0.5: 50},
    **{0.65: 75, 0.8: 105, 0.9: 140, 0.95: 150, 0.975: 105},
}
# Chosen by the pinball loss at 1 h in the validation year, one after another: half-lives 2, 4 and none, 15, 31 and 63
# leaves, at least 300 and 1000 hours a leaf, 0.3 and 0.5 of the features. The worst of them lost 0.3 % more.
SETTINGS = {
    "objective": "quantile",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 1000,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
EPOCHS, BATCH, RATE, DECAY, AVERAGE = 15, 1024, 2e-3, 1e-3, 0.995  # of the layers that learn from the trees
BLOCK = 20_000  # examples whose windows are gathered at once

Progress = Callable[[float], None]  # the share that is done, 0..1


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Hours that trees learn from, and are asked about."""

    told: NDArray[np.float32]  # (n, 138), see COLUMNS
    moved: Floats  # (n,) log return of the next hour, in units of sigma
    weight: Floats  # (n,)


def with_second_opinion(
    network: "keras.Model", examples: Examples, drawn: int, hourly: float, seed: int, progress: Progress
) -> "keras.Model":
    """The network, advised by what trees say of the next hour.

    Of each hour of the clock it learns from no more than `drawn` examples; of a share `hourly` of the full hours,
    five-minute candles are hidden.
    """
    import keras

    made = advised(network)
    lesson = _lesson(made.asked, examples, drawn, hourly, np.random.default_rng(seed))
    taught = _trees(lesson, seed, lambda share: progress(0.75 * share))
    steps = EPOCHS * (1 + len(taught) // BATCH)
    optimizer = keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(RATE, steps), weight_decay=DECAY, use_ema=True, ema_momentum=AVERAGE
    )
    made.second.compile(optimizer=optimizer, loss="mae")
    made.second.fit(lesson.told, taught, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    progress(1.0)
    return made.network


def _lesson(asked: "keras.Model", examples: Examples, drawn: int, hourly: float, random: np.random.Generator) -> Lesson:
    take = examples.draw(drawn, random)
    parts = [asked.predict_on_batch(given) for given in _given(examples, examples.row[take], hourly, random)]
    told, sigma = (np.concatenate(each) for each in zip(*parts, strict=True))
    unit = sigma[:, 0].astype(np.float64)
    weight = examples.weight[take, 0, 0] * unit
    return Lesson(told, examples.target[take, 0] / unit, weight / weight.mean())


def _given(
    examples: Examples, rows: NDArray[np.int32], hourly: float, random: np.random.Generator
) -> Iterator[list[NDArray[np.float32]]]:
    """What the network is given of them, in blocks: of hours with candles, all that is known."""
    on_the_hour = examples.subhour[rows, SUBHOUR.index("past_00")] == 1
    known = np.ones((len(rows), FLAGS), np.float32)
    known[:, OTHER_KNOWN], known[:, SUBHOUR_KNOWN] = examples.known[rows].T
    known[on_the_hour & (random.random(len(rows)) < hourly), SUBHOUR_KNOWN] = 0
    for first in range(0, len(rows), BLOCK):
        row, flags = rows[first : first + BLOCK], known[first : first + BLOCK]
        window = examples.channels[row[:, None] + np.arange(1 - WINDOW, 1)]  # (n, 60, 6)
        yield [window, examples.context[row], examples.subhour[row], flags]


def _trees(lesson: Lesson, seed: int, progress: Progress) -> NDArray[np.float32]:
    """What a booster for each level says of the hours that it learned from: (n, Q), ascending."""
    import lightgbm

    data = lightgbm.Dataset(_columns(lesson.told), lesson.moved, weight=lesson.weight, free_raw_data=False)
    said = np.empty((len(lesson.moved), len(ROUNDS)), np.float32)
    for number, (level, rounds) in enumerate(ROUNDS.items()):
        booster = lightgbm.train({**SETTINGS, "seed": seed, "alpha": level}, data, rounds)
        said[:, number] = booster.predict(data.get_data(), num_threads=1)
        progress((number + 1) / len(ROUNDS))
    taught: NDArray[np.float32] = (np.sort(said, axis=1) @ BETWEEN).astype(np.float32)
    return taught


def _columns(told: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same as trees read them: hours, days and minutes as numbers, and NaN for minutes that are not known."""
    known = told[:, _MARK].max(axis=1, keepdims=True) > 0
    fine = np.where(known, told[:, _FINE], np.nan)
    numbers = [told[:, each].argmax(axis=1) for each in (_HOUR, _DAY, _MARK)]
    return np.column_stack([told[:, _REST], fine, *numbers]).astype(np.float32)


def _named(*heads: str) -> NDArray[np.bool_]:
    return np.array([name.startswith(heads) for name in COLUMNS])


_HOUR, _DAY, _MARK, _FINE = (_named(head) for head in ("hour_", "week_", "past_", "fine_"))
_REST = ~(_HOUR | _DAY | _MARK | _FINE)
_SCORE = {level: NormalDist().inv_cdf(level) for level in {*LEVELS, *ROUNDS}}
BETWEEN = np.array(  # (boosters, Q) weights of normal scores
    [np.interp([_SCORE[to] for to in LEVELS], [_SCORE[of] for of in ROUNDS], unit) for unit in np.eye(len(ROUNDS))]
)
