"""Pictures of a graded model, as PNG bytes: cyan is what happened, orange what was predicted."""

import io

import numpy as np
from numpy.typing import NDArray

from forecaster.schema import Report

ACTUAL, PREDICTED = "#0e9fb8", "#f28c28"


def predicted_against_actual(
    time: NDArray[np.int64], actual: NDArray[np.float64], predicted: NDArray[np.float64], report: Report
) -> bytes:
    """Both series over all graded hours, each (n,); `time` (n,) is Unix s, the rest in the quote currency."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    moments = time.astype("datetime64[s]")
    figure = Figure(figsize=(10, 4.2), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.plot(moments, actual, color=ACTUAL, linewidth=1.1, label="actual close")
    axes.plot(moments, predicted, color=PREDICTED, linewidth=0.9, alpha=0.85, label="predicted close")
    locator = AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.set_title(
        f"{report.symbol}, {report.n:,} unseen hours: MAE \\${report.model.mae:,.0f}"
        f"  ·  “no change” scores \\${report.persistence.mae:,.0f}",  # a bare $ would begin a formula
        loc="left",
        fontsize=11,
    )
    axes.legend(frameon=False, loc="upper left")
    axes.grid(alpha=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
