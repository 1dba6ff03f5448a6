"""JSON: lists of rows as exchanges and their libraries give them, objects, columns, and one object a line."""

import io
import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from forecaster.errors import DataFileError
from forecaster.market.files.layouts import Layout, Unrecognized, unnamed_layout
from forecaster.market.files.rows import EXPECTED, Reading, Table, Told
from forecaster.market.files.tables.arrow_table import ArrowTable, memory_table
from forecaster.market.files.tables.blocks import LineTooLong, in_threads, lines_of
from forecaster.market.files.tables.containers import BROKEN, Text, broken
from forecaster.market.files.tables.csv_table import CsvTable

MOST_BYTES = 48 << 20  # of JSON that is read whole; lists of rows, and of flat objects, may be of any length
SAMPLE_ROWS = 50  # of a long one, that tell its columns
DEPTH = 4  # within which the rows lie
_LINE = Layout("CoinGecko's market chart", (0,), (1, 1, 1, 1), None)


def json_table(text: Text, reading: Reading) -> Table:
    """A table in JSON. Raises DataFileError where no rows are recognized in it."""
    start = text.head(1 << 12).lstrip()
    if start[:1] == b"[" and _is_list_of_lists(start):
        return CsvTable(Text(text.name, lambda: _Unbracketed(text.open())), reading, "JSON", "row")
    if text.is_longer(MOST_BYTES) and (table := _long_table(text, start, reading)):
        return table
    held = _loaded(text)
    if isinstance(held, dict) and isinstance(held.get("prices"), list):
        points = [point[:2] for point in held["prices"] if isinstance(point, list) and len(point) >= 2]
        columns = {"time": [point[0] for point in points], "price": [point[1] for point in points]}
        return memory_table(text.name, "JSON", columns, reading, layout=_LINE)
    rows, around = _rows(held)
    told = Told(hints=around)
    if isinstance(rows, dict):
        return memory_table(text.name, "JSON", rows, reading, told=told)
    if rows and isinstance(rows[0], dict):
        names = list(dict.fromkeys(str(name) for row in rows[:50] for name in row))
        return memory_table(
            text.name, "JSON", {name: [row.get(name) for row in rows] for name in names}, reading, told=told
        )
    width = min((len(row) for row in rows), default=0)
    columns = {str(at): [row[at] for row in rows] for at in range(width)}
    try:
        layout = unnamed_layout([[str(cell) for cell in row[:width]] for row in rows[:50]])
    except Unrecognized as error:
        raise _strange(text.name) from error
    return memory_table(text.name, "JSON", columns, reading, layout=layout, told=told)


def _is_list_of_lists(start: bytes) -> bool:
    inner = start[1:].lstrip()
    return inner[:1] == b"[" or (b"\n" in start and start.partition(b"\n")[0].rstrip().endswith(b"]"))


def _long_table(text: Text, start: bytes, reading: Reading) -> Table | None:
    """Objects of any number, one a line or in one list, read block by block; None where they are not flat."""
    lines = Text(text.name, lambda: _Unbracketed(text.open(), objects=True)) if start[:1] == b"[" else text
    try:
        with lines.open() as stream:
            rows = [json.loads(line) for line in islice(lines_of(stream), SAMPLE_ROWS) if line.strip()]
    except (ValueError, RecursionError):
        return None
    cells = [(name, cell) for row in rows if isinstance(row, dict) for name, cell in row.items()]
    if not cells or any(isinstance(cell, dict | list) for _, cell in cells):
        return None
    texts = {name for name, cell in cells if isinstance(cell, str | bool)}
    types = {name: pa.string() if name in texts else pa.float64() for name, _ in cells}

    def batches(names: list[str]) -> Iterator[Any]:
        from pyarrow import json as arrow_json

        wanted = arrow_json.ParseOptions(pa.schema([(name, types[name]) for name in names]), False, "ignore")

        def parsed(block: bytes) -> Any:
            size = arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
            return arrow_json.read_json(pa.py_buffer(block), size, wanted).to_batches() if block.strip() else []

        try:
            with lines.open() as stream:
                yield from in_threads(parsed, stream, 0)
        except LineTooLong as error:
            raise _strange(text.name) from error
        except BROKEN as error:
            raise broken(text.name) from error

    return ArrowTable(text.name, "JSON", list(types), batches, reading)


