"""What a forecaster of distributions has to beat."""

from forecaster.evaluation.baselines.catalogue import Baseline, baselines, known_quantiles
from forecaster.evaluation.baselines.empirical import DAYS

__all__ = [
    "DAYS",
    "Baseline",
    "baselines",
    "known_quantiles",
]
