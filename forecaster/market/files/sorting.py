"""Rows of a long file in order of time, sorted on disk, so that memory does not grow with the file."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import IO

import numpy as np
from numpy.typing import NDArray

from forecaster.errors import DataFileError
from forecaster.market.files.rows import Rows
from forecaster.market.files.steps import HOUR_US

PILE_ROWS = 1 << 18  # rows that are sorted at once; more where the piles would be too many
MOST_PILES = 512  # each is an open file, of which a process has a thousand
MOST_ROWS = 1 << 21  # in one hour
FIELDS = 7  # of 8 bytes each: number, time and five prices


def in_order(batches: Callable[[], Iterable[Rows]], name: str) -> Iterator[Rows]:
    """What `batches` gives, which is called twice, oldest row first; of the same time, in file order.

    Takes 56 bytes of disk for a row. Raises DataFileError where one hour has more than two million rows.
    """
    starts = _starts(batches(), name)
    with ExitStack() as stack:
        piles = [stack.enter_context(tempfile.TemporaryFile(prefix="candles-")) for _ in starts]
        for rows in batches():
            _spread(rows, starts, piles)
        for pile in piles:
            yield _sorted(pile)


def _starts(batches: Iterable[Rows], name: str) -> NDArray[np.int64]:
    """Where each pile begins, in microseconds: of PILE_ROWS rows at most, if not of a single hour or of very many."""
    counted: dict[int, int] = {}
    for rows in batches:
        hours, counts = np.unique(rows.time // HOUR_US, return_counts=True)
        for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
            counted[hour] = counted.get(hour, 0) + count
    room = max(PILE_ROWS, 2 * sum(counted.values()) // MOST_PILES)
    starts, held = [], room
    for hour in sorted(counted):
        if counted[hour] > MOST_ROWS:
            raise DataFileError(f"{name} has {counted[hour]:,} rows in one hour.", "Check what it holds.")
        if held + counted[hour] > room:
            starts.append(hour * HOUR_US)
            held = 0
        held += counted[hour]
    return np.array(starts, dtype=np.int64)


def _spread(rows: Rows, starts: NDArray[np.int64], piles: Sequence[IO[bytes]]) -> None:
    table = np.empty((len(rows.time), FIELDS))
    table[:, 0], table[:, 1], table[:, 2:] = rows.number.view(np.float64), rows.time.view(np.float64), rows.prices.T
    pile = np.searchsorted(starts, rows.time, side="right") - 1
    for each in np.unique(pile).tolist():
        piles[each].write(table[pile == each].tobytes())


def _sorted(pile: IO[bytes]) -> Rows:
    pile.seek(0)
    table = np.frombuffer(pile.read(), dtype=np.float64).reshape(-1, FIELDS)
    number, time = (np.ascontiguousarray(table[:, at]).view(np.int64) for at in (0, 1))
    order = np.lexsort((number, time))
    return Rows(number[order], time[order], np.ascontiguousarray(table[order, 2:].T))
