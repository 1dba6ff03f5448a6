"""How a file writes numbers (decimal point or comma, thousands, "1.2K"): found in whole columns, then read."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

NO_VALUE = ("", "NaN", "nan", "NA", "N/A", "n/a", "NULL", "null", "None")
PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?"
_ABSENT = (*NO_VALUE, "-", "–", "—", "N/D", "n.a.")
_DECORATION = "[$€£¥%'’\\s\u00a0\u202f]"  # currency signs, and spaces and apostrophes between thousands
_FACTORS = {"k": 1e3, "tsd": 1e3, "m": 1e6, "mio": 1e6, "b": 1e9, "mrd": 1e9, "t": 1e12}
_SUFFIX = r"(?i)^(?P<number>[-+0-9.,]*[0-9.,])(?P<suffix>k|tsd|mio|m|b|mrd|t)\.?$"
_GROUPED = {".": r"^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$", ",": r"^[+-]?\d{1,3}(\.\d{3})+(,\d*)?$"}
# What a cell shows about the separators, whatever the other cells: (pattern, the mark that is the decimal one)
_SHOWN = (
    (r",\d*\.\d*$|,.*,", "."),  # 1,234.5 and 1,234,567
    (r"\.\d*,\d*$|\..*\.", ","),
    (r"^[+-]?(\d{4,}|0\d*|)\.\d+([eE]|$)|^[+-]?\d*\.(\d{0,2}|\d{4,})([eE]|$)", "."),  # 1234.5, 0.123 and 1.23
    (r"^[+-]?(\d{4,}|0\d*|),\d+$|^[+-]?\d*,(\d{0,2}|\d{4,})$", ","),
)
_UNCLEAR = r"^[1-9]\d{0,2}[.,]\d{3}$"  # 69.930 is 69,930 in one country and 69.93 in another


class NumberStyle:
    """Which mark is the decimal one; `see` all columns of a file first, then `decide`."""

    def __init__(self, decimal: str | None) -> None:
        self.decimal = decimal or "."
        self.assumed = False  # by the size of the numbers alone
        self._given = decimal is not None
        self._shown: set[str] = set()
        self._unclear: set[str] = set()  # marks before exactly three digits
        self._least = float("inf")  # of the unclear numbers, read as thousands

    def see(self, column: Any) -> None:
        """Take notice of more cells, an Arrow array of text."""
        cells = _cleaned(column)
        for pattern, mark in _SHOWN:
            if mark not in self._shown and _any(cells, pattern):
                self._shown.add(mark)
        unclear = cells.filter(pc.match_substring_regex(cells, _UNCLEAR))
        if len(unclear):
            for mark in (".", ","):
                if mark not in self._unclear and _any(unclear, "\\" + mark):
                    self._unclear.add(mark)
            whole = pc.replace_substring_regex(unclear, "[.,]", "").cast(pa.float64())
            self._least = min(self._least, pc.min(whole).as_py())

    def decide(self, delimiter: str, *, bitcoin: bool) -> str | None:
        """Settle the decimal mark. Returns what is wrong where that cannot be done, as the end of a sentence.

        Where each number has exactly three digits after its one mark, a comma between fields speaks for decimal
        points. Otherwise they are thousands only where Bitcoin, or a coin without a name, would cost 15,000 or more.
        """
        if self._given:
            return None
        if self._shown == {".", ","}:
            return "it writes some numbers with a decimal point and others with a decimal comma"
        if self._shown:
            self.decimal = next(iter(self._shown))
            return None
        if not self._unclear or (self._unclear == {"."} and delimiter == ","):
            return None
        if len(self._unclear) > 1:
            return "it has both points and commas before three digits"
        mark = next(iter(self._unclear))
        if bitcoin and self._least >= BITCOIN_ALONE:
            self.decimal, self.assumed = "," if mark == "." else ".", True
            return None
        return f"every number has exactly three digits after its {'point' if mark == '.' else 'comma'}"

    def numbers(self, column: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Arrow text as (n,) float64, NaN where there is no value; and which cells are no numbers."""
        cells = _cleaned(column)
        absent = pc.is_in(cells, value_set=pa.array(_ABSENT))
        factor = np.ones(len(cells))
        if _any(cells, _SUFFIX):
            parts = pc.extract_regex(cells, _SUFFIX)
            named = parts.is_valid()
            suffix = pc.utf8_lower(pc.struct_field(parts, "suffix"))
            for name, value in _FACTORS.items():
                factor[_mask(pc.equal(suffix, name))] = value
            cells = pc.if_else(named, pc.struct_field(parts, "number"), cells)
        thousands = "," if self.decimal == "." else "."
        if _any(cells, "\\" + thousands):
            grouped = pc.match_substring_regex(cells, _GROUPED[self.decimal])
            cells = pc.if_else(grouped, pc.replace_substring(cells, thousands, ""), cells)
            wrong = pc.match_substring(cells, thousands)
        else:
            wrong = pa.nulls(len(cells), pa.bool_())
        if self.decimal == ",":
            cells = pc.replace_substring(cells, ",", ".")
        fine = pc.and_(pc.match_substring_regex(cells, f"(?i)^({PLAIN})$"), pc.invert(wrong.fill_null(False)))
        values = pc.if_else(fine, cells, None).cast(pa.float64())
        bad = _mask(pc.invert(pc.or_(fine, absent)))
        return np.asarray(values.to_numpy(zero_copy_only=False)) * factor, bad


BITCOIN_ALONE = 15_000  # a price in dollars, euros or pounds that no other coin has had for long


def _cleaned(column: Any) -> Any:
    cells = pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))
    return pc.replace_substring_regex(cells, _DECORATION, "") if _any(cells, _DECORATION) else cells


def _any(cells: Any, pattern: str) -> bool:
    return bool(pc.any(pc.match_substring_regex(cells, pattern)).as_py())


def _mask(flags: Any) -> NDArray[np.bool_]:
    return np.asarray(flags.fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)
