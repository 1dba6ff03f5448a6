"""How a text table begins: which delimiter it has, which lines stand before its rows, what its columns are called."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from forecaster.market.files.layouts import Layout, Unrecognized, as_symbol, named_layout, plain, unnamed_layout

DELIMITERS = ("\t", ";", "|", ",")
MOST_LINES = 40  # before the first row
SAMPLE_ROWS = 50
COMMENTS = ("#", "//")


@dataclass(frozen=True, slots=True)
class Preamble:
    """What the first lines of a text table say."""

    delimiter: str
    skip: int  # lines before the first row
    width: int  # columns of a row
    layout: Layout
    said: tuple[str, ...]  # everything that stands before the first row
    sample: tuple[tuple[str, ...], ...]  # the first rows


def read_preamble(text: str, symbol: str | None) -> Preamble:
    """Recognize a table by its first lines. Raises Unrecognized with the columns that the likeliest header lacks."""
    lines = text.splitlines()
    failures: list[tuple[int, Unrecognized]] = []
    for delimiter in DELIMITERS:
        records = [
            next(csv.reader(io.StringIO(line), delimiter=delimiter), []) for line in lines[: MOST_LINES + SAMPLE_ROWS]
        ]
        try:
            return _with_names(records, delimiter, symbol)
        except Unrecognized as error:
            failures.append((-len(error.missing) if error.missing else -9 if error.problem else -99, error))
    for delimiter in DELIMITERS:
        records = [
            next(csv.reader(io.StringIO(line), delimiter=delimiter), []) for line in lines[: MOST_LINES + SAMPLE_ROWS]
        ]
        try:
            return _without_names(records, delimiter)
        except Unrecognized:
            continue
    raise max(failures, key=lambda failure: failure[0])[1]


def split_header(text: str) -> list[str]:
    """The likeliest names of the columns, for a message."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    return next(csv.reader([line], delimiter=max(",;\t", key=line.count)), [])


def _with_names(records: list[list[str]], delimiter: str, symbol: str | None) -> Preamble:
    best = Unrecognized(())
    for at, names in enumerate(records[:MOST_LINES]):
        if len([name for name in names if name.strip()]) < 2:
            continue
        first = _first_row(records, at + 1)
        rows = [row for row in records[first:] if not is_blank(row)][:SAMPLE_ROWS]
        width = len(rows[0]) if rows else len(names)
        if rows and width == len(names) + 1 and rows[0][-1].strip():
            names = ["", *names]  # R writes the number of a row without a name for its column
        if rows and not _fits(names, rows):
            if not best.missing and len(names) >= 5:
                best = Unrecognized((), f"its header names {len(names)} columns and its first row has {width} values")
            continue
        try:
            layout = _several_headers(records, at, first, names, symbol) or named_layout(names, rows)
        except Unrecognized as error:
            if not best.problem and (not best.missing or len(error.missing) < len(best.missing)):
                best = error
            continue
        said = tuple(cell for record in records[:first] for cell in record if cell.strip())
        if "cryptodatadownload" in " ".join(said).lower():
            layout = replace(layout, said="CryptoDataDownload")
        return Preamble(delimiter, first, width, layout, said, tuple(tuple(row) for row in rows))
    raise best


def _without_names(records: list[list[str]], delimiter: str) -> Preamble:
    first = next((at for at, record in enumerate(records) if _numbers(record) >= 4), None)
    if first is None:
        raise Unrecognized(())
    rows = [row for row in records[first:] if not is_blank(row)][:SAMPLE_ROWS]
    width = len(rows[0])
    if any(len(record) == width and not is_blank(record) for record in records[:first]):
        raise Unrecognized(())  # these are names, and what they say is not known
    trimmed = [row[:-1] if all(not each[-1].strip() for each in rows) else row for row in rows]
    layout = unnamed_layout(trimmed)
    said = tuple(cell for record in records[:first] for cell in record if cell.strip())
    return Preamble(delimiter, first, width, layout, said, tuple(tuple(row) for row in rows))


def _several_headers(
    records: list[list[str]], at: int, first: int, names: list[str], symbol: str | None
) -> Layout | None:
    """yfinance writes the kinds of prices, the tickers, and the name of the time in three lines; None for any other."""
    beneath = records[at + 1 : first]
    tickers = next((row for row in (*beneath, *records[:at]) if row and plain(row[0]) in ("ticker", "symbol")), None)
    if tickers is None or plain(names[0]) not in ("price", "", "date", "datetime"):
        return None
    wanted = as_symbol(symbol).base if symbol else None
    kinds = [
        "date",
        *(name if _is_of(ticker, wanted) else "" for name, ticker in zip(names[1:], tickers[1:], strict=False)),
    ]
    rows = records[first : first + SAMPLE_ROWS]
    return replace(named_layout(kinds, rows), said="yfinance, several header lines")


def _fits(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether rows have a value for each name: else, as with 1,234.5 between commas, values stand in wrong columns."""
    width = len(rows[0])
    surplus = all(not cell.strip() for row in rows for cell in row[len(names) :])
    return (width <= len(names) and not any(name.strip() for name in names[width:])) or (width > len(names) and surplus)


def _is_of(ticker: str, wanted: str | None) -> bool:
    return wanted is None or as_symbol(ticker).base == wanted


def _first_row(records: list[list[str]], at: int) -> int:
    """Where the rows begin at or after line `at`, beneath the names of columns: no further names, and some number."""
    return next((at + back for back, record in enumerate(records[at:]) if _numbers(record) and not _names(record)), at)


def _names(record: Sequence[str]) -> bool:
    return plain(record[0]) in ("ticker", "symbol", "date", "datetime", "time")


def _numbers(record: Sequence[str]) -> int:
    return 0 if is_blank(record) else sum(bool(re.search(r"\d", cell)) for cell in record)


def is_blank(record: Sequence[str]) -> bool:
    """Whether a line says nothing: it is empty, or a comment."""
    return not any(cell.strip() for cell in record) or record[0].lstrip().startswith(COMMENTS)
