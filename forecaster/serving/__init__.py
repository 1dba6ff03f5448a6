"""What tools, chat and API ask: forecasts, prices and records, from this machine or another."""

from forecaster.serving.backend import LONGEST_SPAN, LONGEST_SPANS, LocalBackend
from forecaster.serving.caller_input import Sent
from forecaster.serving.drift import Drift
from forecaster.serving.fallback import FallbackBackend
from forecaster.serving.observer import Observer
from forecaster.serving.protocol import ForecastBackend
from forecaster.serving.reload import ModelState, Reloading
from forecaster.serving.schedule import Schedule

__all__ = [
    "LONGEST_SPAN",
    "LONGEST_SPANS",
    "Drift",
    "FallbackBackend",
    "ForecastBackend",
    "LocalBackend",
    "ModelState",
    "Observer",
    "Reloading",
    "Schedule",
    "Sent",
    "fallback",
    "feed",
    "remote",
]
