"""The quantile recipe's input from 60 closes and nothing else: what hourly.py makes of them, as far as it is read.

Without candles the network multiplies most of its input by zero, so that nobody needs to compute it: what stays is
the returns and the columns in FROM_CLOSES. Those are sums over the window, so that a matrix gives them all.
"""

import numpy as np
from numpy.typing import NDArray

from forecaster.features.hourly import CHANNELS, CONTEXT, FLAGS, FROM_CLOSES
from forecaster.features.subhour import SUBHOUR
from forecaster.features.tape import FLOOR, Floats
from forecaster.schema import WINDOW


def _spans(head: str) -> NDArray[np.int64]:
    """Hours or days in the names that begin with `head`, such as "move_48h"."""
    return np.array([int(name.split("_")[1][:-1]) for name in FROM_CLOSES if name.startswith(head)])


_COLUMNS = [CONTEXT.index(name) for name in FROM_CLOSES]  # volatilities, then sums of returns
_AGE = np.arange(WINDOW)[::-1, None]  # hours before the newest
_MEAN = (_spans("return") > _AGE) / _spans("return")  # (60, 3) of squared returns over so many hours
_SUM = np.concatenate(
    [(_spans("move") > _AGE) / np.sqrt(_spans("move")), 24 * _spans("repeat") - 1 == _AGE], axis=1
)  # (60, 7) of returns


def bare_inputs(closes: Floats) -> dict[str, NDArray[np.float32]]:
    """What the network is given for the forecasts after closes (n, 60) that are all there is, as `Hours.inputs`."""
    returns, told = read_closes(closes)
    window = np.zeros((len(closes), WINDOW, len(CHANNELS)), np.float32)
    window[:, :, 0] = returns
    context = np.zeros((len(closes), len(CONTEXT)), np.float32)
    context[:, _COLUMNS] = told
    return {
        "window": window,
        "context": context,
        "subhour": np.zeros((len(closes), len(SUBHOUR)), np.float32),
        "known": np.zeros((len(closes), FLAGS), np.float32),
    }


def read_closes(closes: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What is read of closes (n, 60): log returns (n, 60), the first of them 0, and the columns FROM_CLOSES (n, 10)."""
    log, returns = np.log(closes), np.zeros(closes.shape)
    np.subtract(log[:, 1:], log[:, :-1], out=returns[:, 1:])
    volatilities = 0.5 * np.log(np.maximum(returns**2 @ _MEAN, FLOOR**2))
    told = np.concatenate([volatilities, returns @ _SUM], axis=1)
    return returns.astype(np.float32), told.astype(np.float32)
