"""The tab "Track record" as HTML: what the live forecasts said, what happened, and how good that was, misses included.

    sentences   how many were graded since when, and what waits
    tiles       the grades of all of them
    picture     the newest ranges and closes, then the same as a table

Pure functions from a LiveRecord and a visitor's words to one line of HTML.
"""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple

from assistant.page.charts import Axis, Canvas, round_steps, tiles
from assistant.page.words import Words
from assistant.replies import MINUS
from forecaster.schema import Horizon, Symbol
from tools import LiveRecord, decimals_of

ENOUGH = 100  # outcomes below which a share says little
NONE = "\N{EM DASH}"


class Shown(NamedTuple):
    """A forecast with its outcome."""

    horizon: Horizon
    symbol: Symbol
    actual: float
    quote: str

    @property
    def low(self) -> float:
        """The lower end of the 80 % range."""
        return self.horizon.quantiles["0.10"]

    @property
    def high(self) -> float:
        """The upper end of the 80 % range."""
        return self.horizon.quantiles["0.90"]

    @property
    def inside(self) -> bool:
        """Whether the range held the close."""
        return self.low <= self.actual <= self.high


def track_record_tab(record: LiveRecord, words: Words) -> str:
    """The whole tab for one coin and horizon."""
    shown = list(_shown(record))
    body = _filled(record, shown, words) if shown else _empty(record, words)
    return f'<article class="page">{body}</article>'.replace("\n", " ")


def without_record(reason: str) -> str:
    """The tab where there is no record to show."""
    return f'<article class="page"><div class="empty"><p>{escape(reason)}</p></div></article>'


def _shown(record: LiveRecord) -> Iterator[Shown]:
    """The newest forecasts with an outcome, newest first."""
    for kept in record.forecasts:
        outcome = next(each for each in kept.outcomes if each.minutes == record.minutes)
        issued = kept.forecast
        horizon = next(each for each in issued.horizons if each.minutes == record.minutes)
        yield Shown(horizon, issued.symbol, outcome.actual, issued.quote)


def _empty(record: LiveRecord, words: Words) -> str:
    waits = _waiting(record, words, "record.first_one", "record.first") or escape(words.say("record.hourly"))
    past = words.say("record.past", tab=words.say("page.report"))
    title = escape(words.say("record.empty"))
    return f'<div class="empty"><h2>{title}</h2><p>{waits}</p><p>{escape(past)}</p></div>'


def _waiting(record: LiveRecord, words: Words, one: str, many: str) -> str:
    """What waits and until when, as HTML; "" where nothing does."""
    waits = record.waiting
    if waits is None:
        return ""
    name, mark = one if waits.n == 1 else many, "\0"
    facts = {"time": mark} if waits.n == 1 else {"time": mark, "n": words.number(waits.n)}
    return escape(words.say(name, **facts)).replace(mark, words.moment_html(waits.next_target))


def _filled(record: LiveRecord, shown: list[Shown], words: Words) -> str:
    grades, eighty = record.grades, words.percent(80, 0)
    sentences = []
    if grades:
        sentences.append(
            words.say("record.graded", n=words.number(grades.n), coin=words.coin(record.symbol),
                      ahead=words.ahead(record.minutes), first=words.day(grades.graded_from))
        )  # fmt: skip
    misses = [each for each in shown if not each.inside]
    expected = words.number(round(len(shown) / 5))
    sentences.append(
        words.say("record.newest", n=words.number(len(shown)), misses=_count(misses, words), range=eighty,
                  expected=expected)
    )  # fmt: skip
    told = escape(" ".join(sentences))
    model = f"{grades.model.name} {grades.model.version}" if grades else ""
    waits = _waiting(record, words, "record.waits_one", "record.waits")
    return (
        f"<h2>{escape(words.say('record.title'))}</h2><p>{told}</p>{tiles(_facts(record, shown, words))}"
        f"{_picture(shown, words)}{_table(shown, words)}"
        f'<p class="small">{escape(words.say("record.model", model=model))} {waits}</p>'
    )


