"""The tab "Track record" as HTML: what the live forecasts said, what happened, and how good that was, misses included.

Pure functions from a TrackRecordAnswer to one line of HTML.
"""

from html import escape
from typing import NamedTuple

from assistant.page.charts import Axis, Canvas, round_steps, tiles
from assistant.replies import MINUS, NBSP, clock, day, money, number, percent
from forecaster.schema import Horizon, Symbol
from tools import TrackRecordAnswer, decimals_of

NEWEST = 24  # forecasts shown
AHEAD = 1  # hours
ENOUGH = 100  # outcomes below which a share says little
NO_LEDGER = "This server keeps no forecasts: it answers from prices that are not live."


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


def track_record_tab(answer: TrackRecordAnswer) -> str:
    """The whole tab for one coin."""
    shown = _shown(answer)
    body = _filled(answer, shown) if shown else _empty(answer)
    return f'<article class="page">{body}</article>'.replace("\n", " ")


def without_record(reason: str) -> str:
    """The tab where there is no record to show."""
    return f'<article class="page"><div class="empty"><p>{escape(reason)}</p></div></article>'


def _shown(answer: TrackRecordAnswer) -> list[Shown]:
    """The newest forecasts with an outcome, newest first."""
    rows = []
    for kept in answer.forecasts[:NEWEST]:
        outcome = next(each for each in kept.outcomes if each.hours == AHEAD)
        issued = kept.forecast
        horizon = next(each for each in issued.horizons if each.hours == AHEAD)
        rows.append(Shown(horizon, issued.symbol, outcome.actual, issued.quote))
    return rows


def _empty(answer: TrackRecordAnswer) -> str:
    waiting = (
        f"{number(answer.waiting)} {'is' if answer.waiting == 1 else 'are'} waiting for the hour to close."
        if answer.waiting
        else "Every hour one is issued, and one hour later it is held against the close, whatever that was."
    )
    return (
        f'<div class="empty"><h2>No live forecast has an outcome yet</h2><p>{waiting}</p><p>How the model did on past '
        "hours that it never saw stands under \u201cModel report\u201d.</p></div>"
    )


def _filled(answer: TrackRecordAnswer, shown: list[Shown]) -> str:
    grades = answer.grades
    misses = [each for each in shown if not each.inside]
    told = f"The newest {len(shown)} forecasts of the next hour\u2019s close as they were issued, and what came."
    fair = f"Of {len(shown)}, {_count(misses)} fell outside the 80{NBSP}% range; about {round(len(shown) / 5)} should."
    model = f"{grades.model.name} {grades.model.version}" if grades else ""
    facts = []
    if grades:
        few = "too few to say much" if grades.n < ENOUGH else f"of {number(grades.n)}"
        skill = "" if grades.skill is None else percent(100 * grades.skill, 1, sign=True)
        low, high = grades.skill_low, grades.skill_high
        sure = (
            "luck decides over so few hours"
            if low is None or high is None
            else f"{percent(100 * low, 1, sign=True)} to {percent(100 * high, 1, sign=True)}"
        )
        facts = [
            (f"80{NBSP}% ranges held", percent(100 * grades.coverage["80"], 0), few),
            (f"95{NBSP}% ranges held", percent(100 * grades.coverage["95"], 0), few),
            ("closer than \u201cno change\u201d", skill or "\u2014", sure),
            (
                "average miss",
                _error(grades.mae, shown[0]),
                f"no change: {_error(grades.mae_persistence, shown[0])}",
            ),
        ]
    return (
        f"<h2>What it said, and what happened</h2><p>{escape(told)} {escape(fair)}</p>{tiles(facts)}{_picture(shown)}"
        f'{_table(shown)}<p class="small">{escape(model)}. {answer.waiting} newer '
        f"{'forecast waits' if answer.waiting == 1 else 'forecasts wait'} for the hour to close.</p>"
    )


def _picture(shown: list[Shown]) -> str:
    """Each range as a bar, each close as a dot: solid where the range held it, hollow red where not."""
    rows = shown[::-1]
    first, last = rows[0].horizon.target_time.timestamp(), rows[-1].horizon.target_time.timestamp()
    prices = [price for each in rows for price in (each.low, each.high, each.actual)]
    low, high = min(prices), max(prices)
    steps = round_steps(low, high) if high > low else [0.99 * low, low, 1.01 * low]
    ticks = tuple((step, number(step, _digits(high - low, rows[0].symbol, high))) for step in steps)
    labels = tuple((each.horizon.target_time.timestamp(), _when(each.horizon)) for each in (rows[0], rows[-1]))
    aside = max(1800.0, (last - first) / 40)
    canvas = Canvas(Axis(first - aside, last + aside, labels), Axis(steps[0], steps[-1], ticks))
    shapes = []
    for each in rows:
        at = each.horizon.target_time.timestamp()
        shapes.append(canvas.stroke((at, each.low), (at, each.high), "range"))
    for each in rows:
        point = (each.horizon.target_time.timestamp(), each.actual)
        shapes.append(canvas.dot(point, "held" if each.inside else "missed"))
    misses = _count([each for each in rows if not each.inside])
    span = f"from {labels[0][1]} to {labels[-1][1]}"
    alt = f"{len(rows)} ranges as bars with the closes as dots, {span}; {misses} outside."
    return canvas.figure(f"80{NBSP}% ranges (orange) and closes (cyan inside, red outside)", alt, shapes)


def _table(shown: list[Shown]) -> str:
    """The same, newest first, with what a miss missed by."""
    rows = "".join(
        f'<tr class="{"held" if each.inside else "missed"}"><th scope="row">{escape(_when(each.horizon))}</th>'
        f"<td>{_price(each.low, each)} \u2013 {_price(each.high, each)}</td>"
        f"<td>{_price(each.actual, each)}</td><td>{_verdict(each)}</td></tr>"
        for each in shown
    )
    heads = ("hour closed", f"80{NBSP}% range", "close", "in range")
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    caption = f"Newest first; hours in UTC, prices in {escape(shown[0].quote)}"
    return (
        f'<div class="wide"><table class="outcomes"><caption>{caption}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _verdict(each: Shown) -> str:
    if each.inside:
        return "\u2713 yes"
    above = each.actual > each.high
    by = _price(each.actual - each.high if above else each.low - each.actual, each)
    return f"\u2717 {'+' if above else MINUS}{by}"


def _when(horizon: Horizon) -> str:
    return f"{day(horizon.target_time)} {clock(horizon.target_time)}"


def _price(value: float, each: Shown) -> str:
    """Without cents where the range is so wide that they do not matter."""
    return number(value, _digits(each.high - each.low, each.symbol, each.actual))


def _error(value: float, each: Shown) -> str:
    return money(value, each.quote, decimals_of(each.symbol, each.actual))


def _digits(span: float, symbol: Symbol, price: float) -> int:
    return 0 if span >= 20 else decimals_of(symbol, price)


def _count(misses: list[Shown]) -> str:
    return "none" if not misses else number(len(misses))
