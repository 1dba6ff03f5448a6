"""From candles to a trained artifact with its record. Needs TensorFlow."""

from forecaster.training.classic import train_classic
from forecaster.training.publish import publish
from forecaster.training.quantile import train_quantile

__all__ = [
    "publish",
    "train_classic",
    "train_quantile",
]