def _facts(record: LiveRecord, shown: list[Shown], words: Words) -> Iterator[tuple[str, str, str]]:
    """The grades of all that was settled."""
    grades = record.grades
    if grades is None:
        return
    few, n = grades.n < ENOUGH, words.number(grades.n)
    for band in ("80", "95"):
        held = words.say("record.held", range=words.percent(int(band), 0))
        of = words.say("record.few" if few else "record.of", n=n)
        yield held, words.percent(100 * grades.coverage[band], 0), of
    low, high = grades.skill_low, grades.skill_high
    sure = words.say("record.luck" if few else "record.two_weeks")
    if low is not None and high is not None:
        ends = {"low": words.percent(100 * low, 1, sign=True), "high": words.percent(100 * high, 1, sign=True)}
        sure = words.say("record.interval", **ends)
    skill = NONE if grades.skill is None else words.percent(100 * grades.skill, 1, sign=True)
    yield words.say("record.closer"), skill, sure
    none = words.say("record.no_change", error=_error(grades.mae_persistence, shown[0], words))
    yield words.say("record.miss"), _error(grades.mae, shown[0], words), none


def _picture(shown: list[Shown], words: Words) -> str:
    """Each range as a bar, each close as a dot: solid where the range held it, hollow red where not."""
    rows = shown[::-1]
    first, last = rows[0].horizon.target_time.timestamp(), rows[-1].horizon.target_time.timestamp()
    prices = [price for each in rows for price in (each.low, each.high, each.actual)]
    low, high = min(prices), max(prices)
    steps = round_steps(low, high) if high > low else [0.99 * low, low, 1.01 * low]
    ticks = tuple((step, words.number(step, _digits(high - low, rows[0].symbol, high))) for step in steps)
    labels = tuple((each.horizon.target_time.timestamp(), _when(each, words)) for each in (rows[0], rows[-1]))
    aside = max(1800.0, (last - first) / 40)
    canvas = Canvas(Axis(first - aside, last + aside, labels), Axis(steps[0], steps[-1], ticks))
    shapes = []
    for each in rows:
        at = each.horizon.target_time.timestamp()
        shapes.append(canvas.stroke((at, each.low), (at, each.high), "range"))
    for each in rows:
        point = (each.horizon.target_time.timestamp(), each.actual)
        shapes.append(canvas.dot(point, "held" if each.inside else "missed"))
    misses = _count([each for each in rows if not each.inside], words)
    span = {"first": labels[0][1], "last": labels[-1][1]}
    alt = words.say("record.alt", n=words.number(len(rows)), misses=misses, **span)
    return canvas.figure(words.say("record.picture", range=words.percent(80, 0)), alt, shapes)


def _table(shown: list[Shown], words: Words) -> str:
    """The same, newest first, with what a miss missed by."""
    rows = "".join(
        f'<tr class="{"held" if each.inside else "missed"}"><th scope="row">'
        f"{words.moment_html(each.horizon.target_time)}</th>"
        f"<td>{_price(each.low, each, words)} \u2013 {_price(each.high, each, words)}</td>"
        f"<td>{_price(each.actual, each, words)}</td><td>{_verdict(each, words)}</td></tr>"
        for each in shown
    )
    heads = (words.say("record.closed"), words.say("record.range", range=words.percent(80, 0)),
             words.say("record.close"), words.say("record.inside"))  # fmt: skip
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    zone = words.clocks(shown[0].horizon.target_time)
    caption = escape(words.say("record.caption", zone=zone, quote=shown[0].quote))
    return (
        f'<div class="wide"><table class="outcomes"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _verdict(each: Shown, words: Words) -> str:
    if each.inside:
        return f"\u2713 {escape(words.say('record.yes'))}"
    above = each.actual > each.high
    by = each.actual - each.high if above else each.low - each.actual
    told = _price(by, each, words)
    if told == words.number(0):  # a miss by cents is one
        told = words.number(by, decimals_of(each.symbol, each.actual))
    return f"\u2717 {'+' if above else MINUS}{told}"


def _when(each: Shown, words: Words) -> str:
    return words.moment(each.horizon.target_time)


def _price(value: float, each: Shown, words: Words) -> str:
    """Without cents where the range is so wide that they do not matter."""
    return words.number(value, _digits(each.high - each.low, each.symbol, each.actual))


def _error(value: float, each: Shown, words: Words) -> str:
    return words.money(value, each.quote, decimals_of(each.symbol, each.actual))


def _digits(span: float, symbol: Symbol, price: float) -> int:
    return 0 if span >= 20 else decimals_of(symbol, price)


def _count(misses: list[Shown], words: Words) -> str:
    return words.number(len(misses)) if misses else words.say("record.none")
