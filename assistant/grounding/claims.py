"""What a language model says of this service in words, without a figure: held to the record of this turn's results.

"I can see the news" is false whatever was looked up. "I am not well calibrated" needs a result that holds the record,
and must agree with it. Only words are known that claims.toml lists, in six languages.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

WORDINGS = Path(__file__).with_name("claims.toml")
BAND = 80  # percent: the range whose record says how well the forecasts are calibrated
CLOSE, FAR = 5.0, 2.0  # points beside it: well calibrated up to the first, not well from the second on


class _Wording(NamedTuple):
    """The patterns of one language."""

    itself: re.Pattern[str]
    ability: re.Pattern[str]  # that nobody here has
    sure: re.Pattern[str]
    denies: re.Pattern[str]
    asks: re.Pattern[str]
    good: re.Pattern[str]
    bad: re.Pattern[str]
    beats: re.Pattern[str]
    fails: re.Pattern[str]


class Claims:
    """The record that one turn's results hold, and the check of what is said of it."""

    def __init__(self) -> None:
        self._held: list[float] = []  # percent of closes that the 80 % range held
        self._skill: list[float] = []

    def learn(self, data: BaseModel) -> None:
        """Take in the record in a tool's result, if one is in it."""
        for name, value in _records(data.model_dump()):
            (self._held if name == "coverage" else self._skill).append(value)

    def objection(self, sentence: str) -> str | None:
        """Why a sentence may not be said of this service; None where it may, or speaks of something else."""
        return next((reason for each in _wordings() if (reason := self._wrong(sentence, each))), None)

    def _wrong(self, sentence: str, words: _Wording) -> str | None:
        if not words.itself.search(sentence):
            return None
        denied = words.denies.search(sentence) is not None
        if not denied:
            if words.ability.search(sentence):
                return "an ability that there is none of"
            if words.sure.search(sentence):
                return "a promise"
        if "?" in sentence or "\uff1f" in sentence or words.asks.search(sentence):
            return None
        if words.bad.search(sentence):
            agree = any(abs(held - BAND) >= FAR for held in self._held) or any(each <= 0 for each in self._skill)
        elif words.good.search(sentence):
            agree = any(denied or abs(held - BAND) <= CLOSE for held in self._held)
        elif words.fails.search(sentence):
            agree = any(each < 0 for each in self._skill)
        elif words.beats.search(sentence):
            agree = any(denied or each > 0 for each in self._skill)
        else:
            return None
        return None if agree else "a judgement of the forecasts that no record bears out"


def _records(value: Any) -> Iterator[tuple[str, float]]:
    """Every coverage of the 80 % range, in percent, and every skill in a result."""
    if isinstance(value, tuple | list):
        for inner in value:
            yield from _records(inner)
    if not isinstance(value, Mapping):
        return
    for name, inner in value.items():
        if name == "coverage" and isinstance(inner, Mapping):
            shares = [share for band, share in inner.items() if str(band).strip("0.") == str(BAND).strip("0.")]
            yield from ((name, 100 * share) for share in shares if isinstance(share, int | float))
        elif name == "skill":
            skill = inner.get("value") if isinstance(inner, Mapping) else inner
            if isinstance(skill, int | float):
                yield name, float(skill)
        elif name not in ("recent", "candles", "forecasts"):
            yield from _records(inner)


@cache
def _wordings() -> tuple[_Wording, ...]:
    tables = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))
    return tuple(_wording(table, "" if language == "zh" else r"\b") for language, table in tables.items())


def _wording(table: Mapping[str, list[str]], edge: str) -> _Wording:
    def words(name: str) -> str:
        return rf"{edge}(?:{'|'.join(table[name])}){edge}"

    ability = rf"{words('itself')}.{{0,60}}?{words('sees')}.{{0,60}}?{words('sources')}"
    patterns = {name: words(name) for name in _Wording._fields if name != "ability"} | {"ability": ability}
    return _Wording(**{name: re.compile(text, re.IGNORECASE) for name, text in patterns.items()})
