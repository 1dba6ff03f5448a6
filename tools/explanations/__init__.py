"""Explanations: a topic of the knowledge in words, with the numbers of the model that answers."""

from tools.explanations.explain import EXPLAIN, Explanation, Knowledge, explaining
from tools.explanations.record import RECORD, Metric, MetricExplanation, MetricsAnswer

__all__ = [
    "EXPLAIN",
    "RECORD",
    "Explanation",
    "Knowledge",
    "Metric",
    "MetricExplanation",
    "MetricsAnswer",
    "explaining",
]
