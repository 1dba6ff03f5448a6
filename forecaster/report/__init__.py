"""The record of a model as one HTML page and as pictures."""

from forecaster.report.page import report_page
from forecaster.report.weeks import Material

__all__ = [
    "Material",
    "png",
    "report_page",
]
