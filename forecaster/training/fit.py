"""Fits one quantile network on whatever device Keras sees, a GPU where there is one.

The hours lie on the device once, as two arrays; a batch brings row numbers, and windows are gathered there.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecaster.features import FLAGS, OTHER_KNOWN, SUBHOUR, SUBHOUR_KNOWN, Examples
from forecaster.networks.ascending import Tensor
from forecaster.networks.quantile import DENSE, DROPOUT, UNITS, network_inputs, pinball, quantile_network
from forecaster.quantiles import MEDIAN
from forecaster.schema import WINDOW
from forecaster.training.distillation import Progress, with_second_opinion

WARM_UP = 100  # steps
NETWORK = 0.4  # share of a training that the network takes, where trees teach it after
LAST_RATE = 0.02  # of the learning rate, at the end of its cosine


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the networks are trained. docs/training.md says what else was tried."""

    seeds: int = 1
    epochs: int = 2
    batch: int = 512
    rate: float = 2e-3
    decay: float = 1e-3
    average: float = 0.995  # the weights that are kept are a moving average over steps
    half_life: float = 3.0  # years, of an example's weight
    first: float = 10.0  # times that the 1 h horizon counts
    median: float = 0.5  # times that the median's own loss counts, beside the mean over all levels
    closes_only: float = 0.25  # share of examples of which only closes are shown
    alone: float = 0.10  # share of which the other symbol is hidden
    hourly: float = 0.25  # share of full hours of which five-minute candles are hidden
    drawn: int = 3  # forecasts within one hour of the clock that an epoch shows at most
    fresh: float = 2.0  # how much more than one such an hour counts at 1 h, see Examples.before
    others: float = 0.5  # times that all coins but BTC and ETH count together
    units: int = UNITS  # of the LSTM
    dense: int = DENSE  # of the layer after it
    dropout: float = DROPOUT
    distilled: bool = True  # whether boosted trees give a second opinion on the next hour


def fit(examples: Examples, recipe: Recipe, seed: int, progress: Progress) -> keras.Model:
    """A trained network, with a second opinion on the next hour where the recipe says so."""
    keras.utils.set_random_seed(seed)
    share = NETWORK if recipe.distilled else 1.0
    network = _fitted(examples, recipe, seed, lambda done: progress(share * done))
    if not recipe.distilled:
        return network

    def taught(done: float) -> None:
        progress(share + (1 - share) * done)

    return with_second_opinion(network, examples, recipe.drawn, recipe.hourly, seed, taught)


def _fitted(examples: Examples, recipe: Recipe, seed: int, progress: Progress) -> keras.Model:
    """The network alone. What lies on the device for it is gone once it is trained."""
    network = quantile_network(recipe.units, recipe.dense, recipe.dropout)
    if not keras.distribution.list_devices("gpu"):
        network.get_layer("lstm").supports_jit = True  # without cuDNN it compiles, and takes three quarters of the time
    row = keras.Input((1,), dtype="int32", name="row")
    known = network_inputs()[-1]
    window, context, subhour = _Gather(examples.channels, examples.context, examples.subhour)(row)
    trainer = keras.Model([row, known], network([window, context, subhour, known]))
    batches = Batches(examples, recipe, seed)
    steps = len(batches) * recipe.epochs
    optimizer = keras.optimizers.AdamW(
        _Cosine(recipe.rate, steps),
        weight_decay=recipe.decay,
        global_clipnorm=1.0,
        use_ema=True,
        ema_momentum=recipe.average,
    )
    trainer.compile(optimizer=optimizer, loss=_loss(recipe.median))
    trainer.fit(batches, epochs=recipe.epochs, verbose=0, callbacks=[_Told(steps, progress)])
    return settled(network)


def settled(network: keras.Model) -> keras.Model:
    """A trained network, whose minutes no longer move the median.

    In training they do, so that what is particular to the forecasts between full hours is learned there, and not by
    what tells the median at full hours, which is more predictable. What that is was chance in the validation year.
    """
    layer = network.get_layer("centre_minutes")
    layer.set_weights([np.zeros_like(each) for each in layer.get_weights()])
    return network


