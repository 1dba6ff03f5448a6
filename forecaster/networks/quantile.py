"""The quantile network: Keras layers and Keras operations alone, so it runs on TensorFlow, JAX and PyTorch.

    window (B, 60, 6)  --in units of its own volatility-->  LSTM  --+--> centre  (B, 24)
    context (B, C)    ----------------relative to it----------------+--> spread  (B, 24)
    subhour (B, S)    --relative to it--> minutes, the less the more hours ahead
    known (B, 4)      --which inputs are real-----------------------+--> steps   (B, 24, Q - 1) > 0

    quantile = volatility * sqrt(h) * exp(spread) * (centre -/+ running sum of steps): they cannot cross.

The volatility comes from the newest 59 returns of the window alone, which 60 closes tell too. Inputs that are
not known are zeroed here, after scaling, so that a masked input and one that was never there are the same.
"""

from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from forecaster.features import (
    CANDLES_KNOWN,
    CHANNELS,
    CONTEXT,
    FLAGS,
    FLOOR,
    FROM_CLOSES,
    OTHER_KNOWN,
    RANGE_TO_SIGMA,
    SUBHOUR,
    SUBHOUR_KNOWN,
    VOLATILITY_HALF_LIFE,
)
from forecaster.networks.ascending import Tensor, first_steps, from_median
from forecaster.quantiles import HORIZONS, LEVELS
from forecaster.schema import WINDOW

RETURNS = WINDOW - 1  # of the 60 closes a bare request brings
FARTHEST = 4.0  # of a log volatility from the window's own; beyond it nothing was learned
UNITS, DENSE, MINUTE_UNITS, SHAPES, DROPOUT = 32, 64, 32, 16, 0.2
MINUTES_FADE = 2.5  # hours
CENTRE_FADES = 0.5  # power of the hours ahead by which the median is held back, beside the root by which it spreads
NEWEST = 36  # hours the LSTM reads; the context speaks for the older ones


@keras.saving.register_keras_serializable("cryptosense")
class Relative(keras.layers.Layer):
    """The window and the context in units of the window's own volatility; unknown inputs become zero."""

    def build(self, *shapes: object) -> None:
        """Which column is what, from the columns' names."""
        weight = 0.5 ** (np.arange(RETURNS)[::-1] / VOLATILITY_HALF_LIFE)
        self.weight = (weight / weight.sum()).astype("float32")  # (59,) oldest first
        clock, other, free = _named("hour_", "week"), _named("other"), np.isin(CONTEXT, FROM_CLOSES)
        candles = ~(clock | other | free)
        self.governed = np.stack([candles, other, clock, free]).astype("float32")  # (4, C) by which flag
        self.log = _named("range", "return", "other_range", "profile").astype("float32")  # (C,) log volatilities
        self.move = _named("move", "repeat", "other_move", "other_repeat").astype("float32")  # (C,) log returns
        self.fine_log = _named("fine_range", names=SUBHOUR).astype("float32")  # (S,) likewise
        self.fine_move = _named("fine_move", names=SUBHOUR).astype("float32")

    def call(self, window: Tensor, context: Tensor, subhour: Tensor, known: Tensor) -> tuple[Tensor, ...]:
        """(B, 60, 6), (B, C), (B, S), (B, 4) -> window (B, 60, 6), level (B, C + 21), fine (B, S), sigma (B, 1)."""
        known, told = known[:, :SUBHOUR_KNOWN], known[:, SUBHOUR_KNOWN:]
        sigma = self._volatility(window[:, :, 0])  # (B, 1)
        relative = self._relative(window, known, sigma)
        flags = ops.concatenate([known, ops.ones_like(known[:, :1])], axis=-1)  # closes are always known
        level = _in_units(context, sigma, self.log, self.move) * ops.matmul(flags, self.governed)
        fine = _in_units(subhour, sigma, self.fine_log, self.fine_move) * told
        recent = ops.reshape(relative[:, -3:], (-1, 3 * len(CHANNELS)))
        return relative, ops.concatenate([level, recent, known], axis=-1), fine, sigma

    def _relative(self, window: Tensor, known: Tensor, sigma: Tensor) -> Tensor:
        candles = known[:, None, CANDLES_KNOWN : CANDLES_KNOWN + 1]
        other = known[:, None, OTHER_KNOWN : OTHER_KNOWN + 1]
        other_sigma = self._volatility(window[:, :, 4])
        columns = [
            ops.arcsinh(window[:, :, 0:1] / sigma[:, :, None]),
            _log_ratio(window[:, :, 1:2], sigma) * candles,
            window[:, :, 2:3] * candles,
            0.5 * ops.clip(window[:, :, 3:4], -5.0, 5.0) * candles,
            ops.arcsinh(window[:, :, 4:5] / other_sigma[:, :, None]) * other,
            _log_ratio(window[:, :, 5:6], other_sigma) * other,
        ]
        return ops.concatenate(columns, axis=-1)  # (B, 60, 6)

    def _volatility(self, returns: Tensor) -> Tensor:
        square = ops.square(returns[:, -RETURNS:])
        return ops.sqrt(ops.sum(square * self.weight, axis=1, keepdims=True) + FLOOR**2)


