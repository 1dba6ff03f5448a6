"""Candles written as a file that is read back unchanged."""

from pathlib import Path

from forecaster.data_directory import may_write
from forecaster.errors import DataFileError
from forecaster.market.candles import Candles

WRITABLE = (".csv", ".csv.gz", ".parquet")


def write_candles(candles: Candles, path: Path) -> None:
    """Write candles as .csv, .csv.gz or .parquet, in the form that `read_candles` reads back unchanged.

    A file of that name is replaced, whole or not at all. Raises DataFileError when it cannot be written.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    check_writable(path)
    columns = {"time": pa.array(candles.time).cast(pa.timestamp("s", tz="UTC"))}
    columns |= {name: getattr(candles, name) for name in ("open", "high", "low", "close", "volume")}
    table = pa.table(columns)
    part = path.with_name(f".{path.name}.part")
    try:
        if path.name.lower().endswith(".parquet"):
            parquet.write_table(table, part)
        else:
            with pa.output_stream(part, compression="gzip" if path.name.lower().endswith(".gz") else None) as stream:
                csv.write_csv(table, stream, csv.WriteOptions(quoting_style="none", quoting_header="none"))
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise DataFileError(
            f"{path} cannot be written.", "Check the directory, its permissions and its room."
        ) from error


def check_writable(path: Path) -> None:
    """Raise DataFileError when `write_candles` could not write to `path`: better known before a long download."""
    if not path.name.lower().endswith(WRITABLE):
        raise DataFileError(f"{path.name} has no ending that can be written.", f"Name it {', '.join(WRITABLE)}.")
    if not path.parent.is_dir() or path.is_dir():
        raise DataFileError(f"{path} cannot be written.", "Name a file in a directory that exists.")
    if not may_write(path.parent.absolute()):
        raise DataFileError(f"{path} cannot be written.", "Name a file in a directory of yours, with --out.")
