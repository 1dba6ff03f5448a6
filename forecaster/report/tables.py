"""The report page's tables as HTML, every text in them escaped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from forecaster.evaluation import OURS, Evaluation, Scores
from forecaster.quantiles import BANDS
from forecaster.report.glossary import METRICS
from forecaster.report.slices import forecasters, horizons, years
from forecaster.report.wording import NBSP, NONE, chance, coin, hours, interval, money, name, number, percent
from forecaster.schema import Report, Symbol

ORDER = (
    "persistence",
    "drift",
    "seasonal_naive",
    "rolling_quantiles",
    "ewma",
    "garch_t",
    "har",
    "har_minutes",
    "lightgbm",
    "lightgbm_minutes",
)
SHOWN = (1, 6, 24)  # hours ahead


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and what belongs under it in small."""

    text: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is called, what it says of a forecaster, and by what the best is found (the greatest)."""

    title: str
    hint: str
    cell: Callable[[Scores], Cell]
    rank: Callable[[Scores], float | None] = lambda scores: None


@dataclass(frozen=True, slots=True)
class Row:
    """Whose scores a line gives, or cells made already; `marked` is the model's own."""

    head: Cell
    scores: Scores | None
    cells: tuple[Cell, ...] = ()
    marked: bool = False


def comparison(evaluation: Evaluation, symbol: Symbol, classic: Report | None) -> str:
    """Everybody one hour ahead for one symbol, from the simplest to the model itself."""
    everybody = forecasters(evaluation, symbol)
    known = [each for each in ORDER if each in everybody]
    shown = [*known, *(each for each in everybody if each not in (*ORDER, OURS)), OURS]
    rows = [Row(Cell(name(each)), everybody[each], marked=each == OURS) for each in shown]
    if classic is not None and classic.symbol == symbol:
        rows.insert(0, _classic(classic))
    caption = f"{coin(symbol)}, {hours(1)} ahead, {everybody[OURS].n:,} hours."
    return table(caption, "forecast", COLUMNS, rows)


def by_year(evaluation: Evaluation, symbol: Symbol) -> str:
    """The model one hour ahead, year by year."""
    rows = [Row(Cell(year, f"{each.n:,} hours"), each) for year, each in years(evaluation, symbol).items()]
    return table(f"{coin(symbol)}, {hours(1)} ahead, year by year.", "year", COLUMNS, rows, best=False)


def by_input(evaluation: Evaluation, symbol: Symbol) -> str:
    """The model from candles of both coins beside the model from 60 closes of one."""
    full, closes = (horizons(evaluation, OURS, symbol, kind) for kind in ("full", "closes_only"))
    rows = []
    for ahead in SHOWN:
        if ahead in full and ahead in closes:
            rows.append(Row(Cell(hours(ahead), "candles"), full[ahead]))
            rows.append(Row(Cell(hours(ahead), "closes only"), closes[ahead]))
    return table(f"{coin(symbol)}, from candles and from closes alone.", "ahead", COLUMNS, rows, best=False)


def metrics(ours: dict[Symbol, Scores]) -> str:
    """Every metric in a sentence, with what the model scores one hour ahead."""
    symbols = "".join(f'<th scope="col">{coin(symbol)}</th>' for symbol in ours)
    lines = "".join(
        f'<tr><th scope="row">{escape(title)}</th><td class="prose">{escape(sentence)}</td>'
        + "".join(f"<td>{escape(say(scores))}</td>" for scores in ours.values())
        + "</tr>"
        for title, sentence, say in METRICS
    )
    head = f'<tr><th scope="col">metric</th><th scope="col" class="prose">in a sentence</th>{symbols}</tr>'
    return _scrolling(f"Every metric, with the value of this model {hours(1)} ahead.", head, lines)


def table(caption: str, first: str, columns: Sequence[Column], rows: Sequence[Row], *, best: bool = True) -> str:
    """A table whose first column is called `first`; with `best`, the greatest rank of each column is bold."""
    tops = [_top([column.rank(row.scores) for row in rows if row.scores]) if best else None for column in columns]
    head = f'<th scope="col">{escape(first)}</th>' + "".join(
        f'<th scope="col">{_inside(Cell(column.title, column.hint))}</th>' for column in columns
    )
    return _scrolling(caption, f"<tr>{head}</tr>", "".join(_line(row, columns, tops) for row in rows))


