"""Another CryptoSense, asked for forecasts over its REST interface."""

from forecaster.serving.remote.client import RemoteBackend
from forecaster.serving.remote.state import RemoteState

__all__ = [
    "RemoteBackend",
    "RemoteState",
    "client",
]
