"""Candles in, forecasts out. Knows nothing of chat, HTTP servers or LangChain."""

from forecaster.quiet import be_quiet

be_quiet()  # before any library that would not be

__all__ = [
    "alerts",
    "anomalies",
    "artifact",
    "calibration",
    "data_directory",
    "database",
    "errors",
    "evaluation",
    "features",
    "inference",
    "installation",
    "ledger",
    "market",
    "networks",
    "quantiles",
    "quiet",
    "report",
    "schema",
    "serving",
    "settings",
    "tracing",
    "training",
]
