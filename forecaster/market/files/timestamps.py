"""A column of times as files hold them (numbers, text, dates), decoded to microseconds since 1970 UTC."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecaster.errors import DataFileError

Refusal = Callable[[int, str], DataFileError]  # position of a row (from 0) and what is wrong with it -> the error
ZONE = re.compile(r":.*(Z|[+-]\d\d(:?\d\d)?)$")
# (below this size, microseconds in one unit): today is 1.8e9 in s, 1.8e12 in ms, 1.8e15 in us, 1.8e18 in ns
UNITS = ((1e11, 1e6), (1e14, 1e3), (1e17, 1.0), (float("inf"), 1e-3))
FAR = float(1 << 62)  # microseconds, beyond any time; a number is cut to it so that the cast to int64 is defined


class TimeColumn:
    """Decodes one file's time column, batch after batch, in the unit or zone that its first value shows."""

    def __init__(self, refuse: Refusal) -> None:
        self._refuse = refuse
        self._per_unit: float | None = None  # microseconds in one unit of a numeric column
        self._text_type: Any = None  # Arrow type of a text column: with a zone, or UTC without saying so

    def microseconds(self, column: Any, first_row: int) -> NDArray[np.int64]:
        """Decode an Arrow array, (n,), whose first value stands at `first_row` of the file."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if column.null_count:
            raise self._refuse(first_row + pc.index(column.is_null(), True).as_py(), "the time is missing")
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            return self._from_numbers(np.from_dlpack(column).astype(np.float64), first_row)
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = self._from_text(column, first_row)
        elif not (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)):
            raise self._refuse(first_row, f"the time is of type {column.type}")
        # Arrow counts a zoned timestamp from 1970 UTC, and one without a zone as if it were UTC.
        instants = column.cast(pa.timestamp("us"), safe=False).cast(pa.int64())
        return np.asarray(np.from_dlpack(instants), dtype=np.int64)

    def _from_numbers(self, values: NDArray[np.float64], first_row: int) -> NDArray[np.int64]:
        finite = np.isfinite(values)
        if not finite.all():
            raise self._refuse(first_row + int(finite.argmin()), "the time is not a number")
        if self._per_unit is None and len(values):
            size = abs(float(values[0]))
            self._per_unit = next(scale for below, scale in UNITS if size < below)
        return np.clip(np.rint(values * (self._per_unit or 1.0)), -FAR, FAR).astype(np.int64)

    def _from_text(self, column: Any, first_row: int) -> Any:
        column = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r" ?UTC$", "Z")
        if self._text_type is None and len(column):
            self._text_type = pa.timestamp("ns", tz="UTC" if ZONE.search(column[0].as_py()) else None)
        try:
            return column.cast(self._text_type)
        except pa.ArrowInvalid as error:
            row = next(row for row, text in enumerate(column) if not self._readable(text))
            problem = f"the time {column[row].as_py()[:32]!r} cannot be read"
            raise self._refuse(first_row + row, problem) from error

    def _readable(self, text: Any) -> bool:
        try:
            text.cast(self._text_type)
        except pa.ArrowInvalid:
            return False
        return True