def _line(row: Row, columns: Sequence[Column], tops: Sequence[float | None]) -> str:
    drawn = [f'<th scope="row">{_inside(row.head)}</th>']
    if row.scores is None:
        drawn += [f"<td>{_inside(cell)}</td>" for cell in row.cells]
    else:
        for column, top in zip(columns, tops, strict=True):
            bold = ' class="best"' if top is not None and column.rank(row.scores) == top else ""
            drawn.append(f"<td{bold}>{_inside(column.cell(row.scores))}</td>")
    opening = '<tr class="ours">' if row.marked else "<tr>"
    return f"{opening}{''.join(drawn)}</tr>"


def _inside(cell: Cell) -> str:
    return escape(cell.text) + (f"<small>{escape(cell.small)}</small>" if cell.small else "")


def _scrolling(caption: str, head: str, lines: str) -> str:
    """A table that scrolls inside its box, with the keyboard too."""
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead>{head}</thead><tbody>{lines}</tbody></table></div>"
    )


def _top(ranks: Sequence[float | None]) -> float | None:
    return max((rank for rank in ranks if rank is not None), default=None)


def _classic(report: Report) -> Row:
    """The original recipe, which was graded on hours of its own and has no distribution to score."""
    skill, row = report.skill, report.model
    return Row(
        Cell(name("classic"), f"on {report.n:,} hours of its own"),
        None,
        (
            Cell(money(row.mae)),
            _skill(skill.value, skill.ci_low, skill.ci_high, None),
            Cell(NONE if row.direction is None else percent(row.direction)),
            Cell(NONE),
            Cell(NONE),
            Cell(_shares(report.coverage)),
        ),
    )


def _mae_skill(scores: Scores) -> Cell:
    return _skill(scores.mae_skill, scores.mae_skill_low, scores.mae_skill_high, scores.mae_p)


def _crps_skill(scores: Scores) -> Cell:
    return _skill(scores.crps_skill, scores.crps_skill_low, scores.crps_skill_high, scores.crps_p)


def _skill(value: float, low: float, high: float, p: float | None) -> Cell:
    """A skill over its interval and p-value; nothing where a forecaster is its own baseline, which has no p."""
    if p is None and low == value == high:
        return Cell(NONE)
    if value < -1:
        return Cell(f"{number(1 - value, 1)} times the error", f"{number(1 - high, 1)} to {number(1 - low, 1)}")
    return Cell(percent(value, 2, sign=True), ", ".join([interval(low, high), *([] if p is None else [chance(p)])]))


def _direction(scores: Scores) -> Cell:
    if scores.direction is None:
        return Cell(NONE)
    low, high = scores.direction_low, scores.direction_high
    spread = "" if low is None or high is None else interval(low, high, 1, sign=False)
    return Cell(percent(scores.direction), spread)


def _inside_bands(scores: Scores) -> Cell:
    if scores.width_pct["95"] == 0:  # a point is no band
        return Cell(NONE)
    return Cell(_shares(scores.coverage), f"{number(scores.width_pct['80'], 2)}{NBSP}% wide")


def _shares(coverage: dict[str, float]) -> str:
    return " / ".join(number(100 * coverage[band], 1) for band in BANDS)


COLUMNS = (
    Column("MAE", "", lambda s: Cell(money(s.mae)), lambda s: -s.mae),
    Column("better than no change", "interval, DM test", _mae_skill, lambda s: s.mae_skill),
    Column("direction right", "interval", _direction, lambda s: s.direction),
    Column("CRPS", "", lambda s: Cell(number(s.crps, 2)), lambda s: -s.crps),
    Column("better than rolling quantiles", "interval, DM test", _crps_skill, lambda s: s.crps_skill),
    Column(f"inside 50 / 80 / 95{NBSP}% bands, %", f"width of the 80{NBSP}% band", _inside_bands),
)