@keras.saving.register_keras_serializable("cryptosense")
class Newest(keras.layers.Layer):
    """The newest hours of a window."""

    def __init__(self, hours: int, **options: Any) -> None:
        super().__init__(**options)
        self.hours = hours

    def call(self, window: Tensor) -> Tensor:
        """(B, W, F) -> (B, hours, F)."""
        return window[:, -self.hours :]

    def get_config(self) -> dict[str, Any]:
        """What Keras saves of the layer."""
        return {**super().get_config(), "hours": self.hours}


@keras.saving.register_keras_serializable("cryptosense")
class Fading(keras.layers.Layer):
    """What the minutes tell of each hour ahead: nothing where they are not known, and less the farther it is.

    Of a day ahead the last minutes tell little, and a network that may use them there learns chance. With `between`
    they speak of forecasts between full hours alone.
    """

    def __init__(self, between: bool, **options: Any) -> None:
        super().__init__(**options)
        self.between = between

    def build(self, *shapes: object) -> None:
        """All of it for the next hour, half as much for every so many hours more; and where it counts."""
        self.share = (0.5 ** (np.arange(HORIZONS) / MINUTES_FADE)).astype("float32")  # (24,)
        marks = _named("past", names=SUBHOUR)  # one of them is 1 where the minutes are known
        self.marks = (marks & (np.array(SUBHOUR) != "past_00") if self.between else marks).astype("float32")  # (S,)

    def call(self, told: Tensor, fine: Tensor) -> Tensor:
        """(B, 24), (B, S) -> (B, 24)."""
        return told * self.share * ops.sum(fine * self.marks, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        """What Keras saves of the layer."""
        return {**super().get_config(), "between": self.between}


@keras.saving.register_keras_serializable("cryptosense")
class Quantiles(keras.layers.Layer):
    """Centre, log spread and steps between levels to ascending quantiles of the log return."""

    def build(self, *shapes: object) -> None:
        """The root of time, by which a random walk spreads."""
        self.root = np.sqrt(np.arange(1, HORIZONS + 1)).astype("float32")  # (24,)
        self.reach = (np.arange(1, HORIZONS + 1) ** -CENTRE_FADES).astype("float32")  # (24,)

    def call(self, centre: Tensor, spread: Tensor, steps: Tensor, sigma: Tensor) -> Tensor:
        """(B, 24), (B, 24), (B, 24 * (Q - 1)), (B, 1) -> (B, 24, Q)."""
        steps = ops.reshape(steps, (-1, HORIZONS, len(LEVELS) - 1))
        standard = from_median((centre * self.reach)[:, :, None], steps)  # (B, 24, Q)
        unit = sigma * self.root * ops.exp(ops.clip(spread, -FARTHEST, FARTHEST))  # (B, 24)
        return unit[:, :, None] * standard


def quantile_network(units: int = UNITS, dense: int = DENSE, dropout: float = DROPOUT) -> keras.Model:
    """window (B, 60, 6), context (B, C), subhour (B, S), known (B, 4) -> (B, 24, 21) quantiles of the log return.

    Centre and spread also have a linear path from the context: what a linear model can tell of the median it
    tells better than a hidden layer. Before training the bands are those of a Student t with 3 degrees of freedom.
    """
    inputs = network_inputs()
    relative, level, fine, sigma = Relative(name="relative")(*inputs)
    state = keras.layers.LSTM(units, name="lstm")(Newest(NEWEST)(relative))
    latent = keras.layers.Dropout(dropout)(keras.layers.Concatenate()([state, level]))
    latent = keras.layers.Dense(dense, activation="silu", name="latent")(latent)
    latent = keras.layers.Dropout(dropout)(latent)
    minutes = keras.layers.Concatenate()([fine, level])
    minutes = keras.layers.Dense(MINUTE_UNITS, activation="silu", name="minutes")(minutes)
    minutes = keras.layers.Concatenate()([fine, keras.layers.Dropout(dropout)(minutes)])
    small = keras.initializers.RandomNormal(stddev=0.01, seed=1)
    centre, spread = (
        keras.layers.Add()(
            [
                keras.layers.Dense(HORIZONS, kernel_initializer=small, name=name)(latent),
                keras.layers.Dense(HORIZONS, kernel_initializer="zeros", use_bias=False, name=f"{name}_level")(level),
                Fading(between=name == "centre")(
                    keras.layers.Dense(HORIZONS, kernel_initializer="zeros", name=f"{name}_minutes")(minutes), fine
                ),
            ]
        )
        for name in ("centre", "spread")
    )
    shape = keras.layers.Dense(SHAPES, activation="silu", name="shapes")(latent)
    steps = keras.layers.Dense(HORIZONS * (len(LEVELS) - 1), kernel_initializer=small, name="steps")(shape)
    quantiles = Quantiles(name="quantiles")(centre, spread, steps, sigma)
    network = keras.Model(inputs, quantiles, name="forecaster")
    network.get_layer("steps").bias.assign(np.tile(first_steps(), HORIZONS))
    return network


def network_inputs() -> list[Tensor]:
    """Symbolic window, context, subhour and known, by these names."""
    return [
        keras.Input((WINDOW, len(CHANNELS)), name="window"),
        keras.Input((len(CONTEXT),), name="context"),
        keras.Input((len(SUBHOUR),), name="subhour"),
        keras.Input((FLAGS,), name="known"),
    ]


def ensemble(networks: list[keras.Model]) -> keras.Model:
    """One network whose quantiles are the mean of the members': means keep the order."""
    inputs = network_inputs()
    for number, network in enumerate(networks):
        network.name = f"member_{number}"
    outputs = [network(inputs) for network in networks]
    mean = keras.layers.Average()(outputs) if len(outputs) > 1 else outputs[0]
    return keras.Model(inputs, mean, name="ensemble")


def pinball(actual: Tensor, quantiles: Tensor) -> Tensor:
    """Mean pinball loss over the levels: log returns (B, 24) against (B, 24, Q) -> (B, 24)."""
    level = ops.convert_to_tensor(np.array(LEVELS, "float32"))
    error = actual[:, :, None] - quantiles
    return ops.mean(ops.maximum(level * error, (level - 1) * error), axis=-1)


def _log_ratio(spread: Tensor, sigma: Tensor) -> Tensor:
    """Log of the volatility that a high-low spread (B, W, 1) tells, over sigma (B, 1)."""
    log = ops.log(ops.maximum(RANGE_TO_SIGMA * spread, FLOOR)) - ops.log(sigma)[:, :, None]
    return ops.clip(log, -FARTHEST, FARTHEST)


def _in_units(values: Tensor, sigma: Tensor, log: Tensor, move: Tensor) -> Tensor:
    """Columns (B, n) in units of a volatility (B, 1): log volatilities where `log` (n,), moves where `move` (n,)."""
    rest = ops.clip(values - log * ops.log(sigma), -FARTHEST, FARTHEST) * (1.0 - move)
    return ops.arcsinh(values * move / sigma) + rest


def _named(*heads: str, names: tuple[str, ...] = CONTEXT) -> NDArray[np.bool_]:
    """Which of the columns (n,) begin with one of `heads`."""
    return np.array([name.startswith(heads) for name in names])
