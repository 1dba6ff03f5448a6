"""Arrow columns of any layout become Rows: times to UTC, numbers to floats, one coin's rows alone."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.market.files.layouts.columns import Layout
from forecaster.market.files.layouts.dates import DateOrder
from forecaster.market.files.layouts.names import as_symbol, coin_of
from forecaster.market.files.layouts.numbers import NumberStyle
from forecaster.market.files.layouts.picking import CoinColumn
from forecaster.market.files.layouts.timestamps import ISO, TimeColumn
from forecaster.market.files.rows import Reading, Refusal, Rows, Told

FIELDS = ("open", "high", "low", "close", "volume")
NUMERIC = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)


class Decoder:
    """Decodes the batches of one table; `survey` is called with all of them first where text is to be understood."""

    def __init__(
        self, name: str, layout: Layout, reading: Reading, told: Told, refuse: Refusal, delimiter: str
    ) -> None:
        self.layout = layout
        self._name = name
        self._reading = reading
        self._told = told
        self._refuse = refuse
        self._delimiter = delimiter
        self._style = NumberStyle(reading.decimal)
        self._order = DateOrder(reading.day_first)
        told.closing, told.closes_only, told.quote_volume = layout.closing, layout.closes_only, layout.quote_volume
        self._wanted = as_symbol(reading.symbol) if reading.symbol else None

    @property
    def columns(self) -> list[int]:
        """Positions of the columns that batches are to hold, in this order, each once."""
        layout = self.layout
        optional = (layout.volume, layout.symbol)
        return list(dict.fromkeys([*layout.time, *layout.prices, *(at for at in optional if at is not None)]))

    def survey(self, batches: Iterable[Sequence[Any]]) -> None:
        """Learn from whole columns how numbers and dates are written. Raises DataFileError where they do not tell."""
        layout = self.layout
        numbers = {*layout.prices, layout.volume} - {None}
        for batch in batches:
            at = dict(zip(self.columns, batch, strict=True))
            for column in numbers:
                if column is not None and is_text(at[column]):
                    self._style.see(at[column])
            if is_text(at[layout.time[0]]) and not _is_iso(at[layout.time[0]]):
                self._order.see(at[layout.time[0]])
        told = coin_of([*(self._told.symbols or ()), *self._told.hints, self._name])
        coin = self._wanted or told
        if problem := self._style.decide(self._delimiter, bitcoin=coin is None or coin.base == "BTC"):
            raise DataFileError(
                f"{self._name}: {problem}.",
                "Say which mark is the decimal one with --decimal point or --decimal comma.",
            )
        note = "Its numbers with three digits after their one mark are read as thousands (--decimal says otherwise)."
        if self._style.assumed and note not in self._told.notes:
            self._told.notes += (note,)
        if problem := self._order.decide():
            raise DataFileError(f"{self._name}: {problem}.", "Say it with --dayfirst or --monthfirst.")

    def rows(self, batches: Iterable[Sequence[Any]]) -> Iterator[Rows]:
        """The batches as Rows, in order."""
        times = TimeColumn(self._refuse, day_first=self._order.day_first, timezone=self._reading.timezone)
        coins = CoinColumn(self._wanted, self._refuse)
        first = 0
        for batch in batches:
            count = len(batch[0])
            at = dict(zip(self.columns, batch, strict=True))
            number = np.arange(first, first + count, dtype=np.int64)
            kept = self._kept(at, first, coins)
            if kept is not None:
                number = number[kept]
                at = {position: column.filter(pa.array(kept)) for position, column in at.items()}
            if len(number):
                yield self._decoded(at, number, times)
            first += count
        self._told.doubled, self._told.skipped = times.doubled, times.skipped
        zone = self._reading.timezone
        self._told.zone = "UTC" if not times.naive else zone or "UTC, since nothing else is said (--timezone)"

    def _decoded(self, at: dict[int, Any], number: NDArray[np.int64], times: TimeColumn) -> Rows:
        layout = self.layout
        prices = np.empty((5, len(number)))
        for field, position in enumerate(layout.prices):
            prices[field] = self._floats(at[position], FIELDS[field], number)
        if layout.volume is None:
            prices[4] = np.where(np.isnan(prices[3]), np.nan, 0.0)
        else:
            prices[4] = self._floats(at[layout.volume], "volume", number)
            if layout.quote_volume:
                prices[4] /= prices[3]
        time = at[layout.time[0]]
        if len(layout.time) == 2:
            clock = pc.utf8_trim_whitespace(at[layout.time[1]])
            time = pc.binary_join_element_wise(pc.utf8_trim_whitespace(time), clock, " ")
        return Rows(number, times.microseconds(time, number), prices)

    def _kept(self, at: dict[int, Any], first: int, coins: CoinColumn) -> NDArray[np.bool_] | None:
        """Which rows to read: those that are not blank, of the coin that is asked for; None for all of them."""
        layout = self.layout
        kept = None
        if _has_gaps(at[layout.time[0]]):
            blank = _is_blank(at[layout.time[0]])
            for position in layout.prices:
                blank &= _is_blank(at[position])
            kept = ~blank if blank.any() else None
        if layout.symbol is None:
            return kept
        mine = coins.picked(at[layout.symbol], first)
        self._told.symbols = coins.names
        return mine if kept is None else kept if mine is None else kept & mine

    def _floats(self, column: Any, field: str, number: NDArray[np.int64]) -> NDArray[np.float64]:
        if is_text(column):
            values, bad = self._style.numbers(column)
            if bad.any():
                row = int(bad.argmax())
                shown = (column[row].as_py() or "").strip()[:20]
                raise self._refuse(int(number[row]), f"{field} is {shown!r}, not a number")
            return values
        if not any(is_kind(column.type) for is_kind in NUMERIC):
            raise self._refuse(int(number[0]), f"{field} holds {column.type}, not numbers")
        # an Arrow array, NaN where it has a null; without one DLPack will do: to_numpy would load pandas, 0.2 s
        column = column.cast(pa.float64(), safe=False)
        return np.asarray(column.to_numpy(zero_copy_only=False) if column.null_count else np.from_dlpack(column))


def is_text(column: Any) -> bool:
    """Whether an Arrow array holds text."""
    return bool(pa.types.is_string(column.type) or pa.types.is_large_string(column.type))


def _is_iso(column: Any) -> bool:
    return bool(pc.all(pc.match_substring_regex(pc.utf8_trim_whitespace(column), ISO)).as_py())


def _has_gaps(column: Any) -> bool:
    return bool(column.null_count) or (is_text(column) and bool(pc.any(pc.equal(column, "")).as_py()))


def _is_blank(column: Any) -> NDArray[np.bool_]:
    missing = pc.is_null(column)
    if is_text(column):
        missing = pc.or_(missing, pc.equal(pc.utf8_trim_whitespace(column), "").fill_null(True))
    return np.asarray(missing.to_numpy(zero_copy_only=False), dtype=bool)
