"""What a forecaster of distributions has to beat."""

from forecaster.evaluation.baselines.catalogue import Baseline, baselines
from forecaster.evaluation.baselines.empirical import DAYS, known_quantiles, rolling_quantiles

__all__ = [
    "DAYS",
    "Baseline",
    "baselines",
    "known_quantiles",
    "rolling_quantiles",
]
