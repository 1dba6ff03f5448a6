"""Pictures of numbers as HTML: lines and dots in an SVG that stretches, every label as text around it.

An SVG that stretches would stretch its letters too, and on a phone they would be too small; so it holds none.
Colours come from static/page.css by class, so that they follow light and dark. Every text is escaped here. By hand: a
chart library of the browser draws on a canvas, which is empty without scripts and silent to a screen reader.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

MOST_DECIMALS = 12
Point = tuple[float, float]  # in the units of the axes


@dataclass(frozen=True, slots=True)
class Axis:
    """From `low` to `high`, with labels at some values."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]

    def share(self, value: float) -> float:
        """How far along, 0 to 1; what lies outside is held at the edge."""
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


@dataclass(frozen=True, slots=True)
class Canvas:
    """Two axes, and shapes in their units as SVG."""

    x: Axis
    y: Axis

    def line(self, points: Iterable[Point], kind: str) -> str:
        """A line through the points."""
        return f'<polyline class="{kind}" points="{self._points(points)}"/>'

    def area(self, upper: Sequence[Point], lower: Sequence[Point], kind: str) -> str:
        """What lies between two lines."""
        return f'<polygon class="{kind}" points="{self._points([*upper, *reversed(lower)])}"/>'

    def stroke(self, start: Point, end: Point, kind: str) -> str:
        """A straight line; one of no length has a round cap, and is a dot that no stretching makes an ellipse."""
        (x1, y1), (x2, y2) = self._at(start), self._at(end)
        return f'<path class="{kind}" d="M{x1:.2f} {y1:.2f}L{x2:.2f} {y2:.2f}"/>'

    def dot(self, point: Point, kind: str) -> str:
        """A dot."""
        return self.stroke(point, point, f"dot {kind}")

    def figure(self, title: str, alt: str, shapes: Iterable[str]) -> str:
        """The picture under its title, with gridlines and labels; `alt` is for those who do not see it."""
        rows = "".join(
            f'<i style="top:{top:.2%}"></i><b style="top:{top:.2%}">{escape(text)}</b>'
            for top, text in ((1 - self.y.share(at), text) for at, text in self.y.ticks)
        )
        columns = "".join(
            f'<span class="{_edge(self.x.share(at))}" style="left:{self.x.share(at):.2%}">{escape(text)}</span>'
            for at, text in self.x.ticks
        )
        return (
            f'<figure class="chart"><figcaption>{escape(title)}</figcaption><div class="plot" role="img" '
            f'aria-label="{escape(alt)}"><div class="grid" aria-hidden="true">{rows}</div>'
            f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">{"".join(shapes)}</svg></div>'
            f'<div class="below" aria-hidden="true">{columns}</div></figure>'
        )

    def _points(self, points: Iterable[Point]) -> str:
        return " ".join(f"{x:.2f},{y:.2f}" for x, y in map(self._at, points))

    def _at(self, point: Point) -> Point:
        return 100 * self.x.share(point[0]), 100 - 100 * self.y.share(point[1])


def round_steps(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from the last at or below `low` to the first at or above `high`, in at most that many steps."""
    step = round_step((high - low) / (most - 1))
    return [n * step for n in range(floor(low / step), ceil(high / step) + 1)]


def round_step(least: float) -> float:
    """The smallest round number that is `least` or more."""
    magnitude = 10.0 ** floor(log10(least))
    return next(factor * magnitude for factor in (1, 2, 2.5, 5, 10) if factor * magnitude >= least)


def decimals(step: float) -> int:
    """How many decimals tell multiples of a round step apart."""
    return next(n for n in range(MOST_DECIMALS + 1) if n == MOST_DECIMALS or abs(round(step, n) / step - 1) < 1e-6)


def _edge(share: float) -> str:
    """Labels at the edges keep inside."""
    return "first" if share < 0.06 else "last" if share > 0.94 else "mid"


@dataclass(frozen=True, slots=True)
class Bar:
    """A share (0 to 1) that was measured, and the one that was claimed."""

    label: str
    held: float
    claimed: float
    said: str  # the measured share in words


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Measured shares as bars, each with a mark where its claim lies."""
    drawn = "".join(
        f'<div class="bar-row"><dt>{escape(row.label)}</dt><dd><span class="track" aria-hidden="true">'
        f'<i style="width:{row.held:.1%}"></i><u style="left:{row.claimed:.1%}"></u></span>'
        f"<b>{escape(row.said)}</b></dd></div>"
        for row in rows
    )
    return f'<section class="bars"><h4>{escape(title)}</h4><dl>{drawn}</dl></section>'


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 % interval, where that was measured."""

    label: str
    value: float
    low: float | None
    high: float | None
    said: str  # value and interval in words
    kind: str = "ours"


def intervals(axis: Axis, mark: float, rows: Sequence[Interval]) -> str:
    """Values as dots with their intervals as lines, beside a dashed mark."""
    drawn = "".join(_interval(axis, mark, row) for row in rows)
    ticks = "".join(
        f'<span class="{_edge(axis.share(at))}" style="left:{axis.share(at):.1%}">{escape(text)}</span>'
        for at, text in axis.ticks
    )
    return f'<div class="intervals"><dl>{drawn}</dl><div class="below" aria-hidden="true">{ticks}</div></div>'


def _interval(axis: Axis, mark: float, row: Interval) -> str:
    at = axis.share(row.value)
    low, high = (at if end is None else axis.share(end) for end in (row.low, row.high))
    return (
        f'<div class="interval-row"><dt>{escape(row.label)}</dt><dd><span class="track" aria-hidden="true">'
        f'<u style="left:{axis.share(mark):.1%}"></u><i class="{row.kind}" style="left:{low:.1%};'
        f'width:{high - low:.1%}"></i><s class="{row.kind}" style="left:{at:.1%}"></s></span>'
        f"<b>{escape(row.said)}</b></dd></div>"
    )


def tiles(facts: Iterable[tuple[str, str, str]]) -> str:
    """Facts side by side: what, how much, and a few words more."""
    drawn = "".join(
        f"<div><dt>{escape(what)}</dt><dd><b>{escape(value)}</b><small>{escape(more)}</small></dd></div>"
        for what, value, more in facts
    )
    return f'<dl class="tiles">{drawn}</dl>'


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table whose first column names its rows."""
    head = "".join(f'<th scope="col">{escape(column)}</th>' if column else "<td></td>" for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
