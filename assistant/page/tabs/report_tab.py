"""The tab "Model report" as HTML: what was measured on hours the model never saw, for somebody who is no statistician.

    opening       what was done and what came of it, then four numbers for each coin
    comparison    this model beside the classic recipe beside "no change"
    pictures      ranges held, skill by hours ahead, direction, reliability: each with what to see in it
    limits        what all this does not show

Pure functions from a ModelRecord to one line of HTML. What the record does not hold is left out.
"""

from collections.abc import Iterator, Sequence
from html import escape

from assistant.page.charts import Axis, Bar, Interval, bars, intervals, table, tiles
from assistant.page.tabs.model_record import ModelRecord, Row, rows_and_curves
from assistant.page.tabs.report_pictures import HOUR, chances, reliability, skill_by_hours
from assistant.page.words import Words
from forecaster.schema import Report, Symbol
from tools import decimals_of

BANDS = ("50", "80", "95")
NONE = "\u2014"
WHOLE = 20  # USD from which on an error needs no cents
NEARLY = 0.05  # shares this near are called the same
SOME_HOURS = (1, 6, 24)  # ahead, for which directions are shown


def report_tab(record: ModelRecord, words: Words | None = None) -> str:
    """The whole tab in a visitor's words; a remark of the report that nobody has put into them stays English."""
    words, (rows, curves) = words or Words(), rows_and_curves(record)
    parts = (
        _opening(record.report, words),
        _tiles(rows, words) if rows else "",
        _comparison(record, words),
        _coverage(record, rows, words),
        skill_by_hours(rows, words),
        _direction(record, rows, words),
        reliability(curves, words),
        _limits(record.report, [words.coin(symbol) for symbol in dict.fromkeys(row.symbol for row in rows)], words),
    )
    return f'<article class="page">{"".join(parts)}</article>'.replace("\n", " ")


def _opening(report: Report, words: Words) -> str:
    held, say = report.coverage.get("80"), words.say
    told = say("report.told", coin=words.coin(report.symbol), n=words.number(report.n),
               first=words.date(report.graded_from), last=words.date(report.graded_to))  # fmt: skip
    ours, none = (_usd(each.mae, report.symbol, words) for each in (report.model, report.persistence))
    gain = _gain(report.skill.value, words)
    found = [
        say("report.missed", ours=ours, none=none),
        say("report.less" if report.skill.value >= 0 else "report.more", gain=gain),
    ]
    if held is not None:
        found.append(say("report.held", range=words.percent(80, 0), share=words.percent(100 * held)))
    honest = held is not None and abs(held - 0.8) < NEARLY
    advice = [say("report.trust" if honest else "report.distrust")]
    if _coin_flip(report.model.direction):
        advice.append(say("report.flip"))
    return (
        f"{_heading(words, 'title', 2)}<p>{escape(told)}</p>"
        f"<p>{escape(' '.join(found))} <strong>{escape(' '.join(advice))}</strong></p>"
    )


def _tiles(rows: Sequence[Row], words: Words) -> str:
    """The same four facts for each coin, one hour ahead."""
    return "".join(
        f"{_heading(words, 'one_hour', coin=words.coin(row.symbol))}{tiles(_facts(row, words))}"
        for row in rows
        if row.hours == 1
    )


def _facts(row: Row, words: Words) -> Iterator[tuple[str, str, str]]:
    say, percent = words.say, words.percent
    yield say("record.closer"), percent(100 * row.mae_skill, 2, sign=True), _between(row, "mae_skill", words)
    better = percent(100 * row.crps_skill, 1, sign=True)
    yield say("report.spread"), better, _between(row, "crps_skill", words, 1)
    of = say("report.of", n=words.number(row.n))
    yield say("record.held", range=percent(80, 0)), percent(100 * row.coverage[1]), of
    sure = _between(row, "direction", words, 1, sign=False) or say("report.coin", half=percent(50, 0))
    yield say("report.right"), _share(row.direction, words), sure


def _comparison(record: ModelRecord, words: Words) -> str:
    """The forecasters beside one another, each against "no change" on its own graded hours."""
    graded, none, say = [each for each in (record.report, record.classic) if each], record.report.persistence, words.say
    symbol, eighty = record.report.symbol, words.percent(80, 0)
    names = [*(say("report.ours"), say("report.classic"))[: len(graded)], say("report.none")]
    errors = [*(each.model for each in graded), none]
    rows = [
        (say("record.miss"), *(_usd(each.mae, symbol, words) for each in errors)),
        (say("report.of_price"), *(words.percent(each.mape_pct, 2) for each in errors)),
        (say("report.against"), *(_versus(each, words) for each in graded), say("report.yardstick")),
        (say("report.right"), *(_share(each.model.direction, words) for each in graded), say("report.says_none")),
        (say("report.range", range=eighty), *(_share(each.coverage.get("80"), words) for each in graded),
         say("report.gives_none")),
    ]  # fmt: skip
    widest = max(each.mape_pct for each in errors)
    drawn = "".join(
        f'<div class="miss"><span>{escape(name)}</span>'
        f'<i aria-hidden="true" style="width:{each.mape_pct / widest:.1%}"></i></div>'
        for name, each in zip(names, errors, strict=True)
    )
    return (
        f"{_heading(words, 'beside')}"
        f"{table(say('report.one_hour', coin=words.coin(symbol)), ['', *names], rows)}"
        f'<p class="small">{escape(say("report.misses"))}</p><div class="misses">{drawn}</div>'
        f"{_about_classic(record.classic, words) if record.classic else ''}"
    )


