"""Tables that have types already: Parquet, Feather, and what was read whole from a workbook or JSON."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from forecaster.errors import DataFileError
from forecaster.market.files.layouts import Decoder, Layout, Unrecognized, currency_in, is_text, named_layout
from forecaster.market.files.rows import EXPECTED, Reading, Rows, Told

BATCH_ROWS = 1 << 16  # in memory at once
SAMPLE_ROWS = 50
READ_BYTES = 1 << 20  # of a Parquet column at once: else all of a row group's columns are in memory

Batches = Callable[[list[str]], Iterable[Any]]  # names of columns -> record batches


class ArrowTable:
    """A table whose columns have names; `batches` gives those that are asked for, each time from the first row."""

    def __init__(
        self,
        name: str,
        kind: str,
        names: Sequence[str],
        batches: Batches,
        reading: Reading,
        *,
        layout: Layout | None = None,
        first_row: int = 1,
        told: Told | None = None,
    ) -> None:
        self.name = name
        self.told = told or Told(hints=tuple(names))
        self.told.currency = currency_in(self.told.hints)
        self._kind = kind
        self._batches = batches
        self._names = list(names)
        self._first_row = first_row
        try:
            self._layout = layout or named_layout(names, self._sample())
        except Unrecognized as error:
            raise lacking(name, error.missing, names) from error
        self.told.layout = f"{kind}, {self._layout.said}"
        self._decoder = Decoder(name, self._layout, reading, self.told, self.refuse, ",")
        self._surveyed = False

    def batches(self) -> Iterator[Rows]:
        """See Table."""
        try:
            if not self._surveyed:
                if any(is_text(column) for column in next(self._columns(), ())):
                    self._decoder.survey(self._columns())
                self._surveyed = True
            yield from self._decoder.rows(self._columns())
        except UnicodeDecodeError as error:
            raise damaged(self.name, self._kind) from error

    def refuse(self, row: int, problem: str) -> DataFileError:
        """Name the row, counted as whoever opens the file counts."""
        where = f"{self.name}, row {row + self._first_row}"
        return DataFileError(f"{where}: {problem}.", f"Correct or remove that row. {EXPECTED}")

    def _columns(self) -> Iterator[list[Any]]:
        names = [self._names[at] for at in self._decoder.columns]
        try:
            for batch in self._batches(names):
                yield [_simple(batch.column(name)) for name in names]
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.name, self._kind) from error

    def _sample(self) -> list[list[str]]:
        try:
            batch = next(iter(self._batches(self._names)), None)
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.name, self._kind) from error
        if batch is None:
            return []
        columns = [batch.column(name).slice(0, SAMPLE_ROWS).to_pylist() for name in self._names]
        return [["" if cell is None else str(cell) for cell in row] for row in zip(*columns, strict=True)]


def parquet_table(path: Path, reading: Reading) -> ArrowTable:
    """A Parquet file."""
    from pyarrow import parquet

    def batches(names: list[str]) -> Iterator[Any]:
        with parquet.ParquetFile(path, pre_buffer=False, buffer_size=READ_BYTES) as file:
            yield from file.iter_batches(BATCH_ROWS, columns=names)

    try:
        names = parquet.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        raise damaged(path.name, "Parquet") from error
    return ArrowTable(path.name, "Parquet", names, batches, reading)  # open while it is read: there may be thousands


def feather_table(path: Path, reading: Reading) -> ArrowTable:
    """A Feather file, version 2, as freqtrade writes it."""

    def batches(names: list[str]) -> Iterator[Any]:
        with pa.OSFile(str(path)) as file:
            reader = pa.ipc.open_file(
                file, options=pa.ipc.IpcReadOptions(included_fields=[known.index(name) for name in names])
            )
            for number in range(reader.num_record_batches):
                yield reader.get_batch(number)

    try:
        with pa.OSFile(str(path)) as file:
            known = list(pa.ipc.open_file(file).schema.names)
    except (pa.ArrowException, OSError) as error:
        raise damaged(path.name, "Feather") from error
    return ArrowTable(path.name, "Feather", known, batches, reading)


def memory_table(name: str, kind: str, columns: dict[str, list[Any]], reading: Reading, **details: Any) -> ArrowTable:
    """Columns that were read whole."""
    table = pa.table({each: _array(values) for each, values in columns.items()})
    return ArrowTable(
        name, kind, list(columns), lambda names: table.select(names).to_batches(BATCH_ROWS), reading, **details
    )


def lacking(name: str, missing: Sequence[str], names: Sequence[str]) -> DataFileError:
    """What is said of a table whose columns are not all there."""
    shown = ", ".join(repr(each[:20]) for each in names[:12]) + (", ..." if len(names) > 12 else "")
    missing = missing or ("time", "open", "high", "low", "close")
    return DataFileError(f"{name} has no column for {', '.join(missing)}; its columns are {shown}.", EXPECTED)


def damaged(name: str, kind: str) -> DataFileError:
    """What is said of a binary file that cannot be read."""
    return DataFileError(f"{name} is damaged or not a {kind} file.", "Download or write it again.")


def _array(values: list[Any]) -> Any:
    values = [None if value == "" else value for value in values]
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return array if not pa.types.is_nested(array.type) else pa.array([str(value) for value in values], pa.string())


def _simple(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast(pa.string()) if pa.types.is_large_string(column.type) or "view" in str(column.type) else column
