"""What a forecaster of distributions has to beat, as quantiles of the log return, nothing in them from the future."""

import numpy as np
from numpy.typing import NDArray

from forecaster.quantiles import LEVELS, Floats

DAYS = 90
CHUNK = 512  # hours at a time: their 90 days each are 9 MB


def rolling_quantiles(close: Floats, rows: NDArray[np.int64], ahead: int) -> Floats:
    """Quantiles (m, Q) of the `ahead`-hour log returns that closed in the 90 days up to each of `rows` (m,).

    Where there are fewer days before, the first return stands for those that are missing.
    """
    log = np.log(close)
    returns = log[ahead:] - log[:-ahead]  # (n - ahead,), the i-th closes at i + ahead
    back = np.arange(1 - 24 * DAYS, 1) - ahead
    parts = [
        np.quantile(returns[np.maximum(rows[i : i + CHUNK, None] + back, 0)], LEVELS, axis=1).T
        for i in range(0, len(rows), CHUNK)
    ]
    return np.concatenate(parts)