def side_by_side() -> int:
    """How many networks are best trained at once on this machine: one on a GPU, else one for each core."""
    return 1 if keras.distribution.list_devices("gpu") else (os.cpu_count() or 1)


def reopened(path: Path) -> keras.Model:
    """A network that was trained and saved earlier."""
    return keras.models.load_model(path, compile=False, safe_mode=True)


def _loss(median: float) -> Callable[[Tensor, Tensor], Tensor]:
    def loss(truth: Tensor, quantiles: Tensor) -> Tensor:
        """Log returns with their two weights (B, 24, 3) against quantiles (B, 24, Q) -> (B,)."""
        actual, of_all, of_median = truth[:, :, 0], truth[:, :, 1], truth[:, :, 2]
        middle = 0.5 * ops.abs(actual - quantiles[:, :, MEDIAN])
        return ops.mean(pinball(actual, quantiles) * of_all + median * middle * of_median, axis=-1)

    return loss


@keras.saving.register_keras_serializable("cryptosense")
class _Gather(keras.layers.Layer):
    """Row numbers (B, 1) to windows (B, 60, 6), contexts (B, C) and minutes (B, S), from arrays on the device."""

    def __init__(self, *arrays: NDArray[np.float32]) -> None:
        super().__init__(trainable=False)
        self.arrays = [self.add_weight(shape=each.shape, initializer="zeros", trainable=False) for each in arrays]
        for held, each in zip(self.arrays, arrays, strict=True):
            held.assign(each)
        self.past = np.arange(1 - WINDOW, 1, dtype="int32")

    def call(self, row: Tensor) -> tuple[Tensor, ...]:
        channels, *newest = self.arrays
        return ops.take(channels, row + self.past, axis=0), *(ops.take(each, row[:, 0], axis=0) for each in newest)


class Batches(keras.utils.PyDataset):
    """Shuffled batches of row numbers, of what is shown of each, and of targets with their weights."""

    def __init__(self, examples: Examples, recipe: Recipe, seed: int) -> None:
        super().__init__()
        self._examples, self._recipe = examples, recipe
        self._truth = np.concatenate([examples.target[:, :, None], examples.weight], axis=2)  # (n, 24, 3)
        self._on_the_hour = examples.subhour[:, SUBHOUR.index("past_00")] == 1
        self._random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return max(1, len(self._order) // self._recipe.batch)

    def __getitem__(self, index: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32]]:
        take = self._order[index * self._recipe.batch : (index + 1) * self._recipe.batch]
        row, draw = self._examples.row[take], self._random.random(len(take))
        known = np.ones((len(take), FLAGS), np.float32)
        known[:, OTHER_KNOWN] = self._examples.known[row, 0] * (draw < 1 - self._recipe.alone)
        hidden = self._on_the_hour[row] & (self._random.random(len(take)) < self._recipe.hourly)
        known[:, SUBHOUR_KNOWN] = self._examples.known[row, 1] * ~hidden
        known[draw < self._recipe.closes_only] = 0
        return {"row": row[:, None], "known": known}, self._truth[take]

    def on_epoch_end(self) -> None:
        """Draw what the next epoch shows: of each hour of the clock no more than the recipe's number, in any order."""
        self._order = self._examples.draw(self._recipe.drawn, self._random)


@keras.saving.register_keras_serializable("cryptosense")
class _Cosine(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up, then half a cosine down to a fiftieth of the rate."""

    def __init__(self, rate: float, steps: int) -> None:
        self.rate, self.steps = rate, steps

    def __call__(self, step: Tensor) -> Tensor:
        step = ops.cast(step, "float32")
        fall = 0.5 * (1 + ops.cos(np.pi * ops.minimum(step / self.steps, 1.0)))
        return self.rate * ops.minimum(step / WARM_UP, 1.0) * (LAST_RATE + (1 - LAST_RATE) * fall)

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate, "steps": self.steps}


class _Told(keras.callbacks.Callback):
    """Tells the share of steps that are done."""

    def __init__(self, steps: int, progress: Progress) -> None:
        super().__init__()
        self._steps, self._progress, self._done = steps, progress, 0

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._done += 1
        if self._done % 20 == 0 or self._done == self._steps:
            self._progress(self._done / self._steps)
