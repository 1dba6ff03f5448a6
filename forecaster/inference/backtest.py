"""Runs a network over past hours, as it would have been run at each of them; short because the engine does the work."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from forecaster.features import Market
from forecaster.inference.engine import Engine
from forecaster.quantiles import HORIZONS, LEVELS, Floats
from forecaster.schema import InputKind

BATCH = 1024

Progress = Callable[[str, float], None]  # what is being done, and the share of it that is done, 0..1


def backtest(engine: Engine, market: Market, rows: NDArray[np.int64], kind: InputKind, hours: int = HORIZONS) -> Floats:
    """Quantiles (n, hours, Q) of the log return, before calibration, of the forecasts issued at `rows` (n,)."""
    issued = np.empty((len(rows), hours, len(LEVELS)))
    for start in range(0, len(rows), BATCH):
        part = slice(start, start + BATCH)
        issued[part] = engine.run(market.hours.inputs(rows[part], kind))[:, :hours]
    return issued
