"""Dates as people write them (16/03/2026 4:00 PM, 2026.03.16, Mar 16, 2026): which number is the day, and instants."""

from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_CLOCK = (
    r"(?:,?[ T]+(?P<hour>\d{1,2})(?:[:.h]?(?P<minute>\d{2}))?(?:[:.]?(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
    r"[ -]*(?P<half>[AaPp])?(?:\.?[Mm]\.?)?)?"
    r" *(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?)?$"
)
_YEAR_FIRST = (
    r"^(?P<year>\d{4})[-./ ](?P<month>\d{1,2})[-./ ](?P<day>\d{1,2})",
    r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
)
_YEAR_LAST = r"^(?P<a>\d{1,2})[-./, ]+(?P<b>\d{1,2})[-./, ]+(?P<year>\d{4}|\d{2})"
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNSEEN = 4000  # different dates that are kept to tell the order by


class DateOrder:
    """Whether the day or the month comes first where the year comes last; `see` a whole column, then `decide`."""

    def __init__(self, day_first: bool | None) -> None:
        self.day_first = day_first
        self._given = day_first is not None
        self._large = [False, False]  # whether the first, the second number is above 12
        self._dates: dict[tuple[int, int, int], None] = {}  # in the order of the file
        self._named = False

    def see(self, column: Any) -> None:
        """Take notice of more times, an Arrow array of text."""
        texts, named = _months_as_numbers(column)
        self._named |= named
        if named and not self._given:  # "Mar 16, 2026" or "16 Mar 2026": the name says which is the month
            self.day_first = not pc.any(pc.match_substring_regex(column, r"^[A-Za-z]")).as_py()
        days = pc.replace_substring_regex(texts, r"^([-\d./, ]+?\d{4}|\d+[-./]\d+[-./]\d+).*$", r"\1").unique()
        for part in pc.extract_regex(days, _YEAR_LAST).to_pylist():
            if part:
                a, b, year = int(part["a"]), int(part["b"]), int(part["year"])
                self._large = [self._large[0] or a > 12, self._large[1] or b > 12]
                if len(self._dates) < _UNSEEN:
                    self._dates[a, b, year] = None

    def decide(self) -> str | None:
        """Settle the order. Returns what is wrong where that cannot be done, as the end of a sentence."""
        if self._given or self._named or not self._dates:
            return None
        if all(self._large):
            return "some of its dates have the day first and others the month"
        if any(self._large):
            self.day_first = self._large[0]
            return None
        steady = [first for first in (True, False) if self._is_steady(first)]
        if len(steady) == 1:  # read the other way, each day would be a month after the one before
            self.day_first = steady[0]
            return None
        return "its dates, such as {:02}/{:02}/{}, do not tell whether the day or the month comes first".format(
            *next(iter(self._dates))
        )

    def _is_steady(self, day_first: bool) -> bool:
        days = [date(y + 2000 * (y < 100), *((b, a) if day_first else (a, b))) for a, b, y in self._dates]
        return len(days) > 1 and all(abs((later - day).days) == 1 for day, later in pairwise(days))


def instants(column: Any, *, day_first: bool | None) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Text as (n,) microseconds since 1970, as if in UTC where there is no zone; which have one; which are no times."""
    texts = _months_as_numbers(column)[0]
    micros = np.zeros(len(texts), dtype=np.int64)
    zoned, good = np.zeros(len(texts), dtype=bool), np.zeros(len(texts), dtype=bool)
    for pattern in (*_YEAR_FIRST, _YEAR_LAST):
        if good.all():
            break
        parts = pc.extract_regex(texts, pattern + _CLOCK)
        found = np.asarray(parts.is_valid().to_numpy(zero_copy_only=False)) & ~good
        if found.any():
            fields = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
            if pattern == _YEAR_LAST:
                fields["day"], fields["month"] = (fields[name] for name in (("a", "b") if day_first else ("b", "a")))
            values, possible = _microseconds(fields)
            micros[found], good[found] = values[found], possible[found]
            zoned[found] = (_text(fields["zone"]) != "")[found]
    return micros, zoned, ~good


def _microseconds(fields: dict[str, Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(n,) microseconds since 1970 UTC, and which of them are in the calendar."""
    year, month, day, hour, minute, second = (
        _integers(fields[name]) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    year = np.where(year < 100, year + 2000, year)
    half = np.char.lower(_text(fields["half"]))
    possible = (month >= 1) & (month <= 12) & (day >= 1) & (hour <= 23) & (minute <= 59) & (second <= 59)
    possible &= (half == "") | ((hour >= 1) & (hour <= 12))
    hour = np.where(half == "a", hour % 12, np.where(half == "p", hour % 12 + 12, hour))
    months = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]").astype(np.int64)
    possible &= day <= (months + 1).astype("datetime64[D]").astype(np.int64) - days
    fraction = np.array([int(f"{text[:6]:0<6}") if text else 0 for text in _text(fields["fraction"])], dtype=np.int64)
    seconds = (days + day - 1) * 86_400 + hour * 3600 + minute * 60 + second - _offset(_text(fields["zone"]))
    return seconds * 1_000_000 + fraction, possible


def _offset(zones: NDArray[np.str_]) -> NDArray[np.int64]:
    """Seconds east of Greenwich, (n,)."""
    known = {}
    for zone in np.unique(zones):
        digits = "".join(letter for letter in zone if letter.isdigit())
        east = int(digits[:2] or 0) * 3600 + int(digits[2:] or 0) * 60
        known[str(zone)] = -east if "-" in zone else east
    return (
        np.array([known[str(zone)] for zone in zones], dtype=np.int64)
        if any(known.values())
        else np.zeros(len(zones), np.int64)
    )


def _months_as_numbers(column: Any) -> tuple[Any, bool]:
    texts = pc.utf8_trim_whitespace(column)
    if not pc.any(pc.match_substring_regex(texts, r"(?i)[a-z]{3}")).as_py():
        return texts, False
    named = False
    for number, name in enumerate(_MONTHS, 1):
        pattern = rf"(?i)\b{name}[a-z]*\.?"
        if pc.any(pc.match_substring_regex(texts, pattern)).as_py():
            texts, named = pc.replace_substring_regex(texts, pattern, f"{number:02}"), True
    return texts, named


def _integers(column: Any) -> NDArray[np.int64]:
    digits = pc.if_else(pc.equal(column, ""), "0", column).fill_null("0")
    return np.asarray(digits.cast(pa.int64()).to_numpy(zero_copy_only=False))


def _text(column: Any) -> NDArray[np.str_]:
    return np.asarray(column.fill_null("").to_pylist(), dtype=str) if len(column) else np.empty(0, dtype=str)
