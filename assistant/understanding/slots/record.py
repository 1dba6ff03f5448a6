"""What a question names of the record of forecasts: a metric, how many, which horizon, the worst one."""

import re
from typing import NamedTuple

from assistant.understanding.slots.coins import unnamed
from tools import Metric

_METRICS: dict[Metric, re.Pattern[str]] = {
    "rmse": re.compile(r"\b(?:rmse|root[ -]mean[ -]squared?(?: error)?|(?:mean )?squared? error)\b"),
    "mape": re.compile(
        r"\b(?:mape|(?:mean |average )?(?:absolute )?percent(?:age)? error|(?:mean )?error percent(?:age)?)\b"
    ),
    "mae": re.compile(
        r"\b(?:mae|mean (?:absolute )?error|average (?:absolute )?error|absolute error|error (?:absolute )?(?:mean"
        r"|average)|error mean absolute)\b"
    ),
    "direction": re.compile(r"\b(?:direction(?:s|al)?(?: accuracy)?|hit rate|up or down right|up/down)\b"),
    "skill": re.compile(r"\bskill(?: score)?\b"),
    "coverage": re.compile(r"\b(?:coverage|calibrat(?:ed|ion)|[589][05] ?% (?:range|band|interval))"),
    "persistence": re.compile(r"\b(?:persistence|no[ -]change|naive|baseline|benchmark)\b"),
}
_COUNT = re.compile(
    r"\b(?:last|past|previous|recent|latest|newest|prior) (?P<a>\d{1,6})\b(?! ?(?:hours?|hrs?|h|days?|d|weeks?|w"
    r"|minutes?|months?|years?)\b)"
    r"|\b(?P<b>\d{1,6}) (?:of )?(?:your |the |my |these )?(?:(?:last|past|previous|recent|latest|newest|most|live"
    r"|issued|settled|coin) )*"
    r"(?:forecasts?|predictions?|calls|guesses|outcomes|results|times|hits|misses)\b"
)
_ONE = re.compile(
    r"\b(?:last|previous|latest|most recent|newest) (?:\w+ )?(?:forecast|prediction|call|guess)\b(?!.*\b(?:wrong"
    r"|miss|missed|misses)\b)"
)
_ALARM = re.compile(r"\balarms?\b.{0,24}?\b(\d{1,4}) days\b|\bonce in (\d{1,4}) days\b")
_WORST = re.compile(
    r"\b(?:worst|biggest|largest|greatest) (?:\w+ )?(?:miss(?:es)?|error|mistake|forecast|prediction|call|guess|shot"
    r"|fail\w*|blunder|flop)\b|\bmost wrong\b|\b(?:forecast|prediction|call) (?:was|were) (?:your|the) worst\b"
)
_HORIZON = re.compile(r"\b(\d{1,2})[ -]?(?:hours?|h) (?:\u01c2?\w+ )?(?:ahead )?(?:forecasts|predictions|calls)\b")


class Told(NamedTuple):
    """What is named; None or False where nothing is."""

    metric: Metric | None
    last: int | None  # how many forecasts
    horizon: int | None  # hours ahead that they looked
    worst: bool
    days: int | None  # between false alarms
    counted: bool  # forecasts are counted by a number


def told_of_forecasts(text: str) -> Told:
    """What a readied text names of the record."""
    count = _COUNT.search(" ".join(unnamed(text).split()))
    ahead, alarm = _HORIZON.search(text), _ALARM.search(text)
    return Told(
        metric=next((metric for metric, pattern in _METRICS.items() if pattern.search(text)), None),
        last=int(count["a"] or count["b"]) if count else 1 if _ONE.search(text) else None,
        horizon=int(ahead[1]) if ahead else None,
        worst=_WORST.search(text) is not None,
        days=int(alarm[1] or alarm[2]) if alarm else None,
        counted=count is not None,
    )


def metrics_named(english: str) -> int:
    """How many metrics a text names."""
    return sum(pattern.search(english) is not None for pattern in _METRICS.values())