def _about_classic(classic: Report, words: Words) -> str:
    missed = _usd(classic.persistence.mae, classic.symbol, words)
    told = words.say("report.tutorial", n=words.number(classic.n), first=words.date(classic.graded_from), missed=missed)
    return f'<p class="small">{escape(told)}</p>'


def _coverage(record: ModelRecord, rows: Sequence[Row], words: Words) -> str:
    """What the ranges claimed, and what they held."""
    groups = [(words.coin(row.symbol), [*zip(BANDS, row.coverage, strict=True)]) for row in rows if row.hours == 1]
    reports = (("report.ours", None if groups else record.report), ("report.classic", record.classic))
    for name, report in reports:
        if report and all(band in report.coverage for band in BANDS):
            groups.append((words.say(name), [(band, report.coverage[band]) for band in BANDS]))
    drawn = "".join(
        bars(
            name,
            [
                Bar(words.percent(int(band), 0), held, int(band) / 100, words.percent(100 * held))
                for band, held in shares
            ],
        )
        for name, shares in groups
    )
    claim = escape(words.say("report.claim", range=words.percent(80, 0)))
    return f'{_heading(words, "ranges")}<p>{claim}</p><div class="columns">{drawn}</div>'


def _direction(record: ModelRecord, rows: Sequence[Row], words: Words) -> str:
    """How often the side was right, beside a coin."""
    shown = [*_intervals(rows, words)]
    reports = (("report.ours", None if rows else record.report), ("report.classic", record.classic))
    for name, report in reports:
        if report and report.model.direction is not None:
            right, label = report.model.direction, _ahead(words.say(name), 1, words)
            shown.append(Interval(label, right, None, None, words.percent(100 * right), "other"))
    if not shown:
        return ""
    told = [words.say("report.dashed", half=words.percent(50, 0), interval=words.percent(95, 0))]
    if all(_coin_flip(row.direction) for row in rows if row.hours == 1):
        told.insert(0, words.say("report.barely"))
    axis = Axis(0.45, 0.65, chances((45, 50, 55, 60, 65), words))
    return f"{_heading(words, 'direction')}<p>{escape(' '.join(told))}</p>{intervals(axis, 0.5, shown)}"


def _intervals(rows: Sequence[Row], words: Words) -> Iterator[Interval]:
    for row in rows:
        if row.direction is None or row.hours not in SOME_HOURS:
            continue
        label, said = _ahead(words.coin(row.symbol), row.hours, words), words.percent(100 * row.direction)
        yield Interval(label, row.direction, row.direction_low, row.direction_high, said)
        if row.hours == 1 and row.direction_surest is not None:
            surest = words.percent(100 * row.direction_surest)
            yield Interval(words.say("report.surest"), row.direction_surest, None, None, surest, "pale")


def _limits(report: Report, graded: Sequence[str], words: Words) -> str:
    gain = report.persistence.mae - report.model.mae
    lines = [escape(words.say("report.past", tab=words.say("page.record")))]
    lines += [_remark(remark, words) for remark in report.remarks]
    if gain > 0:
        edge = words.money(gain, "USD", decimals_of(report.symbol, gain))
        lines.insert(0, escape(words.say("report.edge", edge=edge)))
    names = words.listed(graded or [words.coin(report.symbol)])
    lines.append(escape(words.say("report.only" if len(graded) > 1 else "report.only_one", coins=names)))
    told = "".join(f"<li>{line}</li>" for line in lines)
    return f'{_heading(words, "limits")}<ul class="limits">{told}</ul>'


def _remark(remark: str, words: Words) -> str:
    told = words.retold(remark)
    return f'<span lang="en">{escape(remark)}</span>' if told is None else escape(told)


def _heading(words: Words, name: str, level: int = 3, **facts: str) -> str:
    return f"<h{level}>{escape(words.say(f'report.{name}', **facts))}</h{level}>"


def _ahead(name: str, hours: int, words: Words) -> str:
    return words.say("report.ahead", name=name, ahead=words.ahead(HOUR * hours))


def _coin_flip(direction: float | None) -> bool:
    return direction is None or abs(direction - 0.5) < NEARLY


def _between(row: Row, kind: str, words: Words, digits: int = 2, *, sign: bool = True) -> str:
    low, high = getattr(row, f"{kind}_low"), getattr(row, f"{kind}_high")
    if low is None or high is None:
        return ""
    first, last = (words.percent(100 * end, digits, sign=sign) for end in (low, high))
    return words.say("record.interval", low=first, high=last)


def _versus(report: Report, words: Words) -> str:
    value = report.skill.value
    if value >= -0.5:
        return words.say("report.smaller" if value >= 0 else "report.larger", gain=_gain(value, words))
    return words.say("report.times", n=words.number(1 - value, 1))


def _gain(skill: float, words: Words) -> str:
    return words.percent(100 * abs(skill), 2 if abs(skill) < 0.01 else 0)


def _share(value: float | None, words: Words) -> str:
    return NONE if value is None else words.percent(100 * value)


def _usd(error: float, symbol: Symbol, words: Words) -> str:
    return words.money(error, "USD", 0 if error >= WHOLE else decimals_of(symbol, error))
