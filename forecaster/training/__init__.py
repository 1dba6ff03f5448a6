"""From candles to a trained artifact with its record. Needs TensorFlow."""

from forecaster.training.classic import train_classic
from forecaster.training.leave_out import leave_out
from forecaster.training.publish import publish
from forecaster.training.quantile import Split, train_quantile
from forecaster.training.renewal import history_of, renew, weekly
from forecaster.training.search import Search, search
from forecaster.training.side_by_side import network_bytes
from forecaster.training.trainings import Tell, Trainer, Training, arrays_of, keep_whole

__all__ = [
    "Search",
    "Split",
    "Tell",
    "Trainer",
    "Training",
    "arrays_of",
    "history_of",
    "keep_whole",
    "leave_out",
    "network_bytes",
    "publish",
    "renew",
    "search",
    "train_classic",
    "train_quantile",
    "weekly",
]
