"""Which pictures each section of the report page shows, what they are called, and the frames that they stand in.

A frame has a title above, a key where lines must be told apart, and a text for those who cannot see.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from forecaster.evaluation import OURS, UNTRACKED, Evaluation, Reliability
from forecaster.report import findings, plots
from forecaster.report.canvas import ACTUAL, PREDICTED, VARIABLES, Size, svg
from forecaster.report.plots import STROKES
from forecaster.report.slices import Interval, crps_skill, curve, forecasters, horizons, mae_skill, years
from forecaster.report.weeks import Material, Week
from forecaster.report.wording import NBSP, coin, hours, name, percent
from forecaster.schema import Symbol

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = (OURS, "har", "ewma")  # drawn over all horizons
STRAYS = (OURS, UNTRACKED, "har", "rolling_quantiles")  # drawn around the diagonal
FARTHEST = 24  # hours ahead
SKILLS = (("mae", "better than “no change”", mae_skill), ("crps", "better than rolling quantiles", crps_skill))
SMALL: Size = (310, 215)  # one of three beside each other, or alone on a phone
WIDE: Size = (940, 290)
BESIDE: Size = (370, 280)  # beside a text
NARROW: Size = (350, 270)  # the same picture on a phone, where its texts would shrink with it
DASHES = {"-": "", "--": "6 3", ":": "1.5 3", "-.": "7 3 1.5 3"}

Symbols = Sequence[Symbol]


def point(material: Material) -> str:
    """The newest closes with their forecasts, and how little the predicted moves told of the actual ones."""
    symbol, series = coin(material.symbol), material.series
    title = f"{symbol}, the newest {plots.DAYS} days: each close, and what was forecast of it an hour before"
    lines = wide("recent", title, f"{title}: two lines on each other.", partial(plots.recent, series=series))
    title = f"{symbol}: actual moves, by what move was predicted"
    alt = f"{title}. {findings.point(series)}"
    moves = panel("moves", title, alt, partial(plots.moves, series=series), BESIDE)
    return f'{lines_key()}{lines}<div class="split">{moves}<div class="note">{MOVES}</div></div>'


def week(title: str, ident: str, symbol: Symbol, shown: Week) -> str:
    """The 24-hour forecasts of a week and its one-hour bands."""
    kinds = (
        ("fans", f"{title}: {coin(symbol)} as forecast for the next 24 hours, each midnight UTC", plots.fans),
        ("hourly", f"{title}: {coin(symbol)} as forecast one hour ahead, each hour", plots.hourly),
    )
    said = findings.week(title, shown)
    return "".join(
        wide(f"{ident}-{kind}", text, f"{text}. {said}", partial(plot, week=shown)) for kind, text, plot in kinds
    )


def reliability(evaluation: Evaluation, symbols: Symbols) -> str:
    """For each symbol the diagonal one hour ahead, and the distances from it one hour and a day ahead."""
    panels, drawn = [], set()
    for symbol in symbols:
        for ahead in (1, FARTHEST):
            shown = curves(evaluation, symbol, ahead)
            if not shown:
                continue
            drawn |= {each.forecaster for each in shown}
            where = f"{coin(symbol)}, {hours(ahead)} ahead"
            if ahead == 1:
                title = f"{where}: closes below each quantile, %"
                said = findings.straying(evaluation, symbol) or ""
                plot = partial(plots.diagonal, curve=shown[0])
                panels.append(panel(f"diagonal-{coin(symbol)}", title, f"{title}. {said}", plot))
            title = f"{where}: points off the diagonal"
            separate = forecasters(evaluation, symbol, ahead)[OURS].n // ahead  # forecasts that do not overlap
            stray = partial(plots.off_diagonal, curves=shown, n=separate)
            panels.append(panel(f"stray-{coin(symbol)}-{ahead}", title, f"{title}, by quantile.", stray))
    return key([each for each in STRAYS if each in drawn]) + grid(panels) if panels else ""


def yearly(evaluation: Evaluation, symbols: Symbols) -> str:
    """For each symbol both skills and the coverage, one hour ahead, year by year."""
    panels = []
    for symbol in symbols:
        found = years(evaluation, symbol)
        if not found:
            continue
        for ident, what, skill in SKILLS:
            skills = {year: skill(scores) for year, scores in found.items()}
            title = f"{coin(symbol)}: {what}"
            plot = partial(plots.by_year, years=list(skills), skills=list(skills.values()))
            panels.append(panel(f"years-{ident}-{coin(symbol)}", title, f"{title}: {_spoken(skills)}.", plot))
        fixed = [scores.coverage["80"] for scores in years(evaluation, symbol, UNTRACKED).values()]
        title = f"{coin(symbol)}: closes inside the bands"
        said = "; ".join(f"{year} {percent(scores.coverage['80'])}" for year, scores in found.items())
        held = partial(plots.coverage_by_year, ours={year: each.coverage for year, each in found.items()}, fixed=fixed)
        panels.append(panel(f"years-held-{coin(symbol)}", title, f"{title}, the 80{NBSP}% band: {said}.", held))
    return grid(panels)


def by_horizon(evaluation: Evaluation, symbols: Symbols) -> str:
    """For each symbol both skills and the coverage, by hours ahead."""
    panels, drawn = [], set()
    for symbol in symbols:
        lines = {each: found for each in CURVES if (found := horizons(evaluation, each, symbol))}
        drawn |= set(lines)
        for ident, what, skill in SKILLS:
            skills = {each: {ahead: skill(row) for ahead, row in line.items()} for each, line in lines.items()}
            title = f"{coin(symbol)}: {what}"
            said = _spoken({hours(ahead): each for ahead, each in skills[OURS].items() if ahead in (1, 6, FARTHEST)})
            plot = partial(plots.by_horizon, lines=skills)
            panels.append(panel(f"ahead-{ident}-{coin(symbol)}", title, f"{title} {said} ahead.", plot))
        title = f"{coin(symbol)}: closes inside the bands"
        held = {ahead: scores.coverage for ahead, scores in lines[OURS].items()}
        said = "; ".join(
            f"{hours(ahead)} {percent(each['80'])}" for ahead, each in held.items() if ahead in (1, 6, FARTHEST)
        )
        plot = partial(plots.coverage_by_horizon, ours=held)
        panels.append(panel(f"ahead-held-{coin(symbol)}", title, f"{title}, the 80{NBSP}% band: {said}.", plot))
    return key([each for each in CURVES if each in drawn]) + grid(panels)


def curves(evaluation: Evaluation, symbol: Symbol, ahead: int) -> list[Reliability]:
    """What is drawn around one diagonal, ours first; none at all where ours was not measured."""
    found = [curve(evaluation, each, symbol, ahead) for each in STRAYS]
    return [each for each in found if each is not None] if found[0] is not None else []


def _spoken(skills: Mapping[str, Interval]) -> str:
    return "; ".join(f"{each} {percent(skill.value, 2, sign=True)}" for each, skill in skills.items())


MOVES = (
    "<p>All hours in ten equal groups, by the move that was predicted. The thin bar is where 80&nbsp;% of the actual "
    "moves lay, the thick one where 50&nbsp;% did, the dot their mean with its 95&nbsp;% interval. On the dashed line "
    "a predicted move comes true on average.</p><p>How the dots rise is all that the point forecast knows. How tall "
    "the bars are is what it does not know, and what the bands are there to say.</p>"
)


def panel(ident: str, title: str, alt: str, plot: "Callable[[Axes], None]", size: Size = SMALL) -> str:
    """One of several small pictures, or a picture beside a text."""
    return f"<figure><figcaption>{escape(title)}</figcaption>{svg(ident, alt, size, plot)}</figure>"


def wide(ident: str, title: str, alt: str, plot: "Callable[[Axes], None]") -> str:
    """A picture as wide as the page, drawn once more for phones."""
    drawn = "".join(
        f'<div class="{kind}">{svg(f"{ident}-{kind}", alt, size, plot)}</div>'
        for kind, size in (("wide", WIDE), ("narrow", NARROW))
    )
    return f'<figure class="full"><figcaption>{escape(title)}</figcaption>{drawn}</figure>'


def grid(panels: Sequence[str]) -> str:
    """Small pictures in rows of as many as fit."""
    return f'<div class="grid">{"".join(panels)}</div>' if panels else ""


def key(forecasters: Sequence[str]) -> str:
    """How the lines of forecasters look."""
    entries = []
    for each in forecasters:
        stroke = STROKES[each]
        entries.append(_entry(VARIABLES[stroke.colour], DASHES[stroke.dash], stroke.width, name(each)))
    return f'<ul class="key">{"".join(entries)}</ul>'


def lines_key() -> str:
    """Which line happened and which was forecast."""
    happened = _entry(VARIABLES[ACTUAL], "", 2.4, "what happened")
    return f'<ul class="key">{happened}{_entry(VARIABLES[PREDICTED], "", 1.2, "what was forecast")}</ul>'


def bands_key() -> str:
    """What the colours and signs of a forecast beside what happened mean."""
    shades = "".join(f'<li><i class="band b{each}"></i>{each} % band</li>' for each in ("50", "80", "95"))
    happened = _entry(VARIABLES[ACTUAL], "", 2.2, "what happened")
    return f'<ul class="key">{happened}{shades}<li><b>&times;</b>a close outside the 95 % band</li></ul>'


def _entry(variable: str, dashes: str, width: float, text: str) -> str:
    style = f'stroke-width="{width:g}" stroke-dasharray="{dashes}" style="stroke: var({variable})"'
    line = f'<line x1="1" y1="5" x2="27" y2="5" {style}/>'
    return f'<li><svg width="28" height="10" aria-hidden="true">{line}</svg>{escape(text)}</li>'
