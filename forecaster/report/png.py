"""Pictures of a graded model, as PNG bytes: cyan is what happened, orange what was predicted."""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecaster.evaluation import OURS, Evaluation
from forecaster.quantiles import BANDS
from forecaster.report import plots
from forecaster.report.canvas import ACTUAL, PANEL, PREDICTED, png
from forecaster.report.galleries import curves
from forecaster.report.slices import crps_skill, forecasters, graded_symbols, mae_skill, years
from forecaster.report.weeks import Material
from forecaster.report.wording import coin, name
from forecaster.schema import Report

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PHONE = 400  # CSS pixels: hardly wider than a phone, so that text stays readable where the picture is shrunk to one

Plot = tuple[str, "Callable[[Axes], None]"]  # with its title


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


def pictures(evaluation: Evaluation, material: Material) -> dict[str, bytes]:
    """PNGs by file name, 1,600 pixels wide: skill_by_year, fan_week and reliability.

    The years and the reliability are left out where the record has none.
    """
    drawn = {
        "skill_by_year.png": _skill_by_year(evaluation),
        "fan_week.png": _fan_week(material),
        "reliability.png": _reliability(evaluation),
    }
    return {file: picture for file, picture in drawn.items() if picture is not None}


def _skill_by_year(evaluation: Evaluation) -> bytes | None:
    """Both skills one hour ahead: a row each, a column a symbol."""
    found = {symbol: years(evaluation, symbol) for symbol in graded_symbols(evaluation)}
    rows = [
        [
            (f"{coin(symbol)}: {what}", partial(plots.by_year, years=[*yearly], skills=[*map(skill, yearly.values())]))
            for symbol, yearly in found.items()
            if yearly
        ]
        for what, skill in (("MAE vs no change", mae_skill), ("CRPS vs rolling", crps_skill))
    ]
    dot = {"color": PREDICTED, "marker": "o", "markersize": 7, "linewidth": 2}
    key = {"95 % interval": dot, "includes 0": {**dot, "markerfacecolor": PANEL}}
    return _sheet(rows, 300, key, 2) if rows[0] else None


def _fan_week(material: Material) -> bytes:
    """Both weeks as they were forecast at each midnight."""
    rows: list[list[Plot]] = [
        [(f"{coin(material.symbol)}, {title}, each day as forecast at midnight UTC", partial(plots.fans, week=week))]
        for title, week in (("a calm week", material.calm), ("a wild week", material.wild))
    ]
    shades = {f"{each} %": {"color": PREDICTED, "alpha": plots.SEEN[each], "linewidth": 8} for each in BANDS}
    return _sheet(rows, 340, {"happened": {"color": ACTUAL}, "forecast": {"color": PREDICTED}, **shades}, 5)


def _reliability(evaluation: Evaluation) -> bytes | None:
    """The diagonal one hour ahead and the distances from it: a row each, a column a symbol."""
    found = {symbol: measured for symbol in graded_symbols(evaluation) if (measured := curves(evaluation, symbol, 1))}
    if not found:
        return None
    below: list[Plot] = [
        (f"{coin(symbol)}, 1 h: closes below, %", partial(plots.diagonal, curve=measured[0]))
        for symbol, measured in found.items()
    ]
    away: list[Plot] = [
        (
            "points off the diagonal",
            partial(plots.off_diagonal, curves=measured, n=forecasters(evaluation, symbol)[OURS].n),
        )
        for symbol, measured in found.items()
    ]
    drawn = dict.fromkeys(each.forecaster for measured in found.values() for each in measured)
    strokes = {name(each): plots.STROKES[each] for each in drawn}
    key = {text: {"color": s.colour, "linestyle": s.dash, "linewidth": s.width} for text, s in strokes.items()}
    return _sheet([below, away], 350, key, 2)


def _sheet(rows: Sequence[Sequence[Plot]], height: float, key: Mapping[str, Mapping[str, Any]], columns: int) -> bytes:
    """Titled plots in rows, and under them a key in columns: what each kind of line, as matplotlib draws it, means."""

    def draw(figure: "Figure") -> None:
        from matplotlib.lines import Line2D

        grid = figure.subplots(len(rows), len(rows[0]), squeeze=False)
        for line, row in zip(grid, rows, strict=True):
            for axes, (title, plot) in zip(line, row, strict=True):
                axes.set_title(title)
                plot(axes)
        lines = [Line2D([], [], label=text, **style) for text, style in key.items()]
        figure.legend(handles=lines, loc="outside lower center", ncols=columns, handlelength=1.6, columnspacing=1.2)

    return png((PHONE, height), draw)
