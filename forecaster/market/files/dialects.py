"""The rows of a candle file, CSV or Parquet, in bounded batches: which columns they are, where a bad one stands."""

import csv
import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TextIO

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.market.files.blocks import in_threads
from forecaster.market.files.timestamps import TimeColumn

EXPECTED = (
    "Expected is a CSV (plain or .gz) or Parquet file with the columns time (Unix seconds or milliseconds, or "
    "ISO 8601; UTC unless it says otherwise), open, high, low, close and volume, hourly or finer, oldest first."
)
# Column names as people write them, in order of preference, lower-case and without punctuation.
COLUMNS = {
    "time": ("time", "timestamp", "opentime", "unix", "unixtime", "unixtimestamp", "datetime", "date"),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("close",),
    "volume": ("volume", "volumebtc", "volumeeth", "volumexbt", "basevolume", "vol"),
}
BATCH_ROWS = 1 << 17  # of Parquet in memory at once
HEADER_BYTES = 1 << 16
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
NO_VALUE = ("", "NaN", "nan", "NA", "N/A", "n/a", "NULL", "null", "None")
BROKEN = (OSError, EOFError, zlib.error)  # what reading a gzip file that ends early or was altered raises


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of a file."""

    number: NDArray[np.int64]  # (n,) position in the file, from 0
    time: NDArray[np.int64]  # (n,) microseconds since 1970 UTC
    prices: NDArray[np.float64]  # (5, n) open, high, low, close, volume; NaN where the file has no value

    def where(self, part: NDArray[np.bool_] | slice) -> "Rows":
        """The rows that a mask or slice picks."""
        return Rows(self.number[part], self.time[part], self.prices[:, part])

    def then(self, later: "Rows") -> "Rows":
        """These rows, followed by `later`."""
        return Rows(
            np.concatenate((self.number, later.number)),
            np.concatenate((self.time, later.time)),
            np.concatenate((self.prices, later.prices), axis=1),
        )


class Table(Protocol):
    """A candle file that can be read once, from its first row to its last."""

    def batches(self) -> Iterator[Rows]:
        """All rows, in file order. Raises DataFileError at the first one that cannot be understood."""
        ...

    def refuse(self, row: int, problem: str) -> DataFileError:
        """The error that says where the row at position `row` stands in the file and what is wrong with it."""
        ...


def open_table(path: Path) -> Table:
    """Tell CSV from Parquet by content. Raises DataFileError when the file is missing, empty or neither."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise DataFileError(f"There is no file {path}.", "Check the path.") from error
    except OSError as error:
        raise DataFileError(f"{path} cannot be opened.", "Check that it is a file that you may read.") from error
    if not start:
        raise DataFileError(f"{path.name} is empty.", EXPECTED)
    if start == b"PAR1":
        return ParquetTable(path)
    if start[:2] == b"PK":
        raise DataFileError(f"{path.name} is a ZIP archive.", "Unpack it and name the CSV file inside.")
    return CsvTable(path, compressed=start[:2] == b"\x1f\x8b")


