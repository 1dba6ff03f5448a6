"""A column of times as files hold them (numbers, text, dates), decoded to microseconds since 1970 UTC."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecaster.errors import ConfigurationError
from forecaster.market.files.layouts.dates import instants
from forecaster.market.files.layouts.numbers import PLAIN
from forecaster.market.files.rows import Refusal

ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}|$)"
_ISO_ZONE = re.compile(r":.*(Z|[+-]\d\d(:?\d\d)?)$")
# (below this size, microseconds in one unit): today is 46,000 in Excel's days, 1.8e9 in s, 1.8e12 in ms, 1.8e15 in us
_SIZES = np.array([1e5, 1e11, 1e14, 1e17])
_UNITS = np.array([86_400e6, 1e6, 1e3, 1.0, 1e-3])
_EXCEL = 25_569  # days from its 1899-12-30 to 1970
FAR = float(1 << 62)  # microseconds, beyond any time; a number is cut to it so that the cast to int64 is defined


class TimeColumn:
    """Decodes one file's time column, batch after batch."""

    def __init__(self, refuse: Refusal, *, day_first: bool | None = None, timezone: str | None = None) -> None:
        self._refuse = refuse
        self._day_first = day_first
        self._zone = checked_zone(timezone)
        self._text_type: Any = None  # Arrow type of ISO text: with a zone, or without
        self._met: set[int] = set()  # local times of a doubled hour that were met once
        self._newest = -int(FAR)  # local time of the row before
        self.naive = False  # whether some times say nothing of a zone
        self.doubled = 0  # times in the hour that a clock ran through twice
        self.skipped = 0  # times in the hour that a clock left out

    def microseconds(self, column: Any, number: NDArray[np.int64]) -> NDArray[np.int64]:
        """Decode an Arrow array, (n,), whose values stand in the rows `number` of the file."""
        if column.null_count:
            raise self._refuse(int(number[pc.index(column.is_null(), True).as_py()]), "the time is missing")
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return self._from_numbers(np.from_dlpack(column).astype(np.float64), number)
        if pa.types.is_string(column.type):
            return self._from_text(pc.utf8_trim_whitespace(column), number)
        if not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            raise self._refuse(int(number[0]), f"the time is of type {column.type}")
        return self._from_arrow(column)

    def _from_numbers(self, values: NDArray[np.float64], number: NDArray[np.int64]) -> NDArray[np.int64]:
        finite = np.isfinite(values)
        if not finite.all():
            raise self._refuse(int(number[finite.argmin()]), "the time is not a number")
        if not len(values):
            return np.empty(0, dtype=np.int64)
        least, most = np.searchsorted(_SIZES, (values.min(), values.max()), side="right")
        units: Any = least if least == most else np.searchsorted(_SIZES, values, side="right")  # each value's own
        days = (units == 0) * _EXCEL
        micros: NDArray[np.int64] = np.clip(np.rint((values - days) * _UNITS[units]), -FAR, FAR).astype(np.int64)
        return micros

    def _from_text(self, column: Any, number: NDArray[np.int64]) -> NDArray[np.int64]:
        iso = pc.replace_substring_regex(column, r" ?(UTC|GMT)$", "Z")
        if self._text_type is None and len(iso):
            self._text_type = pa.timestamp("ns", tz="UTC" if _ISO_ZONE.search(iso[0].as_py()) else None)
        try:
            return self._from_arrow(iso.cast(self._text_type))
        except pa.ArrowInvalid:  # not ISO 8601
            numeric = np.asarray(pc.match_substring_regex(column, f"^({PLAIN})$").to_numpy(zero_copy_only=False), bool)
        micros, zoned, bad = instants(column, day_first=self._day_first)
        bad &= ~numeric
        if bad.any():
            row = int(bad.argmax())
            shown = column[row].as_py()
            problem = f"the time {shown[:32]!r} cannot be read" if shown else "the time is missing"
            raise self._refuse(int(number[row]), problem)
        if numeric.any():
            values = column.filter(pa.array(numeric)).cast(pa.float64())
            micros[numeric] = self._from_numbers(np.asarray(np.from_dlpack(values), np.float64), number[numeric])
            zoned |= numeric
        return micros if zoned.all() else np.where(zoned, micros, self._from_local(micros))

    def _from_arrow(self, column: Any) -> NDArray[np.int64]:
        # Arrow counts a zoned timestamp from 1970 UTC, and one without a zone as if it were UTC.
        naive = not getattr(column.type, "tz", None)
        micros = np.asarray(
            np.from_dlpack(column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())), dtype=np.int64
        )
        return self._from_local(micros) if naive else micros

    def _from_local(self, local: NDArray[np.int64]) -> NDArray[np.int64]:
        """What a clock on the wall showed, as if in UTC, to UTC by the zone that was named."""
        self.naive = True
        if self._zone is None or not len(local):
            return local
        stamps = pa.array(local).cast(pa.timestamp("us"))
        first, last = (
            pc.assume_timezone(stamps, self._zone, ambiguous=which, nonexistent="latest").cast(pa.int64()).to_numpy()
            for which in ("earliest", "latest")
        )
        back = pc.local_timestamp(pa.array(first).cast(pa.timestamp("us", tz=self._zone))).cast(pa.int64()).to_numpy()
        self.skipped += int((back != local).sum())
        doubled = np.flatnonzero(first != last)
        if not len(doubled):
            self._newest = int(local[-1])
            return np.asarray(first)
        utc = first.copy()
        self.doubled += len(doubled)
        before = np.append(self._newest, local[:-1])
        falling = len(local) > 1 and local[0] > local[-1]  # newest first: the later of the two comes first
        for position in doubled:  # a few rows a year
            again = int(local[position]) in self._met
            if not again and local[position] == before[position]:
                again = True
            self._met.add(int(local[position]))
            utc[position] = last[position] if again != falling else first[position]
        self._newest = int(local[-1])
        return np.asarray(utc)


def checked_zone(name: str | None) -> str | None:
    """A zone's name. Raises ConfigurationError where there is no such zone."""
    import zoneinfo

    if name is None:
        return None
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"{name[:32]!r} is no time zone.", "Write it like Europe/Berlin or UTC.") from error
    return name
