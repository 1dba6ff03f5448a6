"""What a reply may say: the numbers and times of this turn's tool results, and of what was said before.

A figure is traced when one of them rounds to it, in the figure's own kind: a price never vouches for a percentage.
Shares may be told in percent, chances as their complement, seconds as minutes, hours or days, times in the visitor's
zone and in one that the question named; where a figure says that it is UTC, as that alone.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from math import ceil, ulp
from threading import Lock
from typing import Any

from cachetools import TTLCache, cached
from pydantic import BaseModel

from assistant.grounding.figures import Figure, Kind, Reading, figures_in
from assistant.replies import zone_of
from assistant.understanding import Intent, Question

ROUNDING = 0.005  # of a price that is told without its last digits
SMALL_PRICE = 10.0  # below, whole numbers and first digits are no roundings of a price
SMALL_ROUNDING = 0.03  # of such a price
ROUND_FROM = 1000  # prices below are told to the last digit that is written
BANDS = (50.0, 80.0, 95.0)  # percent: the ranges' names
SMALL = 1000  # whole numbers of a question from here on may be prices, for which a question never vouches
REACH = (1.0, 24.0)  # hours that forecasts are made for
SKIPPED = {"recent", "candles", "sha256", "id", "forecast_id"}  # the first two: so many prices would vouch for any
CHANCES = {"above", "below", "between", "move", "touch"}  # of tools/forecast.py's odds
SHARES = {
    "coverage", "coverage_untracked", "probability_up", "probability_above", "direction", "value", "ci_low", "ci_high",
    "skill", "skill_low", "skill_high", "tail_probability", "pit", "mean_pit", *CHANCES,
}  # fmt: skip
COUNTS = {"once_in_days", "expected_alarms", "budget_days", "span_hours"}
ENDS = {  # percent: the outermost that may be told of a chance, where odds hold one, and the name of a loss
    "censored": (2.5, 5.0, 95.0, 97.5), "between": (1.0, 99.0), "move": (1.0, 99.0), "value_at_risk_95": (95.0,),
}  # fmt: skip
EXCESS = {"value", "skill"}  # of which "2 times that of no change" is the rest to 1
KEPT, KEPT_FOR = 20_000, 600.0  # figures of earlier messages, which come again with each turn; seconds


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@cached(TTLCache[bytes, tuple[Figure, ...]](KEPT, KEPT_FOR, getsizeof=lambda figures: 1 + len(figures)), _hash, Lock())
def _figures(text: str) -> tuple[Figure, ...]:
    return tuple(figures_in(text))


class Grounds:
    """Everything that vouches for figures."""

    def __init__(self) -> None:
        self._known: dict[Kind, set[float]] = {Kind.MONEY: set(), Kind.PERCENT: set(), Kind.PLAIN: set(REACH)}
        self._moments: set[datetime] = set()
        self._zones: set[tzinfo] = {UTC}
        self._said: set[tuple[Kind, float | tuple[int, ...]]] = set()

    def add_result(self, data: BaseModel) -> None:
        """Take in what a tool found."""
        self._walk(data.model_dump(), "")

    def add_text(self, text: str) -> None:
        """Take in the figures of a text that is vouched for, such as a tool's notes or an earlier answer."""
        for figure in _figures(text):
            if figure.parts:
                self._said.add((figure.kind, figure.parts))
            self._said.update((figure.kind, reading.value) for reading in figure.readings)

    def add_question(self, text: str) -> None:
        """Take in what a visitor may hear again: small whole numbers, as hours, and times. Never a price."""
        for figure in _figures(text):
            if figure.parts:
                self._said.add((figure.kind, figure.parts))
            elif figure.kind is Kind.PLAIN:
                self._known[Kind.PLAIN].update(r.value for r in figure.readings if r.value < SMALL)

    def add_asked(self, question: Question) -> None:
        """Take in times and counts that a visitor named in other words: 22:00 for "5 pm EST", 48 hours for two days.

        And the zones in which they may hear times.
        """
        self._zones.add(zone_of(question.zone))
        for ask in (*question.asks, *question.nearest):
            if ask.zone is not None:
                self._zones.add(zone_of(ask.zone))
            self._moments.update(time for time in (ask.target, ask.start, ask.end, ask.at) if time is not None)
            if ask.intent is Intent.ALERT:  # what is to be watched is the visitor's; the embedded model tells it
                named = (ask.threshold, *(ask.between or ()))
                self._known[Kind.MONEY].update(price for price in named if price is not None)
            counts = (float(count) for count in (ask.hours, ask.minutes, ask.last, ask.days) if count is not None)
            self._known[Kind.PLAIN].update(count for count in counts if 0 < count < SMALL)

    def trace(self, figure: Figure, around: str) -> bool:
        """Whether a figure is vouched for; `around` is the text beside it."""
        if figure.parts:
            zones = {UTC} if _in_utc(figure, around) else self._zones
            local = (moment.astimezone(zone) for zone in zones for moment in self._moments)
            return (figure.kind, figure.parts) in self._said or any(_is(figure, each) for each in local)
        return any(self._rounds_to(figure, reading, around) for reading in figure.readings)

    def _rounds_to(self, figure: Figure, reading: Reading, around: str) -> bool:
        kind, value = figure.kind, reading.value
        if (kind, value) in self._said or (kind is Kind.PERCENT and value in BANDS and _names_a_range(around)):
            return True
        if kind is Kind.PLAIN and any(value == moment.year for moment in self._moments):
            return True
        kinds = (Kind.PLAIN, Kind.MONEY) if kind is Kind.PLAIN else (kind,)
        return any(_near(figure, reading, known, each) for each in kinds for known in self._known[each])

    def _walk(self, value: Any, key: str) -> None:
        match value:
            case Mapping():
                self._derived(value)
                for name, inner in value.items():
                    if name == "quantiles":  # hundreds of prices, which are most of a forecast
                        self._known[Kind.MONEY].update(inner.values())
                    elif name not in SKIPPED:
                        self._walk(inner, key if key in ("coverage", "coverage_untracked") else str(name))
            case tuple() | list():
                self._known[Kind.PLAIN].add(float(len(value)))
                for inner in value:
                    self._walk(inner, key)
            case datetime():
                self._moments.add(value.astimezone(UTC))
            case bool():
                pass
            case int() | float():
                for kind, number in _meanings(key, float(value), whole=isinstance(value, int)):
                    self._known[kind].add(number)
            case str():
                self.add_text(value)

    def _derived(self, facts: Mapping[str, Any]) -> None:
        """What follows from several facts: how many closes a range held, and numbers whose unit is told beside them."""
        if isinstance(facts.get("coverage"), Mapping) and isinstance(facts.get("n"), int):
            held = {round(share * facts["n"]) for share in facts["coverage"].values()}
            self._known[Kind.PLAIN].update(float(each) for each in held | {facts["n"] - each for each in held})
        if unit := facts.get("unit"):
            kind = Kind.PERCENT if unit == "%" else Kind.MONEY
            self._known[kind].update(float(facts[n]) for n in ("value", "baseline") if facts.get(n) is not None)
        if facts.get("value_in") and facts.get("value"):
            self._known[Kind.MONEY].add(float(facts["value"]))
        if "horizons" in facts and "age_seconds" in facts:  # how far ahead that is now
            ahead = facts["horizons"][-1]["minutes"] - ceil(facts["age_seconds"] / 60)
            self._known[Kind.PLAIN].update((float(ahead), ahead / 60))
        if facts.get("touch") is not None:  # and that it stays on this side
            most = ceil(round(100 * facts["touch"], 6))
            known = (most, 100 - most) if facts.get("touch_at_most") else (100 * (1 - facts["touch"]),)
            self._known[Kind.PERCENT].update(map(float, known))
        self._known[Kind.PERCENT].update(each for name, ends in ENDS.items() if facts.get(name) for each in ends)


