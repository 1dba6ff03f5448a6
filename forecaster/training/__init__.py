"""From candles to a trained artifact with its record. Needs TensorFlow."""

from forecaster.training.classic import train_classic
from forecaster.training.publish import publish
from forecaster.training.quantile import train_quantile
from forecaster.training.renewal import history_of, renew, weekly

__all__ = [
    "history_of",
    "publish",
    "renew",
    "train_classic",
    "train_quantile",
    "weekly",
]
