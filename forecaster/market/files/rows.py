"""Rows of a candle file in the form that every layout is brought to, and what may be known about them from outside."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.installation import COMMAND

Refusal = Callable[[int, str], DataFileError]  # position of a row (from 0) and what is wrong with it -> the error
EXPECTED = (
    "Expected is a table (CSV, plain or .gz or .zip, Parquet, Feather, JSON or XLSX) with the columns time (Unix "
    "seconds or milliseconds, or ISO 8601; UTC unless it says otherwise), open, high, low, close and volume, hourly or "
    f"finer. `{COMMAND} inspect FILE` shows what is recognized."
)


class OutOfOrder(Exception):
    """Rows of a long file do not ascend in time: they have to be read again, sorted."""


class ReadAgain(Exception):
    """A table was found to be written in another way than its beginning; it has changed to that way itself."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What only the person who has the file knows. None: it is told by the file, or asked for."""

    symbol: str | None = None  # "SOL-USD"
    timezone: str | None = None  # of times without one, "Europe/Berlin"; UTC where None
    day_first: bool | None = None  # whether 03/04/2026 is in April
    decimal: str | None = None  # "." or ","


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of a file."""

    number: NDArray[np.int64]  # (n,) position in the file, from 0
    time: NDArray[np.int64]  # (n,) microseconds since 1970 UTC
    prices: NDArray[np.float64]  # (5, n) open, high, low, close, volume; NaN where the file has no value

    def where(self, part: NDArray[np.bool_] | NDArray[np.int64] | slice) -> "Rows":
        """The rows that a mask, positions or a slice pick."""
        return Rows(self.number[part], self.time[part], self.prices[:, part])

    def then(self, *later: "Rows") -> "Rows":
        """These rows, followed by `later`."""
        parts = (self, *later)
        return Rows(
            np.concatenate([rows.number for rows in parts]),
            np.concatenate([rows.time for rows in parts]),
            np.concatenate([rows.prices for rows in parts], axis=1),
        )


@dataclass(slots=True)
class Told:
    """What a table told while it was read, complete once its last row was."""

    layout: str = ""  # "CSV, Binance's public data"
    symbols: set[str] | None = None  # as its symbol column writes them; None without such a column
    hints: tuple[str, ...] = ()  # words beside the rows in which a coin may be named: column names, a title
    currency: str | None = None  # that those words or the signs beside prices tell
    closing: bool = False  # times are those at which rows close
    closes_only: bool = False  # there is one price a row
    quote_volume: bool = False  # the volume was in the currency
    zone: str = ""  # of its times: "UTC", "UTC, as nothing else is said", or a zone's name
    doubled: int = 0  # times of the hour that a clock ran through twice
    skipped: int = 0  # times of the hour that a clock left out
    notes: tuple[str, ...] = ()


class Table(Protocol):
    """A candle file that can be read from its first row to its last, as often as it takes."""

    name: str
    told: Told

    def batches(self) -> Iterator[Rows]:
        """All rows, in file order. Raises DataFileError at the first that cannot be understood, and ReadAgain."""
        ...

    def refuse(self, row: int, problem: str) -> DataFileError:
        """The error that says where the row at position `row` stands in the file and what is wrong with it."""
        ...
