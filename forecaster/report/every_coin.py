"""The report page's tables of what full hours of one pair do not show: every minute, and every coin."""

from collections.abc import Sequence

from forecaster.evaluation import AtOffset, Evaluation, RandomMinute
from forecaster.quantiles import BANDS
from forecaster.report.tables import Cell, Column, Row, table
from forecaster.report.wording import NBSP, NONE, coin, interval, money, number, percent
from forecaster.schema import MINUTES as QUARTERS
from forecaster.schema import Report, TableRow


def by_minute(graded: RandomMinute) -> str:
    """Forecasts for in 60 minutes by the minute at which they are asked for, beside what the last full hour told."""
    rows = [
        Row(Cell(f":{int(minute):02d}", f"{row.n:,} forecasts"), None, _asked(row)) for minute, row in _each(graded)
    ]
    caption = f"{coin(graded.symbol)}, in 60 minutes, by the minute past the full hour at which it is asked."
    return table(caption, "asked at", _columns(*MINUTES), rows, best=False)


def to_the_full_hour(graded: RandomMinute) -> str:
    """Forecasts of the close of the hour under way, by the minute at which they are asked for; and of each quarter."""
    rows = [
        Row(Cell(f":{int(minute):02d}", f"{60 - int(minute)} minutes to go"), None, _under_way(row))
        for minute, row in _each(graded)
    ]
    caption = f"{coin(graded.symbol)}, the close of the hour under way, and in 15, 30 and 45 minutes."
    return table(caption, "asked at", _columns(*UNDER_WAY), rows, best=False)


def in_words(graded: RandomMinute) -> str:
    """What a visitor gains who is told of now, and not of the last full hour."""
    (now, then), (this, before) = graded.in_60_minutes, graded.this_hour
    return (
        f"{coin(graded.symbol)}, over all twelve minutes: the error in 60 minutes is {money(now)}, where the forecast "
        f"of the last full hour errs by {money(then)} ({percent(1 - now / then)} less); of the close of the hour "
        f"under way {money(this)}, where it errs by {money(before)} ({percent(1 - this / before)} less)."
    )


def by_coin(report: Report) -> str:
    """Every coin that was graded, one hour ahead from candles."""
    return _coins("Every coin, 1 hour ahead at full hours, from candles.", _full_hours(report.table))


def walked_coins(evaluation: Evaluation) -> str:
    """The coins beside the pair, each year forecast by networks of the years before it; empty without them."""
    rows = _full_hours(evaluation.walked_coins)
    caption = "Refitted every year: the other coins, 1 hour ahead at full hours, from candles, all years together."
    return _coins(caption, rows) if rows else ""


def walked_minutes(evaluation: Evaluation) -> str:
    """Asked at a random minute, each year forecast by networks of the years before it; empty without them."""
    rows = [
        Row(Cell(f"{coin(each.symbol)} {each.start:%Y}", f"{each.n:,} hours"), None, _year(each))
        for each in evaluation.walked_minutes
    ]
    caption = "Refitted every year: in 60 minutes, asked at a random minute, in the years with five-minute candles."
    return table(caption, "year", _columns(*YEARS), rows, best=False) if rows else ""


def several(report: Report) -> bool:
    """Whether coins beside the pair were graded."""
    return len(_full_hours(report.table)) > 2


MINUTES = (
    "better than no change",
    "direction right",
    "CRPS",
    "better than rolling quantiles",
    f"inside 50 / 80 / 95{NBSP}% bands, %",
    f"outside the last hour's 80{NBSP}% band",
)
UNDER_WAY = (
    "MAE",
    "better than no change",
    f"inside 50 / 80 / 95{NBSP}% bands, %",
    *(f"the same in {minutes} minutes" for minutes in QUARTERS),
)
COINS = ("MAE", *MINUTES[:-1])
YEARS = (*COINS, "better than no change at each of the twelve minutes")


def _columns(*titles: str) -> list[Column]:
    return [Column(title, "", lambda _: Cell(NONE)) for title in titles]


def _asked(row: AtOffset) -> tuple[Cell, ...]:
    return (
        Cell(percent(row.mae_skill, 2, sign=True)),
        Cell(NONE if row.direction is None else percent(row.direction)),
        *_sharpness(row.crps, row.crps_rolling_quantiles),
        Cell(_held(row.coverage)),
        Cell(percent(row.last_hour.outside_80)),
    )


def _under_way(row: AtOffset) -> tuple[Cell, ...]:
    hour = row.this_hour
    skill = 1 - hour.mae / hour.mae_persistence if hour.mae_persistence else 0.0
    parts = (row.within_hour.get(str(minutes)) for minutes in QUARTERS)
    return (
        Cell(money(hour.mae)),
        Cell(percent(skill, 2, sign=True)),
        Cell(_held(hour.coverage)),
        *(Cell(_held(each.coverage) if each else NONE) for each in parts),
    )


def _graded(row: TableRow) -> tuple[Cell, ...]:
    skill = row.mae_skill
    mae = f"${row.mae:,.2f}" if row.mae >= 1 else f"${row.mae:.3g}"
    return (
        Cell(mae),
        Cell(percent(skill.value, 2, sign=True), interval(skill.ci_low, skill.ci_high)),
        Cell(NONE if row.direction is None else percent(row.direction)),
        *_sharpness(row.crps, row.crps_rolling_quantiles),
        Cell(_held(row.coverage)),
    )


def _sharpness(crps: float, rolling: float) -> tuple[Cell, Cell]:
    return Cell(number(crps, 2)), Cell(percent(1 - crps / rolling, 2, sign=True))


def _held(coverage: dict[str, float]) -> str:
    return " / ".join(number(100 * coverage[band], 1) for band in BANDS)


def _each(graded: RandomMinute) -> Sequence[tuple[str, AtOffset]]:
    return sorted(graded.by_offset.items(), key=lambda item: int(item[0]))


def _coins(caption: str, graded: Sequence[TableRow]) -> str:
    rows = [Row(Cell(coin(row.symbol), f"{row.n:,} hours"), None, _graded(row)) for row in graded]
    return table(caption, "coin", _columns(*COINS), rows, best=False)


def _year(graded: RandomMinute) -> tuple[Cell, ...]:
    skills = [row.mae_skill for row in graded.by_offset.values()]
    low, high = (percent(each, 2, sign=True) for each in (min(skills), max(skills)))
    return (
        Cell(money(graded.mae)),
        Cell(percent(graded.mae_skill, 2, sign=True)),
        Cell(NONE if graded.direction is None else percent(graded.direction)),
        *_sharpness(graded.crps, graded.crps_rolling_quantiles),
        Cell(_held(graded.coverage)),
        Cell(f"{low} to {high}"),
    )


def _full_hours(rows: Sequence[TableRow]) -> list[TableRow]:
    return [row for row in rows if (row.hours, row.input) == (1, "full")]
