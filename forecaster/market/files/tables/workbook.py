"""Excel workbooks (.xlsx): the first sheet that holds candles, by the values that Excel stored."""

import datetime
from pathlib import Path
from typing import Any

from forecaster.errors import ConfigurationError, DataFileError
from forecaster.market.files.layouts import Unrecognized, named_layout
from forecaster.market.files.rows import EXPECTED, Reading, Told
from forecaster.market.files.tables.arrow_table import ArrowTable, lacking, memory_table
from forecaster.market.files.tables.containers import broken, inflate_whole

MOST_BYTES = 96 << 20  # unpacked: such a sheet takes about 400 MB to read
MOST_LINES = 40  # before the names of the columns


def workbook_table(path: Path, reading: Reading) -> ArrowTable:
    """The first sheet of a workbook that holds candles. Raises DataFileError where none does."""
    inflate_whole(path, MOST_BYTES)
    failure: DataFileError | None = None
    sheets = _sheets(path)
    for name, rows in sheets:
        for at, row in enumerate(rows[:MOST_LINES]):
            names = [_text(cell) for cell in row]
            beneath = [each for each in rows[at + 1 :] if any(cell != "" for cell in each)]
            if sum(bool(each.strip()) for each in names) < 2:
                continue
            try:
                layout = named_layout(names, [[_text(cell) for cell in each] for each in beneath[:50]])
            except Unrecognized as error:
                failure = failure or lacking(path.name, error.missing, names)
                continue
            wanted = {*layout.time, *layout.prices}
            if any(cell == "" for each in beneath[:1] for at_, cell in enumerate(each) if at_ in wanted):
                raise DataFileError(
                    f"{path.name}, row {at + 2}: a cell has no value, as a formula whose result was never stored.",
                    "Open the file in a spreadsheet, save it again, or save it as CSV.",
                )
            said = (name, *(_text(cell) for each in rows[: at + 1] for cell in each))
            columns = {str(position): [each[position] for each in rows[at + 1 :]] for position in range(len(names))}
            others = len(sheets) - 1
            note = (
                (f"The workbook has {others} more {'sheet' if others == 1 else 'sheets'}, not read.",) if others else ()
            )
            told = Told(hints=tuple(each for each in said if each), notes=note)
            return memory_table(path.name, "XLSX", columns, reading, layout=layout, first_row=at + 2, told=told)
    raise failure or DataFileError(f"{path.name} holds no table.", EXPECTED)


def _sheets(path: Path) -> list[tuple[str, list[list[Any]]]]:
    """Name and rows of every sheet that is not empty."""
    try:
        import python_calamine as calamine
    except ImportError as error:
        raise ConfigurationError("Reading .xlsx needs python-calamine.", "Run: pip install python-calamine") from error
    try:
        with calamine.CalamineWorkbook.from_path(path) as book:
            read = ((name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names)
            return [(name, rows) for name, rows in read if rows]
    except (calamine.CalamineError, OSError, ValueError) as error:
        raise broken(path.name) from error


def _text(cell: Any) -> str:
    """A cell as a person reads it."""
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