def _meanings(key: str, value: float, *, whole: bool) -> Iterator[tuple[Kind, float]]:
    """What a number under a name may be told as."""
    if key.endswith("_pct") or key == "level":
        yield Kind.PERCENT, value
    elif key == "minutes":
        yield from ((Kind.PLAIN, value / unit) for unit in (1, 60))
    elif key == "hours":
        yield from ((Kind.PLAIN, value / unit) for unit in (1, 24))
    elif key in SHARES:
        yield Kind.PERCENT, 100 * value
        yield Kind.PLAIN, value
        if key in EXCESS:
            yield Kind.PLAIN, 1 - value
        elif "probability" in key:
            yield Kind.PERCENT, 100 * (1 - value)
    elif key == "age_seconds":
        yield from ((Kind.PLAIN, value / unit) for unit in (1, 60, 3600, 86400))
    elif key in COUNTS:
        yield from ((Kind.PLAIN, value / unit) for unit in (1, 7, 30.4, 365))
    else:
        yield (Kind.PLAIN if whole else Kind.MONEY), value


def _near(figure: Figure, reading: Reading, known: float, kind: Kind) -> bool:
    """Whether `known`, which is of that kind, rounds to the figure as it is written."""
    if figure.sign and known * figure.sign < 0 and round(abs(known), 6):
        return False
    step = reading.step if reading.value >= ROUND_FROM else min(reading.step, 1.0)
    off = abs(reading.value - abs(known))
    if kind is Kind.MONEY and abs(known) < SMALL_PRICE and off > SMALL_ROUNDING * abs(known):
        return False
    half = 0.5 * step * (1 + 1e-9) + 4 * ulp(known)  # a price halfway between two is told as one of them
    return off <= half and (step <= 1 or off <= ROUNDING * abs(known))


def _is(figure: Figure, moment: datetime) -> bool:
    if figure.kind is Kind.CLOCK:
        return figure.parts == (moment.hour, moment.minute)
    day, month, year = figure.parts
    return (day, month) == (moment.day, moment.month) and year in (0, moment.year)


def _in_utc(figure: Figure, around: str) -> bool:
    """Whether a clock time is said to be UTC."""
    clock = re.escape(figure.text)
    return figure.kind is Kind.CLOCK and re.search(rf"{clock}\sUTC\b|\bUTC\s{clock}", around) is not None


def _names_a_range(around: str) -> bool:
    words = (
        "range", "band", "interval", "spanne", "bereich", "rango", "banda", "intervalo", "fourchette", "intervalle",
        "plage", "faixa", "\u533a\u95f4", "\u8303\u56f4",
    )  # fmt: skip
    return any(word in around.casefold() for word in words)
