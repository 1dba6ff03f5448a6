"""What a forecaster of distributions has to beat: six baselines, asked and graded like any other forecaster.

empirical.py    the last 90 days' returns as they were, around four different medians
volatility.py   the fitting hours' returns in units of a volatility that is forecast: EWMA and HAR
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.evaluation.baselines.empirical import (
    Empirical,
    Recent,
    drift,
    no_change,
    rolling_quantiles,
    yesterday,
)
from forecaster.evaluation.baselines.volatility import Ewma, Har
from forecaster.features import Market
from forecaster.quantiles import Floats

__all__ = ["Baseline", "baselines", "rolling_quantiles"]


class Baseline(Protocol):
    """A forecaster of distributions. It is fitted first, then asked about the market it was fitted on."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    def fit(self, market: Market, start: float, stop: float) -> None:
        """Learn from hours that open at `start` or later and whose 24 targets close before `stop` (Unix s).

        Raises DataFileError when there are too few.
        """
        ...

    def quantiles(self, market: Market, rows: NDArray[np.int64], ahead: int) -> Floats:
        """Quantiles (m, Q), ascending, of the log return from each row's close to the one `ahead` hours on.

        `rows` (m,) are such as Market.issued gives; `ahead` is 1 to 24. Nothing after a row is read.
        """
        ...


def baselines() -> tuple[Baseline, ...]:
    """All of them, unfitted, in the report's order.

    Four rest on the same rolling quantiles: ask all about one horizon before the next, and they are computed once.
    """
    recent = Recent()
    return (
        Empirical("persistence", recent, no_change),
        Empirical("drift", recent, drift),
        Empirical("seasonal_naive", recent, yesterday),
        Empirical("rolling_quantiles", recent),
        Ewma(),
        Har(),
    )
