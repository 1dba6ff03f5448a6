"""Quantiles that cannot cross: a median, and positive steps from it to the levels on both sides."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecaster.quantiles import LEVELS, MEDIAN

Tensor = Any  # of whichever backend runs


def from_median(middle: Tensor, steps: Tensor) -> Tensor:
    """Medians (..., 1) and steps between levels (..., Q - 1), before softplus -> ascending quantiles (..., Q)."""
    from keras import ops

    steps = ops.softplus(steps)
    lower = steps[..., :MEDIAN]
    below = ops.sum(lower, axis=-1, keepdims=True) - (ops.cumsum(lower, axis=-1) - lower)  # from the median down
    above = ops.cumsum(steps[..., MEDIAN:], axis=-1)
    return ops.concatenate([middle - below, middle, middle + above], axis=-1)


def first_steps() -> NDArray[np.float32]:
    """Steps (Q - 1,), before softplus, between quantiles of Student's t with 3 degrees of freedom, before training."""
    gaps = np.diff(_student(np.array(LEVELS))) * 0.9 / np.sqrt(3)  # of unit variance, a little narrower
    steps: NDArray[np.float32] = np.log(np.expm1(gaps)).astype(np.float32)
    return steps


def _student(level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quantiles of Student's t with 3 degrees of freedom, by bisection of its distribution function."""
    low, high = np.full_like(level, -50.0), np.full_like(level, 50.0)
    for _ in range(80):
        middle = (low + high) / 2
        unit = middle / np.sqrt(3)
        below = 0.5 + (unit / (1 + unit * unit) + np.arctan(unit)) / np.pi < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2
