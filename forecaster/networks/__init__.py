"""The networks as Keras layers and nothing else: no files, no data."""

from forecaster.networks.classic import CLASSIC_PARAMETERS, classic

__all__ = [
    "CLASSIC_PARAMETERS",
    "ascending",
    "classic",
    "first_hour",
    "quantile",
]
