"""The sections of the report page: each a heading, what the numbers say, and its pictures or tables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from itertools import chain

from forecaster.evaluation import OURS, Evaluation
from forecaster.report import every_coin, findings, galleries, glossary, tables
from forecaster.report.galleries import Symbols, bands_key
from forecaster.report.slices import forecasters, horizons, yearly_method, years
from forecaster.report.weeks import Material
from forecaster.report.wording import coin, day, name
from forecaster.schema import Report, Symbol

YEARLY = {
    "walk_forward": glossary.WALKED,
    "fixed_split": "All years are forecast by the same networks, trained on the hours before the first of them.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page with a heading to link to; without a body it is left out."""

    ident: str
    title: str
    body: str


def sections(
    report: Report, evaluation: Evaluation, material: Material, classic: Report | None, symbols: Symbols
) -> list[Section]:
    """All that the record has numbers for, in the order of reading."""
    ours = {symbol: forecasters(evaluation, symbol)[OURS] for symbol in symbols}
    every = [
        Section("table", "Against the others", _comparison(evaluation, symbols, classic)),
        Section("point", "Predicted against actual", _point(material)),
        Section("bands", "A calm week and a wild week", _weeks(material)),
        Section("reliability", "Do the bands keep their word?", _reliability(evaluation, symbols)),
        Section("years", "Year by year", _years(evaluation, symbols)),
        Section("horizons", "From 1 to 24 hours ahead", _horizons(evaluation, symbols)),
        Section("closes", "From closing prices alone", _closes(evaluation, symbols)),
        Section("minutes", "Asked at a random minute", _minutes(evaluation)),
        Section("coins", "Every coin", _coins(report, evaluation)),
        Section("metrics", "What each number is", tables.metrics(ours)),
        Section("method", "How it was measured", _method(report, evaluation, classic, symbols)),
    ]
    return [section for section in every if section.body]


def bullets(lines: Iterable[str | None]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines if line)}</ul>"


def cards(lines: Mapping[Symbol, Iterable[str]]) -> str:
    """A list of sentences for each symbol, side by side."""
    drawn = (f"<div><h3>{coin(symbol)}</h3>{bullets(said)}</div>" for symbol, said in lines.items())
    return f'<div class="two">{"".join(drawn)}</div>'


def paragraph(*sentences: str) -> str:
    """Sentences in one paragraph."""
    return f"<p>{escape(' '.join(sentences))}</p>"


def _comparison(evaluation: Evaluation, symbols: Symbols, classic: Report | None) -> str:
    note = (
        "The small numbers are 95 % intervals and the p-value of a Diebold-Mariano (DM) test, which is small where a "
        "difference is hardly chance. The best of a column is bold."
    )
    if classic is not None and classic.symbol in symbols:
        note += (
            f" The original recipe was graded from {day(classic.graded_from)} to {day(classic.graded_to)}, so its MAE "
            "compares only with that of “no change” on the same hours, which is what the next column does."
        )
    return (
        paragraph("Everybody forecast the same hours from the same candles.", note)
        + bullets(findings.rivals(evaluation, symbol) for symbol in symbols)
        + "".join(tables.comparison(evaluation, symbol, classic) for symbol in symbols)
    )


def _point(material: Material) -> str:
    return paragraph(
        "Two lines that can hardly be told apart: this is what most such reports show, and it proves little. The "
        "forecast lies near the last close, and so does the next close. What counts is the move between them.",
        findings.point(material.series),
    ) + galleries.point(material)


def _weeks(material: Material) -> str:
    parts = [
        paragraph("The calmest and the wildest whole week of the graded hours.", findings.widths(material)),
        bands_key(),
    ]
    for title, ident, week in (("The calm week", "calm", material.calm), ("The wild week", "wild", material.wild)):
        parts += [paragraph(findings.week(title, week)), galleries.week(title, ident, material.symbol, week)]
    return "".join(parts)


def _reliability(evaluation: Evaluation, symbols: Symbols) -> str:
    pictures = galleries.reliability(evaluation, symbols)
    if not pictures:
        return ""
    lead = paragraph(
        "A quantile keeps its word when the share of closes below it is what it says: the dots lie on the diagonal.",
        "The other pictures show only the distance from it; inside the grey, chance alone would explain it.",
    )
    return lead + bullets(findings.straying(evaluation, symbol) for symbol in symbols) + pictures


def _years(evaluation: Evaluation, symbols: Symbols) -> str:
    graded = [symbol for symbol in symbols if years(evaluation, symbol)]
    if not graded:
        return ""
    return (
        paragraph(
            YEARLY[yearly_method(evaluation)],
            "Bars are 95 % intervals; a hollow dot is a year whose interval includes 0. Dotted: the 80 % band if its "
            "width did not follow recent coverage.",
        )
        + galleries.yearly(evaluation, graded)
        + cards({symbol: findings.yearly(evaluation, symbol) for symbol in graded})
        + "".join(tables.by_year(evaluation, symbol) for symbol in graded)
    )


def _horizons(evaluation: Evaluation, symbols: Symbols) -> str:
    graded = [symbol for symbol in symbols if len(horizons(evaluation, OURS, symbol)) > 1]
    if not graded:
        return ""
    return (
        paragraph("The shaded strip is the 95 % interval of the skill of this model.")
        + galleries.by_horizon(evaluation, graded)
        + cards({symbol: findings.ahead(evaluation, symbol) for symbol in graded})
    )


def _minutes(evaluation: Evaluation) -> str:
    if not evaluation.random_minute:
        return ""
    lead = paragraph(
        "Nobody waits for the full hour to ask. Each forecast here starts at a five-minute mark; the last column says "
        "how often the price had already left the range that the last full hour's forecast told."
    )
    graded = evaluation.random_minute
    told = ((every_coin.by_minute(each), every_coin.to_the_full_hour(each)) for each in graded)
    shown = "".join(chain.from_iterable(told)) + every_coin.walked_minutes(evaluation)
    return lead + bullets(map(every_coin.in_words, graded)) + shown


def _coins(report: Report, evaluation: Evaluation) -> str:
    if not every_coin.several(report):
        return ""
    lead = paragraph("Each coin on its own hours, with its companion's candles beside it.")
    return lead + every_coin.by_coin(report) + every_coin.walked_coins(evaluation)


def _closes(evaluation: Evaluation, symbols: Symbols) -> str:
    graded = [symbol for symbol in symbols if horizons(evaluation, OURS, symbol, "closes_only")]
    if not graded:
        return ""
    return (
        paragraph(glossary.CLOSES)
        + bullets(findings.closes_only(evaluation, symbol) for symbol in graded)
        + "".join(tables.by_input(evaluation, symbol) for symbol in graded)
    )


def _method(report: Report, evaluation: Evaluation, classic: Report | None, symbols: Symbols) -> str:
    named = dict.fromkeys(["classic"] * (classic is not None))
    for symbol in symbols:
        named |= dict.fromkeys(forecasters(evaluation, symbol))
    explained = "".join(
        f"<dt>{escape(name(each))}</dt><dd>{escape(glossary.FORECASTERS[each])}</dd>"
        for each in glossary.FORECASTERS
        if each in named
    )
    return bullets((*glossary.METHOD, *report.remarks)) + f"<h3>Who forecasts</h3><dl>{explained}</dl>"