def _loaded(text: Text) -> Any:
    if text.is_longer(MOST_BYTES):
        raise DataFileError(f"{text.name} holds more JSON than can be read at once.", "Save it as CSV or Parquet.")
    whole = text.head(MOST_BYTES)
    try:
        return json.loads(whole)
    except RecursionError as error:
        raise _strange(text.name) from error
    except ValueError:
        pass
    rows: list[Any] = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            if line.strip():
                rows.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise DataFileError(f"{text.name}, line {number}: it is no JSON.", f"Correct it. {EXPECTED}") from error
    return rows


def _rows(held: Any) -> tuple[Any, tuple[str, ...]]:
    """The longest list of rows, or the columns, in what an exchange answered; and the words around it."""
    found: list[tuple[int, Any]] = []
    words: list[str] = []

    def look(value: Any, depth: int) -> None:
        if isinstance(value, list) and value and all(isinstance(row, dict | list) for row in value[:50]):
            if all(isinstance(row, type(value[0])) for row in value):
                found.append((len(value), value))
        elif isinstance(value, dict) and depth:
            lists = {str(name): each for name, each in value.items() if isinstance(each, list)}
            longest = max(map(len, lists.values()), default=0)
            columns = {name: each for name, each in lists.items() if len(each) == longest and not _nested(each)}
            if longest and len(columns) >= 2:
                found.append((longest, columns))
            elif columns := _indexed_columns(value):
                found.append((0, columns))
            for name, each in value.items():
                words.append(str(name)[:40])
                words.extend([each[:40]] if isinstance(each, str) else [])
                look(each, depth - 1)

    look(held, DEPTH)
    rows: Any = max(found, key=lambda each: each[0], default=(0, []))[1]
    if isinstance(held, dict) and isinstance(held.get("columns"), list) and isinstance(held.get("data"), list):
        # as pandas splits a table
        rows = [dict(zip(held["columns"], row, strict=False)) for row in held["data"] if isinstance(row, list)]
    return rows, tuple(words[:200])


def _indexed_columns(value: dict[str, Any]) -> dict[str, list[Any]]:
    """Pandas' {"open": {"0": 1.0, "1": 2.0}, ...} as lists; nothing where it is anything else."""
    columns = list(value.values())
    alike = len(columns) >= 2 and all(isinstance(each, dict) and each.keys() == columns[0].keys() for each in columns)
    return {str(name): list(each.values()) for name, each in value.items()} if alike else {}


def _nested(values: list[Any]) -> bool:
    return any(isinstance(value, dict | list) for value in values)


def _strange(name: str) -> DataFileError:
    return DataFileError(f"{name} is JSON, but no rows of candles are recognized in it.", EXPECTED)


class _Unbracketed(io.RawIOBase):
    """JSON's [[1, 2], [3, 4]] as lines of CSV, read as it comes: the list may be of any length.

    With `objects`, [{"a": 1}, {"a": 2}] as JSON lines.
    """

    def __init__(self, stream: Any, *, objects: bool = False) -> None:
        self._stream = stream
        self._end, self._without = (b"}", b"\t\r\n[]") if objects else (b"]", b" \t\r\n[")
        self._kept = b"}" if objects else b""
        self._chunks = self._translated()
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._ready = chunk
        part, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def _translated(self) -> Iterator[bytes]:
        held = b""
        while part := self._stream.read(1 << 20):
            part = held + bytes(part).translate(None, self._without)
            held = self._end if part.endswith(self._end) else b""  # the comma may come in the next part
            line = self._kept + b"\n"
            yield part[: len(part) - len(held)].replace(self._end + b",", line).replace(b"]", b"\n")
        if self._kept:
            yield held

    def close(self) -> None:
        self._stream.close()
        super().close()
