"""The report's pictures over hours ahead and over chances: skill by horizon, and whether what is claimed happens."""

from collections.abc import Iterator, Sequence
from html import escape

from assistant.page.charts import Axis, Canvas, round_steps
from assistant.page.tabs.model_record import Curve, Row
from assistant.page.words import Words
from assistant.replies import NBSP, percent
from assistant.understanding import name_of
from forecaster.schema import Symbol

A_DAY = Axis(1, 24, ((1, f"1{NBSP}h"), (6, "6"), (12, "12"), (18, "18"), (24, f"24{NBSP}h")))
CHANCES = tuple((share / 100, f"{share}{NBSP}%") for share in (0, 25, 50, 75, 100))


def skill_by_hours(rows: Sequence[Row], words: Words) -> str:
    """Both skills over the hours ahead; needs more than one horizon."""
    kinds = (
        ("crps_skill", "The whole range, against the spread of the last 90 days"),
        ("mae_skill", "The middle of the forecast, against \u201cno change\u201d"),
    )
    drawn = "".join(
        f'<h4>{title}</h4><div class="columns">{charts}</div>'
        for kind, title in kinds
        if (charts := "".join(_skill_charts(rows, kind)))
    )
    if not drawn:
        return ""
    return (
        f"<h3>{escape(words.say('report.skill'))}</h3><p>0{NBSP}% means no better than the alternative. The shade is "
        f"the 95{NBSP}% interval: where it reaches 0, the gain may be luck.</p>"
        f"{drawn}"
    )


def _skill_charts(rows: Sequence[Row], kind: str) -> Iterator[str]:
    values = [100 * v for row in rows for name in ("", "_low", "_high") if (v := getattr(row, kind + name)) is not None]
    axis = _percent_axis(min([0.0, *values]), max([0.1, *values]))
    for symbol, mine in _by_symbol(rows):
        if len(mine) < 2:
            continue
        canvas = Canvas(A_DAY, axis)
        points = [(row.hours, 100 * getattr(row, kind)) for row in mine]
        shapes = [canvas.stroke((1, 0), (24, 0), "zero")]
        if all(getattr(row, f"{kind}_low") is not None for row in mine):
            upper = [(row.hours, 100 * getattr(row, f"{kind}_high")) for row in mine]
            lower = [(row.hours, 100 * getattr(row, f"{kind}_low")) for row in mine]
            shapes.append(canvas.area(upper, lower, "shade"))
        shapes.append(canvas.line(points, "ours"))
        shapes += [canvas.dot(point, "ours") for point in points]
        (first, start), (last, end) = points[0], points[-1]
        alt = (
            f"{name_of(symbol)}: {percent(start, 2, sign=True)} at {first} hour ahead, "
            f"{percent(end, 2, sign=True)} at {last} hours ahead; {_sure(mine, kind)}."
        )
        yield canvas.figure(name_of(symbol), alt, shapes)


def _sure(rows: Sequence[Row], kind: str) -> str:
    lows = [low for row in rows if (low := getattr(row, f"{kind}_low")) is not None]
    above = sum(low > 0 for low in lows)
    return f"the interval lies above 0 at {above} of {len(lows)} horizons" if lows else "intervals were not measured"


def reliability(curves: Sequence[Curve], words: Words) -> str:
    """How often closes fell below each quantile: on the diagonal where the forecast is honest."""
    drawn = []
    axis = Axis(0.0, 1.0, CHANCES)
    for curve in curves:
        canvas = Canvas(axis, axis)
        points = list(zip(curve.levels, curve.below, strict=True))
        away = max(abs(below - level) for level, below in points)
        shapes = (
            canvas.stroke((0, 0), (1, 1), "zero"),
            canvas.line(points, "ours"),
            *(canvas.dot(point, "ours") for point in points),
        )
        alt = f"{name_of(curve.symbol)}: never more than {percent(100 * away)} points from the diagonal."
        drawn.append(canvas.figure(f"{name_of(curve.symbol)}: at most {100 * away:.1f} points off", alt, shapes))
    if not drawn:
        return ""
    title = words.say("report.reliability", chance=words.percent(10, 0))
    return (
        f"<h3>{escape(title)}</h3><p>Along the bottom, the chance that "
        "the model gave a close below some price; upwards, how often it came. On the dashed diagonal both agree.</p>"
        f'<div class="columns square">{"".join(drawn)}</div>'
    )


def _by_symbol(rows: Sequence[Row]) -> Iterator[tuple[Symbol, list[Row]]]:
    for symbol in dict.fromkeys(row.symbol for row in rows):
        yield symbol, [row for row in rows if row.symbol == symbol]


def _percent_axis(low: float, high: float) -> Axis:
    """An axis in percent, in round steps."""
    steps = round_steps(low, high)
    width = steps[1] - steps[0]
    digits = next(n for n in (0, 1, 2, 3) if abs(round(width, n) - width) < 1e-9 or n == 3)
    return Axis(steps[0], steps[-1], tuple((step, percent(step, digits, sign=True)) for step in steps))
