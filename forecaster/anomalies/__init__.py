"""Hours that moved as almost no hour does, judged by the forecasts issued before them."""

from forecaster.anomalies.alarms import AnomalyRecord, evaluate_anomalies
from forecaster.anomalies.monitor import LARGEST_BUDGET, MOST_HOURS, AnomalyReport, Monitor, Surprise, within

__all__ = [
    "LARGEST_BUDGET",
    "MOST_HOURS",
    "AnomalyRecord",
    "AnomalyReport",
    "Monitor",
    "Surprise",
    "evaluate_anomalies",
    "within",
]