class CsvTable:
    """A CSV file whose first line names the columns."""

    def __init__(self, path: Path, *, compressed: bool) -> None:
        self._path = path
        self._compressed = compressed
        try:
            with self._text() as file:
                header = file.readline(HEADER_BYTES)
        except BROKEN as error:
            raise self._broken() from error
        self._delimiter = max(",;\t", key=header.count)
        self._names = next(csv.reader([header], delimiter=self._delimiter), [])
        self._columns = _find_columns(path, self._names)
        self._first = next((record for _, _, record in self._records()), [])
        time = self._first[self._columns[0]] if self._columns[0] < len(self._first) else ""
        self._numeric_time = not time or bool(NUMBER.fullmatch(time.strip()))

    def batches(self) -> Iterator[Rows]:
        """All rows, in file order."""
        from pyarrow import csv as arrow_csv

        if not self._first:
            return
        wanted = [str(index) for index in self._columns]  # Arrow is told positions for names: they are never doubled
        types = dict.fromkeys(wanted, pa.float64())
        if not self._numeric_time:
            types[wanted[0]] = pa.string()
        names = [str(index) for index in range(len(self._names))]
        parse = arrow_csv.ParseOptions(delimiter=self._delimiter)
        convert = arrow_csv.ConvertOptions(column_types=types, include_columns=wanted, null_values=NO_VALUE)

        def parsed(number: int, lines: bytes) -> Any:
            read = arrow_csv.ReadOptions(
                use_threads=False, block_size=len(lines) + 1, skip_rows=int(number == 0), column_names=names
            )
            return arrow_csv.read_csv(pa.py_buffer(lines), read, parse, convert).to_batches()

        try:
            with pa.input_stream(str(self._path), compression="gzip" if self._compressed else None) as stream:
                yield from _decoded(in_threads(parsed, stream), TimeColumn(self.refuse))
        except pa.ArrowInvalid as error:
            raise self._unreadable() from error
        except OSError as error:
            raise self._broken() from error

    def refuse(self, row: int, problem: str) -> DataFileError:
        """Name the line, counted from 1. Only a failure pays for this second look at the file."""
        line = next((line for number, line, _ in self._records() if number == row), row + 2)
        return self._refuse_line(line, problem)

    def _refuse_line(self, line: int, problem: str) -> DataFileError:
        return DataFileError(f"{self._path.name}, line {line}: {problem}.", f"Correct or remove that line. {EXPECTED}")

    def _unreadable(self) -> DataFileError:
        """What Arrow stumbled over without saying where, found again line by line."""
        numeric = list(zip(COLUMNS, self._columns, strict=True))[0 if self._numeric_time else 1 :]
        for _, line, record in self._records():
            if len(record) != len(self._names):
                problem = f"it has {len(record)} values where the first line has {len(self._names)}"
                return self._refuse_line(line, problem)
            for name, index in numeric:
                value = record[index].strip()
                if not NUMBER.fullmatch(value) and value not in NO_VALUE:
                    return self._refuse_line(line, f"{name} is {value[:20]!r}, not a number")
        return DataFileError(f"{self._path.name} cannot be read as CSV.", EXPECTED)

    def _broken(self) -> DataFileError:
        return DataFileError(f"{self._path.name} ends early or is damaged.", "Download or unpack it again.")

    def _text(self) -> TextIO:
        opener: Any = gzip.open if self._compressed else open
        file: TextIO = opener(self._path, "rt", encoding="utf-8-sig", errors="replace", newline="")
        return file

    def _records(self) -> Iterator[tuple[int, int, list[str]]]:
        """Position from 0, line from 1 and values of each row, blank lines apart; up to where the file breaks off."""
        try:
            with self._text() as file:
                reader = csv.reader(file, delimiter=self._delimiter)
                next(reader)
                for number, record in enumerate(record for record in reader if record):
                    yield number, reader.line_num, record
        except (csv.Error, *BROKEN):
            return


class ParquetTable:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        from pyarrow import parquet

        self._path = path
        try:
            self._file = parquet.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise self._broken() from error
        schema = self._file.schema_arrow
        self._names = [schema.names[index] for index in _find_columns(path, schema.names)]
        for name in self._names[1:]:
            kind = schema.field(name).type
            if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
                raise DataFileError(f"{path.name}: the column {name!r} holds {kind}, not numbers.", EXPECTED)

    def batches(self) -> Iterator[Rows]:
        """All rows, in file order."""
        try:
            batches = self._file.iter_batches(BATCH_ROWS, columns=self._names)
            yield from _decoded(batches, TimeColumn(self.refuse), self._names)
        except (pa.ArrowException, OSError) as error:
            raise self._broken() from error

    def refuse(self, row: int, problem: str) -> DataFileError:
        """Name the row, counted from 1."""
        return DataFileError(f"{self._path.name}, row {row + 1}: {problem}.", f"Correct or remove that row. {EXPECTED}")

    def _broken(self) -> DataFileError:
        return DataFileError(f"{self._path.name} is damaged or not a Parquet file.", "Download or write it again.")


def _find_columns(path: Path, names: Sequence[str]) -> list[int]:
    """Positions of time, open, high, low, close, volume among a file's column names."""
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
    found = [next((plain.index(alias) for alias in aliases if alias in plain), None) for aliases in COLUMNS.values()]
    missing = [wanted for wanted, index in zip(COLUMNS, found, strict=True) if index is None]
    if missing:
        shown = ", ".join(repr(name[:20]) for name in names[:12]) + (", ..." if len(names) > 12 else "")
        raise DataFileError(f"{path.name} has no column for {', '.join(missing)}; its columns are {shown}.", EXPECTED)
    return [index for index in found if index is not None]


def _decoded(batches: Any, time_column: TimeColumn, names: Sequence[str] | None = None) -> Iterator[Rows]:
    """Arrow record batches as Rows; the six columns are `names`, or stand in order."""
    row = 0
    for batch in batches:
        columns = [batch.column(name) for name in names or range(6)]
        prices = np.stack([_floats(column) for column in columns[1:]])  # (5, n)
        time = time_column.microseconds(columns[0], row)
        yield Rows(np.arange(row, row + len(time), dtype=np.int64), time, prices)
        row += len(time)


def _floats(column: Any) -> NDArray[np.float64]:
    """An Arrow array, NaN where it has a null. Without one DLPack will do: to_numpy would load pandas, 0.2 s."""
    column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False) if column.null_count else np.from_dlpack(column))
