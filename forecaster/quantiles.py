"""A forecast distribution as quantiles of the log return: their levels, and what follows from them.

Between two levels the distribution is taken as uniform; beyond the outer ones it ends. The CRPS is by hand:
scoringrules averages the loss over the levels as if they were evenly spaced, which made it 2.7 % too small, and taken
level by level it saves two lines.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

HORIZONS = 24  # hours ahead, from 1 to this
LEVELS = (0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.975)  # 21, ascending
MEDIAN = LEVELS.index(0.5)
KEYS = tuple(f"{level:.2f}" if round(level, 2) == level else f"{level:.3f}" for level in LEVELS)  # "0.025", "0.10"
BANDS = {"50": (0.25, 0.75), "80": (0.10, 0.90), "95": (0.025, 0.975)}
DRAWS = 199  # odd; equally likely returns that stand for a distribution
FEW = 100  # distributions

Floats = NDArray[np.float64]

_P = np.array(LEVELS)


def ascending(quantiles: Floats) -> Floats:
    """Quantiles with crossings removed, outwards from the median: (..., Q) -> (..., Q)."""
    below = np.minimum.accumulate(quantiles[..., MEDIAN::-1], axis=-1)[..., ::-1]
    above = np.maximum.accumulate(quantiles[..., MEDIAN:], axis=-1)
    return np.concatenate([below, above[..., 1:]], axis=-1)


def interquartile(quantiles: Floats) -> Floats:
    """Width of the 50 % band: (..., Q) -> (..., 1)."""
    low, high = (LEVELS.index(level) for level in BANDS["50"])
    width: Floats = quantiles[..., high : high + 1] - quantiles[..., low : low + 1]
    return width


def band(quantiles: Floats, name: str) -> tuple[Floats, Floats]:
    """Lower and upper bound (...,) of the band '50', '80' or '95' of quantiles (..., Q)."""
    low, high = (quantiles[..., LEVELS.index(level)] for level in BANDS[name])
    return low, high


def level_of(quantiles: Floats, value: Floats | float, levels: Floats = _P) -> Floats:
    """Distribution function at a value (...,) of quantiles (..., Q) at `levels` (Q,): (...,), within the outer levels.

    NaN where the value or the quantiles are.
    """
    value = np.asarray(value)[..., None]
    left = np.maximum((quantiles <= value).sum(axis=-1, keepdims=True) - 1, 0)
    right = np.minimum(left + 1, len(levels) - 1)
    low, high = (np.take_along_axis(quantiles, side, axis=-1) for side in (left, right))
    with np.errstate(over="ignore"):  # far below the lowest or above the highest is as good as there
        share = np.clip((value - low) / np.where(high == low, 1.0, high - low), 0.0, 1.0)
    level: Floats = (levels[left] + share * (levels[right] - levels[left]))[..., 0]
    return level


def probability_up(quantiles: Floats) -> Floats:
    """Share of the distribution above a return of 0: (..., Q) -> (...,), from 0.025 to 0.975."""
    return 1 - level_of(quantiles, 0.0)


def median_move(quantiles: Floats) -> Floats:
    """Median of the absolute move, as a share of the price: (..., Q), ascending -> (...,).

    The half of the moves that are least are neighbours, and the larger end of that half is the median. With each step
    to the right the lowest of a half goes less far down and the highest farther up: of many rows, where one overtakes
    the other is looked for by halves.
    """
    drawn = (quantiles @ _DRAWN).reshape(-1, DRAWS)
    half = DRAWS // 2
    if len(drawn) < FEW:
        moves = np.expm1(drawn)
        few: Floats = np.maximum(-moves[:, : half + 1], moves[:, half:]).min(axis=1)
        return few.reshape(quantiles.shape[:-1])
    rows, flat = np.arange(0, drawn.size, DRAWS), drawn.ravel()

    def ends(first: NDArray[np.int64]) -> tuple[Floats, Floats]:
        return -np.expm1(flat[rows + first]), np.expm1(flat[rows + first + half])

    low, high = np.zeros_like(rows), np.full_like(rows, half)
    for _ in range(half.bit_length()):
        middle = (low + high) // 2
        down, up = ends(middle)
        low, high = np.where(up < down, middle + 1, low), np.where(up < down, high, middle)
    median = np.minimum(np.maximum(*ends(high)), np.maximum(*ends(np.maximum(high - 1, 0))))
    return median.reshape(quantiles.shape[:-1])


def crps(quantiles: Floats, actual: Floats) -> Floats:
    """Continuous ranked probability score of the log return: (n, Q) against (n,) -> (n,).

    The integral over the level of twice the pinball loss, by the midpoint rule on a fine grid of levels.
    """
    total = np.zeros(len(actual))
    for level, share, weights in zip(_GRID, _STEPS, _ON_GRID.T, strict=True):
        error = actual - quantiles @ weights
        total += 2 * share * np.maximum(level * error, (level - 1) * error)
    return total


def _interpolation(levels: Floats) -> Floats:
    """Weights (Q, m) that take quantiles (..., Q) to the quantiles at `levels` (m,)."""
    return np.array([np.interp(levels, _P, unit) for unit in np.eye(len(LEVELS))])


_DRAWN = _interpolation((np.arange(DRAWS) + 0.5) / DRAWS)  # (Q, 199)
_EDGES = np.concatenate(
    [
        np.linspace(0, _P[0], 3)[:-1],
        *(np.linspace(low, high, 5)[:-1] for low, high in pairwise(_P)),
        np.linspace(_P[-1], 1, 3),
    ]
)
_GRID, _STEPS = (_EDGES[1:] + _EDGES[:-1]) / 2, np.diff(_EDGES)  # (84,) levels and the share each stands for
_ON_GRID = _interpolation(_GRID)  # (Q, 84)
