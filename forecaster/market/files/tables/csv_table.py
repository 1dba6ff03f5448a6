"""Tables as text, one row a line: CSV of any kind, read by Arrow where it is regular, else line by line."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from forecaster.errors import DataFileError
from forecaster.market.files.layouts import NO_VALUE, PLAIN, Decoder, Unrecognized, currency_in
from forecaster.market.files.rows import EXPECTED, ReadAgain, Reading, Rows, Told
from forecaster.market.files.tables.arrow_table import lacking
from forecaster.market.files.tables.blocks import LineTooLong, in_threads, lines_of
from forecaster.market.files.tables.containers import BROKEN, Text, broken
from forecaster.market.files.tables.preamble import COMMENTS, is_blank, read_preamble, split_header

HEAD_BYTES = 1 << 16
BATCH_ROWS = 1 << 15  # where rows are read line by line
_NUMBER = re.compile(PLAIN, re.IGNORECASE)
_UNCLEAR = re.compile(r"[1-9]\d{0,2}\.\d{3}")


class CsvTable:
    """A text of rows. `unit` is what a refusal counts: lines, or the rows of a JSON list."""

    def __init__(self, text: Text, reading: Reading, kind: str = "CSV", unit: str = "line") -> None:
        self.name = text.name
        self.told = Told()
        self._text = text
        self._unit = unit
        head = _decoded(text.head(HEAD_BYTES))
        whole = head if len(head) < HEAD_BYTES // 2 else head[: head.rfind("\n") + 1] or head
        try:
            start = read_preamble(whole, reading.symbol)
        except Unrecognized as error:
            if error.problem:
                remedy = f"Quote numbers that hold commas. {EXPECTED}"
                raise DataFileError(f"{self.name}: {error.problem}.", remedy) from error
            raise lacking(self.name, error.missing, split_header(head)) from error
        except csv.Error as error:
            raise self._unreadable() from error
        self._start = start
        self.told.hints = start.said
        self.told.currency = currency_in([*start.said, *(start.sample[0] if start.sample else ())])
        self.told.layout = f"{kind}, {start.layout.said}"
        self._decoder = Decoder(self.name, start.layout, reading, self.told, self.refuse, start.delimiter)
        self._types = {at: self._type(at) for at in self._decoder.columns}
        self._line_by_line = False
        self._surveyed = False

    def batches(self) -> Iterator[Rows]:
        """See Table."""
        time = self._start.layout.time[0]
        styled = any(kind == pa.string() for at, kind in self._types.items() if at not in self._start.layout.time)
        if not self._surveyed and (self._line_by_line or styled or self._types[time] == pa.string()):
            self._decoder.survey(self._columns())
        self._surveyed = True
        yield from self._decoder.rows(self._columns())

    def refuse(self, row: int, problem: str) -> DataFileError:
        """Name the line, counted from 1. Only a failure pays for this second look at the file."""
        line = next((line for number, line, _ in self._records() if number == row), row + self._start.skip + 1)
        where = line if self._unit == "line" else row + 1
        return DataFileError(
            f"{self.name}, {self._unit} {where}: {problem}.", f"Correct or remove that {self._unit}. {EXPECTED}"
        )

    def _type(self, at: int) -> Any:
        """Numbers are read as such where the first rows hold nothing else, and nothing that may be thousands."""
        layout = self._start.layout
        cells = [row[at].strip() for row in self._start.sample if at < len(row)]
        clean = all(_NUMBER.fullmatch(cell) or cell in NO_VALUE for cell in cells)
        if at in layout.time:
            return pa.float64() if clean and len(layout.time) == 1 else pa.string()
        unclear = at in layout.prices and self._start.delimiter != "," and cells and all(map(_UNCLEAR.fullmatch, cells))
        return pa.float64() if clean and not unclear and at != layout.symbol else pa.string()

    def _columns(self) -> Iterator[list[Any]]:
        if self._line_by_line:
            yield from self._slowly()
            return
        try:
            yield from self._quickly()
        except (pa.ArrowInvalid, LineTooLong) as error:
            self._line_by_line, self._surveyed = True, False
            raise ReadAgain from error
        except BROKEN as error:
            raise broken(self.name) from error

    def _quickly(self) -> Iterator[list[Any]]:
        """By Arrow, in threads; it is told positions for names, which are never doubled."""
        from pyarrow import csv as arrow_csv

        wanted = [str(at) for at in self._decoder.columns]
        names = [str(at) for at in range(self._start.width)]
        parse = arrow_csv.ParseOptions(delimiter=self._start.delimiter)
        convert = arrow_csv.ConvertOptions(
            column_types={str(at): kind for at, kind in self._types.items()},
            include_columns=wanted,
            null_values=NO_VALUE,
        )

        def parsed(lines: bytes) -> Any:
            read = arrow_csv.ReadOptions(use_threads=False, block_size=len(lines) + 1, column_names=names)
            return arrow_csv.read_csv(pa.py_buffer(lines), read, parse, convert).to_batches()

        with self._text.open() as stream:
            for batch in in_threads(parsed, stream, self._start.skip):
                yield [batch.column(name) for name in wanted]

    def _slowly(self) -> Iterator[list[Any]]:
        """Line by line, as text: each row is checked, and what Arrow stumbles over is found."""
        width, wanted = self._start.width, self._decoder.columns
        kept: list[list[str]] = []
        for _, line, record in self._records():
            while len(record) > width and not record[-1].strip():
                record = record[:-1]
            record += [""] * (width - len(record) if width - len(record) == 1 and width - 1 not in wanted else 0)
            if len(record) != width:
                problem = (
                    f"it has {len(record)} values where the first {'line' if self._start.skip else 'row'} has {width}"
                )
                raise DataFileError(
                    f"{self.name}, {self._unit} {line}: {problem}.",
                    f"Correct or remove that {self._unit}. {EXPECTED}",
                )
            kept.append(record)
            if len(kept) == BATCH_ROWS:
                yield _arrays(kept, wanted)
                kept = []
        if kept:
            yield _arrays(kept, wanted)

    def _unreadable(self) -> DataFileError:
        return DataFileError(f"{self.name} cannot be read as a table.", EXPECTED)

    def _records(self) -> Iterator[tuple[int, int, list[str]]]:
        """Position from 0, line from 1 and values of each row, blank lines and comments apart."""
        try:
            with self._text.open() as stream:
                lines = (_decoded(line) for line in lines_of(stream))
                for _ in range(self._start.skip):
                    next(lines, None)
                reader = csv.reader(lines, delimiter=self._start.delimiter)
                number = 0
                for record in reader:
                    if record and not (len(record) == 1 and is_blank(record)) and not record[0].startswith(COMMENTS):
                        yield number, reader.line_num + self._start.skip, record
                        number += 1
        except (csv.Error, LineTooLong) as error:
            raise self._unreadable() from error
        except BROKEN as error:
            raise broken(self.name) from error


def _arrays(records: list[list[str]], wanted: Sequence[int]) -> list[Any]:
    return [pa.array([record[at] for record in records], pa.string()) for at in wanted]


def _decoded(text: bytes) -> str:
    """Text of a file that may have been cut in the midst of a letter; what is not UTF-8 was written by old Windows."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        return text.decode(errors="replace") if error.start > len(text) - 4 else text.decode("cp1252", errors="replace")
