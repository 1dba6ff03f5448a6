"""What an issued forecast says of other levels, and of a price that matters to whoever asks.

Between two of its quantiles a distribution is taken as uniform in the logarithm of the price, as in quantiles.py;
beyond the outer ones it ends.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from forecaster.quantiles import Floats, level_of
from forecaster.schema import Forecast, Horizon

LOWEST, HIGHEST = 0.025, 0.975  # levels beyond which nothing is told
DECIMALS = 4  # of a level


def detailed(forecast: Forecast, levels: Sequence[float] = (), threshold: float | None = None) -> Forecast:
    """The forecast with quantiles at `levels` (0.025 to 0.975) too, and the chance of a close above `threshold`.

    A level counts to four decimals. The chance is one from 0.025 to 0.975, since the distribution ends there.
    """
    if not levels and threshold is None:
        return forecast
    known = np.array([float(level) for level in forecast.horizons[0].quantiles])  # (Q,) ascending, of every horizon
    log = np.log([list(each.quantiles.values()) for each in forecast.horizons])  # (hours, Q) of prices
    updates: list[dict[str, object]] = [{} for _ in forecast.horizons]
    if levels:
        for update, quantiles in zip(updates, _merged(forecast.horizons, known, log, levels), strict=True):
            update["quantiles"] = quantiles
    if threshold is not None:
        for update, below in zip(updates, level_of(log, np.log(threshold), known).tolist(), strict=True):
            update["probability_above"] = 1 - below
    horizons = tuple(each.model_copy(update=update) for each, update in zip(forecast.horizons, updates, strict=True))
    return forecast.model_copy(update={"horizons": horizons})


def key(level: float) -> str:
    """A level as it is named on the wire: "0.10", "0.025", "0.3333"."""
    text = f"{level:.{DECIMALS}f}".rstrip("0")
    return text.ljust(4, "0")  # at least two decimals


def _merged(
    horizons: Sequence[Horizon], known: Floats, log: Floats, levels: Sequence[float]
) -> Iterator[dict[str, float]]:
    """Each horizon's quantiles with those at `levels` among them, ascending."""
    added = [key(level) for level in levels]
    order = sorted({*added, *horizons[0].quantiles}, key=float)
    for horizon, row in zip(horizons, log, strict=True):
        prices = dict(zip(added, np.exp(np.interp(levels, known, row)).tolist(), strict=True)) | horizon.quantiles
        yield {level: prices[level] for level in order}
