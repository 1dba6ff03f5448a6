"""Several files as one table: their rows one after the other, each row still known by its own file and line."""

import glob
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from forecaster.errors import DataFileError
from forecaster.market.files.rows import Rows, Table, Told

SHIFT = 40  # a row's number carries its table's in the bits above
MOST_FILES = 5000


class Joined:
    """Tables read one after the other."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tables
        self.name = tables[0].name if len(tables) == 1 else f"{tables[0].name} and {len(tables) - 1} more"
        self.told = Told()

    def batches(self) -> Iterator[Rows]:
        """See Table."""
        for at, table in enumerate(self.tables):
            for rows in table.batches():
                yield Rows(rows.number + np.int64(at << SHIFT), rows.time, rows.prices) if at else rows

    def refuse(self, row: int, problem: str) -> DataFileError:
        """See Table; the file is named too."""
        return self.tables[row >> SHIFT].refuse(row & ((1 << SHIFT) - 1), problem)


def files_of(named: Path | str | Iterable[Path | str]) -> list[Path]:
    """The files that paths and patterns such as "data/BTCUSDT-1h-*.zip" name, by name, each once.

    A pattern that matches nothing is given back as it is, for whoever opens it to refuse.
    """
    several = [named] if isinstance(named, str | Path) else list(named)
    found: dict[Path, None] = {}
    for each in several:
        path = Path(each)
        matches = [] if path.exists() or not glob.has_magic(str(each)) else sorted(glob.glob(str(each), recursive=True))
        found |= dict.fromkeys([Path(match) for match in matches] or [path])
    if len(found) > MOST_FILES:
        raise DataFileError(f"That names {len(found):,} files.", f"Name {MOST_FILES:,} at most.")
    return list(found)
