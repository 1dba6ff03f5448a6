"""The tables in a file, whatever kind of file it is."""

from pathlib import Path

from forecaster.errors import DataFileError
from forecaster.market.files.rows import Reading, Table
from forecaster.market.files.tables.arrow_table import damaged, feather_table, parquet_table
from forecaster.market.files.tables.containers import Text, first_bytes, is_workbook, text_of, texts_in
from forecaster.market.files.tables.csv_table import CsvTable
from forecaster.market.files.tables.json_text import json_table
from forecaster.market.files.tables.workbook import workbook_table

OTHERS = {  # first bytes -> what it is, what to do
    b"FEA1": ("an old Feather file", "Write it again with pandas 1.0 or later."),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "Save it as .xlsx or CSV."),
    b"7z\xbc\xaf": ("a 7z archive", "Unpack it and name the files inside."),
    b"Rar!": ("a RAR archive", "Unpack it and name the files inside."),
    b"BZh": ("a bzip2 file", "Unpack it and name the file inside."),
    b"\xfd7zXZ": ("an xz file", "Unpack it and name the file inside."),
    b"\x28\xb5\x2f\xfd": ("a Zstandard file", "Unpack it and name the file inside."),
    b"\x89HDF": ("an HDF5 file", "Save it as Parquet or CSV."),
    b"SQLite f": ("a database", "Save the table of candles as CSV."),
}


def open_tables(path: Path, reading: Reading) -> list[Table]:
    """The tables in a file, told by content. Raises DataFileError when it is missing, empty or nothing of the kind."""
    start = first_bytes(path)
    for mark, (what, remedy) in OTHERS.items():
        if start.startswith(mark):
            raise DataFileError(f"{path.name} is {what}.", remedy)
    if start[:4] == b"PAR1":
        return [parquet_table(path, reading)]
    if start[:6] == b"ARROW1":
        return [feather_table(path, reading)]
    if start[:2] == b"PK":
        if is_workbook(path):
            return [workbook_table(path, reading)]
        return [_text_table(text, reading) for text in texts_in(path)]
    return [_text_table(text_of(path, start), reading)]


def _text_table(text: Text, reading: Reading) -> Table:
    start = text.head(1 << 12)
    if start[:2] == b"PK" or start[:4] == b"PAR1":
        raise damaged(text.name, "text")
    if start.lstrip()[:1] in (b"[", b"{"):
        return json_table(text, reading)
    return CsvTable(text, reading)
