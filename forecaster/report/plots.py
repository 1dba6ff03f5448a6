"""What each picture shows, drawn on the axes it is given. Titles and keys are left to whoever places the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecaster.evaluation import OURS, UNTRACKED, Reliability
from forecaster.quantiles import BANDS, MEDIAN, band
from forecaster.report.canvas import ACTUAL, GREEN, INK, MUTED, PANEL, PREDICTED, UNIT, VIOLET
from forecaster.report.slices import Interval
from forecaster.report.weeks import Series, Week
from forecaster.report.wording import NBSP, number
from forecaster.schema import HOUR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SHADES = {"95": 0.18, "80": 0.28, "50": 0.5}  # opacity, the widest first: painted over one another
SEEN = {"95": 0.18, "80": 0.41, "50": 0.71}  # opacity of those over one another
DAYS = 14  # of closes beside their forecasts: over years the two lines cannot be told apart
FEW = 5  # years that can all be named under a small picture
TENTHS = 10  # groups of hours by the move that was predicted
ROOM = 62  # CSS pixels for the name of a day
TWO_SIDED = 1.96  # standard errors to each side of a 95 % interval


@dataclass(frozen=True, slots=True)
class Stroke:
    """How the line of a forecaster looks; told apart by its dashes too."""

    colour: str
    dash: str  # matplotlib's
    width: float


STROKES = {
    OURS: Stroke(PREDICTED, "-", 2.2),
    UNTRACKED: Stroke(PREDICTED, ":", 1.6),
    "har": Stroke(VIOLET, "--", 1.6),
    "lightgbm": Stroke(GREEN, "-.", 1.6),
    "ewma": Stroke(MUTED, ":", 1.8),
    "rolling_quantiles": Stroke(MUTED, "-", 1.2),
}


def hourly(axes: "Axes", week: Week) -> None:
    """Bands issued an hour before each close, the closes, and a cross on each that fell outside the widest."""
    moments = week.time.astype("datetime64[s]")
    for name, shade in SHADES.items():
        axes.fill_between(moments, *band(week.quantiles, name), color=PREDICTED, alpha=shade, linewidth=0)
    axes.plot(moments, week.close, color=ACTUAL)
    low, high = band(week.quantiles, "95")
    out = (week.close < low) | (week.close > high)
    axes.plot(moments[out], week.close[out], "x", color=INK, markersize=5, markeredgewidth=1.4, clip_on=False)
    _days(axes, np.append(week.fans[0].issued, week.time).astype("datetime64[s]"))


def fans(axes: "Axes", week: Week) -> None:
    """What was forecast of each day at its beginning, and what came."""
    for fan in week.fans:
        moments = (fan.issued + HOUR * np.arange(len(fan.quantiles) + 1)).astype("datetime64[s]")
        prices = np.vstack([np.full((1, fan.quantiles.shape[1]), fan.last), fan.quantiles])  # (25, Q)
        for name, shade in SHADES.items():
            axes.fill_between(moments, *band(prices, name), color=PREDICTED, alpha=shade, linewidth=0)
        axes.plot(moments, prices[:, MEDIAN], color=PREDICTED)
    moments = np.append(week.fans[0].issued, week.time).astype("datetime64[s]")
    axes.plot(moments, np.append(week.fans[0].last, week.close), color=ACTUAL)
    _days(axes, moments)


def recent(axes: "Axes", series: Series) -> None:
    """The newest closes and the point forecasts of them."""
    moments = series.time[-24 * DAYS :].astype("datetime64[s]")
    axes.plot(moments, series.actual[-24 * DAYS :], color=ACTUAL, linewidth=2.4)
    axes.plot(moments, series.predicted[-24 * DAYS :], color=PREDICTED, linewidth=0.9)
    _days(axes, moments)


def moves(axes: "Axes", series: Series) -> None:
    """Hours in ten equal groups by predicted move: where actual moves lay (80 and 50 % of them), and their mean."""
    predicted, actual = (100 * (price / series.last - 1) for price in (series.predicted, series.actual))
    groups = np.array_split(np.argsort(predicted, kind="stable"), TENTHS)
    place = np.array([predicted[group].mean() for group in groups])
    mean = np.array([actual[group].mean() for group in groups])
    error = np.array([TWO_SIDED * actual[group].std() / np.sqrt(len(group)) for group in groups])
    for (low, high), width, shade in (((0.1, 0.9), 3, 0.35), ((0.25, 0.75), 7, 0.6)):
        ends = np.array([np.quantile(actual[group], (low, high)) for group in groups])
        axes.vlines(place, *ends.T, color=ACTUAL, alpha=shade, linewidth=width)
    axes.plot(place, place, "--", color=MUTED, linewidth=1.2)
    axes.errorbar(place, mean, error, fmt="o", color=PREDICTED, markersize=4.5, elinewidth=1.6)
    axes.set_xlabel("predicted move, %")
    axes.set_ylabel("actual move, %")
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 1, sign=True))
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 2, sign=True))
    axes.locator_params(nbins=6, steps=[1, 2, 5, 10])


def diagonal(axes: "Axes", curve: Reliability) -> None:
    """Share of closes below each quantile, against the share that should be."""
    axes.plot([0, 100], [0, 100], color=MUTED, linewidth=1)
    levels, below = (100 * np.array(share) for share in (curve.levels, curve.below))
    axes.plot(levels, below, "o", color=PREDICTED, markersize=4.5)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_xlabel("quantile, %")


def off_diagonal(axes: "Axes", curves: Sequence[Reliability], n: int) -> None:
    """How far each curve lies from the diagonal, in points; grey is what chance alone does to `n` separate hours."""
    levels = np.array(curves[0].levels)
    chance = 100 * TWO_SIDED * np.sqrt(levels * (1 - levels) / n)
    axes.fill_between(100 * levels, -chance, chance, color=MUTED, alpha=0.2, linewidth=0)
    axes.axhline(0, color=MUTED, linewidth=1)
    for curve in curves:
        stroke = STROKES[curve.forecaster]
        away = 100 * (np.array(curve.below) - curve.levels)
        axes.plot(100 * levels, away, stroke.dash, color=stroke.colour, linewidth=stroke.width)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.yaxis.set_major_formatter(lambda value, _: number(value, 1, sign=True))
    reach = max(2.5, *(1.1 * abs(bound) for bound in axes.get_ylim()))
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("quantile, %")


def by_year(axes: "Axes", years: Sequence[str], skills: Sequence[Interval]) -> None:
    """A skill with its interval for each year; hollow where the interval holds 0."""
    axes.axhline(0, color=MUTED, linewidth=1)
    for place, skill in enumerate(skills):
        axes.vlines(place, 100 * skill.low, 100 * skill.high, color=PREDICTED, linewidth=2)
        face = PANEL if skill.undecided else PREDICTED
        axes.plot(place, 100 * skill.value, "o", color=PREDICTED, markerfacecolor=face, markersize=7)
    _signed(axes)
    _years(axes, years)


def coverage_by_year(axes: "Axes", ours: Mapping[str, Mapping[str, float]], fixed: Sequence[float]) -> None:
    """Share of closes inside the bands; dotted is the 80 % band without following, if that is known."""
    if len(fixed) == len(ours):
        axes.plot(range(len(fixed)), [100 * share for share in fixed], ":", color=PREDICTED, linewidth=1.6)
    _coverage(axes, list(range(len(ours))), list(ours.values()))
    _years(axes, list(ours))


def coverage_by_horizon(axes: "Axes", ours: Mapping[int, Mapping[str, float]]) -> None:
    """Share of closes inside the bands, against hours ahead."""
    _coverage(axes, list(ours), list(ours.values()))
    _hours_ahead(axes)


def _coverage(axes: "Axes", places: Sequence[int], held: Sequence[Mapping[str, float]]) -> None:
    axes.set_yticks([float(each) for each in BANDS], [f"{each}{NBSP}%" for each in BANDS])
    for each in BANDS:
        shares = [100 * coverage[each] for coverage in held]
        axes.plot(places, shares, color=PREDICTED, linewidth=2, marker="o", markersize=3.5)
    axes.set_ylim(35, 100)


def by_horizon(axes: "Axes", lines: Mapping[str, Mapping[int, Interval]]) -> None:
    """Skill against hours ahead for each forecaster, with the interval of ours."""
    axes.axhline(0, color=MUTED, linewidth=1)
    for name, line in lines.items():
        stroke, ahead = STROKES[name], list(line)
        values, low, high = (
            [100 * value for value in each]
            for each in zip(*((skill.value, skill.low, skill.high) for skill in line.values()), strict=True)
        )
        if name == OURS:
            axes.fill_between(ahead, low, high, color=PREDICTED, alpha=SHADES["95"], linewidth=0)
        axes.plot(ahead, values, stroke.dash, color=stroke.colour, linewidth=stroke.width)
    _signed(axes)
    _hours_ahead(axes)


def _hours_ahead(axes: "Axes") -> None:
    axes.set_xticks([1, 6, 12, 18, 24])
    axes.set_xlabel("hours ahead")


def _years(axes: "Axes", years: Sequence[str]) -> None:
    step = 1 + (len(years) > FEW)
    axes.set_xticks(range(0, len(years), step), years[::step])
    axes.set_xlim(-0.6, len(years) - 0.4)


def _signed(axes: "Axes") -> None:
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{number(value, 1, sign=True)}{NBSP}%")


def _days(axes: "Axes", moments: NDArray[np.datetime64]) -> None:
    """A scale of prices and of days, with no more days named than the width has room for."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    days = np.unique(moments.astype("datetime64[D]"))
    days = days[(days >= moments[0]) & (days < moments[-1])]
    step = int(np.ceil(len(days) / (figure.get_figwidth() * UNIT / ROOM)))
    shown = days[::step].astype("datetime64[s]")
    axes.set_xticks(shown, [f"{day.day} {day:%b}" for day in shown.astype(object)])
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.locator_params(axis="y", nbins=5)
    axes.set_xlim(moments[0], moments[-1])
