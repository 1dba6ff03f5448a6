"""What an issued forecast says of other levels, and of a price that matters to whoever asks.

Between two of its quantiles a distribution is taken as uniform in the logarithm of the price, as in quantiles.py;
beyond the outer ones it ends.
"""

from collections.abc import Sequence

import numpy as np

from forecaster.quantiles import Floats
from forecaster.schema import Forecast, Horizon

LOWEST, HIGHEST = 0.025, 0.975  # levels beyond which nothing is told
DECIMALS = 4  # of a level


def detailed(forecast: Forecast, levels: Sequence[float] = (), threshold: float | None = None) -> Forecast:
    """The forecast with quantiles at `levels` (0.025 to 0.975) too, and the chance of a close above `threshold`.

    A level counts to four decimals. The chance is one from 0.025 to 0.975, since the distribution ends there.
    """
    if not levels and threshold is None:
        return forecast
    horizons = tuple(_detailed(each, levels, threshold) for each in forecast.horizons)
    return forecast.model_copy(update={"horizons": horizons})


def key(level: float) -> str:
    """A level as it is named on the wire: "0.10", "0.025", "0.3333"."""
    text = f"{level:.{DECIMALS}f}".rstrip("0")
    return text.ljust(4, "0")  # at least two decimals


def _detailed(horizon: Horizon, levels: Sequence[float], threshold: float | None) -> Horizon:
    known = np.array([float(level) for level in horizon.quantiles])  # (Q,) ascending
    log = np.log(list(horizon.quantiles.values()))
    update: dict[str, object] = {}
    if levels:
        added = np.exp(np.interp(levels, known, log)).tolist()
        quantiles = dict(zip(map(key, levels), added, strict=True)) | horizon.quantiles
        update["quantiles"] = dict(sorted(quantiles.items(), key=lambda item: float(item[0])))
    if threshold is not None:
        update["probability_above"] = 1 - _below(known, log, float(np.log(threshold)))
    return horizon.model_copy(update=update)


def _below(levels: Floats, log: Floats, value: float) -> float:
    """The level at which `value` lies among quantiles (Q,), from the lowest to the highest."""
    left = int(np.clip((log <= value).sum() - 1, 0, len(levels) - 2))
    width = max(float(log[left + 1] - log[left]), 1e-300)
    share = min(max((value - float(log[left])) / width, 0.0), 1.0)
    return float(levels[left] + share * (levels[left + 1] - levels[left]))
