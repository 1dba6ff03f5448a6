"""The report's pictures over hours ahead and over chances: skill by horizon, and whether what is claimed happens."""

from collections.abc import Iterator, Sequence
from html import escape

from assistant.page.charts import Axis, Canvas, round_steps
from assistant.page.tabs.model_record import Curve, Row
from assistant.page.words import Words
from forecaster.schema import Symbol

HOUR, DAY = 60, 24  # minutes, hours
KINDS = (("crps_skill", "report.whole"), ("mae_skill", "report.middle"))


def skill_by_hours(rows: Sequence[Row], words: Words) -> str:
    """Both skills over the hours ahead; needs more than one horizon."""
    drawn = "".join(
        f'<h4>{escape(words.say(title))}</h4><div class="columns">{charts}</div>'
        for kind, title in KINDS
        if (charts := "".join(_skill_charts(rows, kind, words)))
    )
    if not drawn:
        return ""
    shade = words.say("report.shade", zero=words.percent(0, 0), interval=words.percent(95, 0))
    return f"<h3>{escape(words.say('report.skill'))}</h3><p>{escape(shade)}</p>{drawn}"


def _skill_charts(rows: Sequence[Row], kind: str, words: Words) -> Iterator[str]:
    values = [100 * v for row in rows for name in ("", "_low", "_high") if (v := getattr(row, kind + name)) is not None]
    axis = _percent_axis(min([0.0, *values]), max([0.1, *values]), words)
    plain = tuple((hours, words.number(hours)) for hours in (6, 12, 18))
    a_day = Axis(1, DAY, ((1, words.ahead(HOUR)), *plain, (DAY, words.ahead(DAY * HOUR))))
    for symbol, mine in _by_symbol(rows):
        if len(mine) < 2:
            continue
        canvas = Canvas(a_day, axis)
        points = [(row.hours, 100 * getattr(row, kind)) for row in mine]
        shapes = [canvas.stroke((1, 0), (DAY, 0), "zero")]
        if all(getattr(row, f"{kind}_low") is not None for row in mine):
            upper = [(row.hours, 100 * getattr(row, f"{kind}_high")) for row in mine]
            lower = [(row.hours, 100 * getattr(row, f"{kind}_low")) for row in mine]
            shapes.append(canvas.area(upper, lower, "shade"))
        shapes.append(canvas.line(points, "ours"))
        shapes += [canvas.dot(point, "ours") for point in points]
        (first, start), (last, end) = points[0], points[-1]
        alt = words.say(
            "report.skills", coin=words.coin(symbol), sure=_sure(mine, kind, words),
            start=words.percent(start, 2, sign=True), first=words.ahead(HOUR * first),
            end=words.percent(end, 2, sign=True), last=words.ahead(HOUR * last),
        )  # fmt: skip
        yield canvas.figure(words.coin(symbol), alt, shapes)


def _sure(rows: Sequence[Row], kind: str, words: Words) -> str:
    lows = [low for row in rows if (low := getattr(row, f"{kind}_low")) is not None]
    if not lows:
        return words.say("report.unsure")
    return words.say("report.sure", n=words.number(sum(low > 0 for low in lows)), all=words.number(len(lows)))


def reliability(curves: Sequence[Curve], words: Words) -> str:
    """How often closes fell below each quantile: on the diagonal where the forecast is honest."""
    drawn = []
    axis = Axis(0.0, 1.0, chances((0, 25, 50, 75, 100), words))
    for curve in curves:
        canvas = Canvas(axis, axis)
        points = list(zip(curve.levels, curve.below, strict=True))
        away = max(abs(below - level) for level, below in points)
        shapes = (
            canvas.stroke((0, 0), (1, 1), "zero"),
            canvas.line(points, "ours"),
            *(canvas.dot(point, "ours") for point in points),
        )
        facts = {"coin": words.coin(curve.symbol), "n": words.number(100 * away, 1)}
        drawn.append(canvas.figure(words.say("report.off", **facts), words.say("report.off_alt", **facts), shapes))
    if not drawn:
        return ""
    title = words.say("report.reliability", chance=words.percent(10, 0))
    return (
        f"<h3>{escape(title)}</h3><p>{escape(words.say('report.diagonal'))}</p>"
        f'<div class="columns square">{"".join(drawn)}</div>'
    )


def chances(percents: Sequence[int], words: Words) -> tuple[tuple[float, str], ...]:
    """Marks on an axis of shares."""
    return tuple((each / 100, words.percent(each, 0)) for each in percents)


def _by_symbol(rows: Sequence[Row]) -> Iterator[tuple[Symbol, list[Row]]]:
    for symbol in dict.fromkeys(row.symbol for row in rows):
        yield symbol, [row for row in rows if row.symbol == symbol]


def _percent_axis(low: float, high: float, words: Words) -> Axis:
    """An axis in percent, in round steps."""
    steps = round_steps(low, high)
    width = steps[1] - steps[0]
    digits = next(n for n in (0, 1, 2, 3) if abs(round(width, n) - width) < 1e-9 or n == 3)
    return Axis(steps[0], steps[-1], tuple((step, words.percent(step, digits, sign=True)) for step in steps))
