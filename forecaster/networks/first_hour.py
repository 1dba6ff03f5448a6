"""A second opinion on the next hour, in the same graph as the network that speaks of all 24.

    level, fine, sigma --Told--> told (B, n) --two dense layers--> quantiles of the next hour, in units of sigma
    the network's own quantiles (B, 24, Q) and those --FirstHour--> (B, 24, Q)

What it says it learns from boosted trees (training/distillation.py), which err otherwise than the network: the mean of
both is better than either. Where candles or the other coin are not known, the network speaks alone.
"""

from typing import NamedTuple

import keras
from keras import ops

from forecaster.features import CANDLES_KNOWN, CHANNELS, CONTEXT, OTHER_KNOWN, SUBHOUR
from forecaster.networks.ascending import Tensor, first_steps, from_median
from forecaster.quantiles import LEVELS

UNITS = (256, 128)
USUAL = -5.0  # log volatility per hour: what is told of it lies around 0
COLUMNS = (
    *CONTEXT,
    *(f"{channel}_{hours}h_ago" for hours in (2, 1, 0) for channel in CHANNELS),
    *("candles_known", "other_known", "clock_known"),
    *SUBHOUR,
    "sigma",
)  # (n,) what is told


@keras.saving.register_keras_serializable("cryptosense")
class Told(keras.layers.Layer):
    """All that is known but the hours before the newest three, side by side."""

    def call(self, level: Tensor, fine: Tensor, sigma: Tensor) -> Tensor:
        """(B, C + 21), (B, S), (B, 1) -> (B, n), see COLUMNS."""
        return ops.concatenate([level, fine, ops.log(sigma) - USUAL], axis=-1)


@keras.saving.register_keras_serializable("cryptosense")
class Ascending(keras.layers.Layer):
    """A median and the steps from it to quantiles that cannot cross."""

    def call(self, centre: Tensor, steps: Tensor) -> Tensor:
        """(B, 1), (B, Q - 1) -> (B, Q)."""
        return from_median(centre, steps)


@keras.saving.register_keras_serializable("cryptosense")
class FirstHour(keras.layers.Layer):
    """The next hour's quantiles as the mean of two opinions, where the second knew enough."""

    def call(self, quantiles: Tensor, second: Tensor, sigma: Tensor, known: Tensor) -> Tensor:
        """(B, 24, Q), (B, Q) in units of sigma (B, 1), known (B, 4) -> (B, 24, Q)."""
        share = 0.5 * known[:, CANDLES_KNOWN : CANDLES_KNOWN + 1] * known[:, OTHER_KNOWN : OTHER_KNOWN + 1]
        first = quantiles[:, 0] + share * (second * sigma - quantiles[:, 0])
        return ops.concatenate([first[:, None], quantiles[:, 1:]], axis=1)


class Advised(NamedTuple):
    """A network with a second opinion that is yet to learn; all three share their layers."""

    network: keras.Model  # as quantile_network's, with the second opinion in the first hour
    asked: keras.Model  # what a network is given -> told (B, n), sigma (B, 1)
    second: keras.Model  # told (B, n) -> quantiles of the next hour (B, Q), in units of sigma


def advised(network: keras.Model) -> Advised:
    """With a second opinion beside what quantile_network made."""
    wide, narrow = (keras.layers.Dense(units, activation="silu", name=f"second_{units}") for units in UNITS)
    join, ascending = keras.layers.Concatenate(name="second_joined"), Ascending(name="second")
    small = keras.initializers.RandomNormal(stddev=0.01, seed=1)
    centre = keras.layers.Dense(1, kernel_initializer=small, name="second_centre")
    steps = keras.layers.Dense(len(LEVELS) - 1, kernel_initializer=small, name="second_steps")

    def opinion(told: Tensor) -> Tensor:
        joined = join([narrow(wide(told)), told])
        return ascending(centre(joined), steps(joined))

    _, level, fine, sigma = network.get_layer("relative").output
    told = Told(name="told")(level, fine, sigma)
    first = FirstHour(name="first_hour")(network.output, opinion(told), sigma, network.inputs[-1])
    alone = keras.Input((len(COLUMNS),))
    second = keras.Model(alone, opinion(alone))
    steps.bias.assign(first_steps())
    whole = keras.Model(network.inputs, first, name="forecaster")
    return Advised(whole, keras.Model(network.inputs, [told, sigma]), second)
