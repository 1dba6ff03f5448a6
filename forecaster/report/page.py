"""The record of a model as a page that a person wants to read: one HTML file that loads nothing else.

    opening     what was measured, what it means and what it does not
    sections    tables, pictures and sentences, each computed from the record; what has no numbers is left out

In page/: page.html is the frame with its colours, summary.py and findings.py the sentences, plots.py the pictures.
"""

from html import escape
from pathlib import Path
from string import Template

from forecaster.errors import InvalidInput
from forecaster.evaluation import OURS, Evaluation, Scores
from forecaster.report import findings, summary
from forecaster.report.sections import bullets, paragraph, sections
from forecaster.report.slices import forecasters, graded_symbols
from forecaster.report.weeks import Material
from forecaster.report.wording import NBSP, NONE, coin, day, interval, percent
from forecaster.schema import Report, Symbol

TEMPLATE = Path(__file__).with_name("page.html")


def report_page(report: Report, evaluation: Evaluation, material: Material, classic: Report | None = None) -> bytes:
    """The page as UTF-8 HTML, the same bytes for the same record. `classic` adds the original recipe's row.

    Raises InvalidInput when the record lacks the report's own symbol one hour ahead.
    """
    symbols = graded_symbols(evaluation)
    if report.symbol not in symbols:
        raise InvalidInput(
            f"The record holds no forecasts of {report.symbol} one hour ahead.", "Grade the model first."
        )
    ours = {symbol: forecasters(evaluation, symbol)[OURS] for symbol in symbols}
    first = ours[report.symbol]
    parts = sections(report, evaluation, material, classic, symbols)
    page = Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        period=escape(f"{day(report.graded_from)} to {day(report.graded_to)}"),
        opening=paragraph(summary.opening(report, first)) + paragraph(summary.verdict(report, first)),
        tiles="".join(_tiles(ours)),
        says=bullets([*(summary.bands(symbol, scores) for symbol, scores in ours.items()), findings.widths(material)]),
        denies=bullets([summary.edge(report), summary.direction(ours), summary.REFIT]),
        links="".join(f'<a href="#{part.ident}">{escape(part.title)}</a>' for part in parts),
        sections="".join(
            f'<section id="{part.ident}"><h2>{escape(part.title)}</h2>{part.body}</section>' for part in parts
        ),
    )
    return page.encode()


def _tiles(ours: dict[Symbol, Scores]) -> list[str]:
    """Four facts, for every symbol: the same four that an answer in the chat gives."""
    tiles = []
    for title, say in (
        ("closer than “no change”", _closer),
        ("direction right", _right),
        ("better than rolling quantiles", _sharper),
        (f"80{NBSP}% bands held", lambda s: (percent(s.coverage["80"]), f"of {s.n:,} closes")),
    ):
        values = "".join(
            f"<dd><span>{coin(symbol)}</span> <b>{escape(value)}</b> <small>{escape(small)}</small></dd>"
            for symbol, (value, small) in ((symbol, say(scores)) for symbol, scores in ours.items())
        )
        tiles.append(f"<div><dt>{escape(title)}</dt>{values}</div>")
    return tiles


def _closer(scores: Scores) -> tuple[str, str]:
    return percent(scores.mae_skill, 2, sign=True), interval(scores.mae_skill_low, scores.mae_skill_high)


def _right(scores: Scores) -> tuple[str, str]:
    if scores.direction is None:
        return NONE, ""
    low, high = scores.direction_low, scores.direction_high
    return percent(scores.direction), "" if low is None or high is None else interval(low, high, 1, sign=False)


def _sharper(scores: Scores) -> tuple[str, str]:
    return percent(scores.crps_skill, 1, sign=True), interval(scores.crps_skill_low, scores.crps_skill_high, 1)
