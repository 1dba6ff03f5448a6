"""Hours that moved as almost no hour does, judged by the forecasts issued before them."""

from forecaster.anomalies.alarms import AnomalyRecord, evaluate_anomalies
from forecaster.anomalies.monitor import LARGEST_BUDGET, LONGEST, AnomalyReport, Monitor, Surprise

__all__ = [
    "LARGEST_BUDGET",
    "LONGEST",
    "AnomalyRecord",
    "AnomalyReport",
    "Monitor",
    "Surprise",
    "evaluate_anomalies",
]
