"""The tab "Model report" as HTML: what was measured on hours the model never saw, for somebody who is no statistician.

    opening       what was done and what came of it, then four numbers for each coin
    comparison    this model beside the classic recipe beside "no change"
    pictures      ranges held, skill by hours ahead, direction, reliability: each with what to see in it
    limits        what all this does not show

Pure functions from a ModelRecord to one line of HTML. What the record does not hold is left out.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape

from assistant.page.charts import Axis, Bar, Interval, bars, intervals, table, tiles
from assistant.page.tabs.model_record import ModelRecord, Row, rows_and_curves
from assistant.page.tabs.report_pictures import reliability, skill_by_hours
from assistant.page.words import Words
from assistant.replies import NBSP, money, number, percent
from assistant.understanding import name_of
from forecaster.schema import Report, Symbol
from tools import decimals_of

BANDS = ("50", "80", "95")
NONE = "\u2014"
NO_CHANGE = "\u201cno change\u201d"
WHOLE = 20  # USD from which on an error needs no cents
NEARLY = 0.05  # shares this near are called the same
SOME_HOURS = (1, 6, 24)  # ahead, for which directions are shown


def report_tab(record: ModelRecord, words: Words | None = None) -> str:
    """The whole tab, with headings in a visitor's words; its sentences are English, as the report's own remarks are."""
    words, (rows, curves) = words or Words(), rows_and_curves(record)
    parts = (
        _opening(record.report, words),
        _tiles(rows, words) if rows else "",
        _comparison(record, words),
        _coverage(record, rows, words),
        skill_by_hours(rows, words),
        _direction(record, rows, words),
        reliability(curves, words),
        _limits(record.report, [name_of(symbol) for symbol in dict.fromkeys(row.symbol for row in rows)], words),
    )
    return f'<article class="page">{"".join(parts)}</article>'.replace("\n", " ")


def _opening(report: Report, words: Words) -> str:
    held, better = report.coverage.get("80"), "smaller" if report.skill.value >= 0 else "larger"
    told = (
        f"Every hour from {_day(report.graded_from)} to {_day(report.graded_to)}, the model said where "
        f"{name_of(report.symbol)} would close one hour later. It had seen none of those hours. "
        f"That makes {number(report.n)} forecasts, and each was held against what then happened."
    )
    ours, none = (_usd(each.mae, report.symbol) for each in (report.model, report.persistence))
    found = (
        f"The middle of the forecast missed by {ours} on average; saying {NO_CHANGE} missed by {none}. "
        f"So its error is {_gain(abs(report.skill.value))} {better}."
    )
    if held is not None:
        found += f" The 80{NBSP}% range held {percent(100 * held)} of the closes."
    advice = [
        "The range is what to trust."
        if held is not None and abs(held - 0.8) < NEARLY
        else "The range does not hold what it claims.",
        "The direction is nearly a coin flip." if _coin_flip(report.model.direction) else "",
    ]
    return (
        f"{_heading(words, 'title', 2)}<p>{escape(told)}</p>"
        f"<p>{escape(found)} <strong>{escape(' '.join(advice).strip())}</strong></p>"
    )


def _tiles(rows: Sequence[Row], words: Words) -> str:
    """The same four facts for each coin, one hour ahead."""
    return "".join(
        f"{_heading(words, 'one_hour', coin=words.coin(row.symbol))}{tiles(_facts(row))}"
        for row in rows
        if row.hours == 1
    )


def _facts(row: Row) -> Iterator[tuple[str, str, str]]:
    yield f"closer than {NO_CHANGE}", percent(100 * row.mae_skill, 2, sign=True), _between(row, "mae_skill")
    better = percent(100 * row.crps_skill, 1, sign=True)
    yield "range better than the last 90 days\u2019", better, _between(row, "crps_skill", 1)
    yield f"80{NBSP}% ranges held", percent(100 * row.coverage[1]), f"of {number(row.n)} closes"
    yield "direction right", _share(row.direction), _between(row, "direction", 1, sign=False) or "a coin gets 50"


def _comparison(record: ModelRecord, words: Words) -> str:
    """The forecasters beside one another, each against "no change" on its own graded hours."""
    graded, none = [each for each in (record.report, record.classic) if each], record.report.persistence
    names = [*("This model", "Classic recipe")[: len(graded)], NO_CHANGE]
    errors = [*(each.model for each in graded), none]
    rows = [
        ("average miss", *(_usd(each.mae, record.report.symbol) for each in errors)),
        ("of the price", *(percent(each.mape_pct, 2) for each in errors)),
        (f"against {NO_CHANGE}", *map(_versus, graded), "the yardstick"),
        ("direction right", *(_share(each.model.direction) for each in graded), "says none"),
        (f"80{NBSP}% range held", *(_share(each.coverage.get("80")) for each in graded), "gives none"),
    ]
    widest = max(each.mape_pct for each in errors)
    drawn = "".join(
        f'<div class="miss"><span>{escape(name)}</span>'
        f'<i aria-hidden="true" style="width:{each.mape_pct / widest:.1%}"></i></div>'
        for name, each in zip(names, errors, strict=True)
    )
    return (
        f"{_heading(words, 'beside')}"
        f"{table(f'{name_of(record.report.symbol)}, one hour ahead', ['', *names], rows)}"
        f'<p class="small">Average miss in percent of the price:</p><div class="misses">{drawn}</div>'
        f"{_about_classic(record.classic) if record.classic else ''}"
    )


def _about_classic(classic: Report) -> str:
    missed = _usd(classic.persistence.mae, classic.symbol)
    told = (
        "The classic recipe is the tutorial\u2019s way: an LSTM on the last 60 prices, scaled between the lowest and "
        f"the highest it was trained on. It was graded on {number(classic.n)} hours from {_day(classic.graded_from)} "
        f"on, where {NO_CHANGE} missed by {missed}; so each stands against {NO_CHANGE} on its own hours."
    )
    return f'<p class="small">{escape(told)}</p>'


def _coverage(record: ModelRecord, rows: Sequence[Row], words: Words) -> str:
    """What the ranges claimed, and what they held."""
    groups = [(name_of(row.symbol), [*zip(BANDS, row.coverage, strict=True)]) for row in rows if row.hours == 1]
    reports = (("This model", None if groups else record.report), ("Classic recipe", record.classic))
    for name, report in reports:
        if report and all(band in report.coverage for band in BANDS):
            groups.append((name, [(band, report.coverage[band]) for band in BANDS]))
    drawn = "".join(
        bars(name, [Bar(f"{band}{NBSP}%", held, int(band) / 100, percent(100 * held)) for band, held in shares])
        for name, shares in groups
    )
    return (
        f"{_heading(words, 'ranges')}<p>An 80{NBSP}% range should hold the close 8 times in 10: the "
        "bar should end at its mark. A shorter bar means too sure of itself, a longer one means wider than needed.</p>"
        f'<div class="columns">{drawn}</div>'
    )


def _direction(record: ModelRecord, rows: Sequence[Row], words: Words) -> str:
    """How often the side was right, beside a coin."""
    shown = [*_intervals(rows)]
    reports = ((f"This model, 1{NBSP}h", None if rows else record.report), (f"Classic, 1{NBSP}h", record.classic))
    for name, report in reports:
        if report and report.model.direction is not None:
            right = report.model.direction
            shown.append(Interval(name, right, None, None, percent(100 * right), "other"))
    if not shown:
        return ""
    verdict = "Barely." if all(_coin_flip(row.direction) for row in rows if row.hours == 1) else ""
    axis = Axis(0.45, 0.65, tuple((share / 100, f"{share}{NBSP}%") for share in (45, 50, 55, 60, 65)))
    return (
        f"{_heading(words, 'direction')}<p>{verdict} A coin gets 50{NBSP}% (dashed). The line is the 95{NBSP}% "
        "interval; \u201cwhen surest\u201d is the fifth of the hours in which the model was most confident.</p>"
        f"{intervals(axis, 0.5, shown)}"
    )


def _intervals(rows: Sequence[Row]) -> Iterator[Interval]:
    for row in rows:
        if row.direction is None or row.hours not in SOME_HOURS:
            continue
        label, said = f"{name_of(row.symbol)}, {row.hours}{NBSP}h", percent(100 * row.direction)
        yield Interval(label, row.direction, row.direction_low, row.direction_high, said)
        if row.hours == 1 and row.direction_surest is not None:
            surest = percent(100 * row.direction_surest)
            yield Interval("\u2026 when surest", row.direction_surest, None, None, surest, "pale")


def _limits(report: Report, graded: Sequence[str], words: Words) -> str:
    gain = report.persistence.mae - report.model.mae
    lines = ["Past hours promise nothing. What happened since stands under \u201cTrack record\u201d.", *report.remarks]
    if gain > 0:
        edge = money(gain, "USD", decimals_of(report.symbol, gain))
        lines.insert(0, f"The edge over {NO_CHANGE} is {edge} an hour; fees and spreads are usually many times that.")
    names = " and ".join(graded) or name_of(report.symbol)
    lines.append(f"Only {names} {'were' if len(graded) > 1 else 'was'} graded: a forecast of another coin says so.")
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'{_heading(words, "limits")}<ul class="limits">{told}</ul>'


def _heading(words: Words, name: str, level: int = 3, **facts: str) -> str:
    return f"<h{level}>{escape(words.say(f'report.{name}', **facts))}</h{level}>"


def _coin_flip(direction: float | None) -> bool:
    return direction is None or abs(direction - 0.5) < NEARLY


def _between(row: Row, kind: str, digits: int = 2, *, sign: bool = True) -> str:
    low, high = getattr(row, f"{kind}_low"), getattr(row, f"{kind}_high")
    if low is None or high is None:
        return ""
    first, last = (percent(100 * end, digits, sign=sign) for end in (low, high))
    return f"{first.removesuffix(f'{NBSP}%')} to {last}"


def _versus(report: Report) -> str:
    value = report.skill.value
    if value >= -0.5:
        return f"{_gain(abs(value))} {'smaller' if value >= 0 else 'larger'}"
    return f"{1 - value:,.1f} times as large"


def _gain(share: float) -> str:
    return percent(100 * share, 2 if share < 0.01 else 0)


def _share(value: float | None) -> str:
    return NONE if value is None else percent(100 * value)


def _usd(error: float, symbol: Symbol) -> str:
    return money(error, "USD", 0 if error >= WHOLE else decimals_of(symbol, error))


def _day(time: datetime) -> str:
    return f"{time:%-d %b %Y}"
