"""What became of forecasts: of many at once by horizon, and of a day's as sums, with the newest misses.

Sums of several days add up to the grades of all of their forecasts, so that a day's forecasts can be deleted without
changing any number. They are kept as they lie in memory, little endian, so that a year is read at once.
"""

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecaster.ledger.packing import Ladder, ladder_of, unpacked_numbers
from forecaster.ledger.rows import forecast_of
from forecaster.quantiles import BANDS, LEVELS, MEDIAN, Floats, level_of

MISSES = 5  # of the newest misses of a horizon, how many are told
MISSED = list(BANDS).index("80")  # the band that answers lead with
LONGEST = 1 << 18  # bytes that a day's misses may inflate to

SUMS = np.dtype(
    [
        ("minutes", "<u2"),
        ("n", "<u4"),
        ("error", "<f8"),  # |median - actual|
        ("no_change", "<f8"),  # |last close - actual|
        ("moved", "<u4"),  # where a move was called and one came
        ("right", "<u4"),  # of these, where its sign was
        ("inside", "<u4", (len(BANDS),)),
        ("level", "<f8"),
        ("first", "<i8"),  # target, Unix s
        ("last", "<i8"),
    ]
)
Sums = NDArray[np.void]  # of SUMS
MissRow = tuple[int, str, int, float, float]  # minutes ahead, forecast, target (Unix s), median, actual

NEVER = -1  # a target that is none, or had closed when its forecast was issued

Whole = NDArray[np.int64]


class Numbers(NamedTuple):
    """Distributions of forecasts that have the same horizons and levels."""

    rows: list[int]  # where each forecast stands among those that were read, n of them
    minutes: Whole  # (H,)
    levels: Floats  # (Q,) ascending
    prices: Floats  # (n, H, Q)
    medians: Floats  # (n, H)


class Outcomes(NamedTuple):
    """Horizons that have closed, k of them."""

    row: Whole  # (k,) of which forecast
    minutes: Whole  # (k,)
    target: Whole  # (k,) Unix s
    median: Floats  # (k,)
    actual: Floats  # (k,)
    inside: NDArray[np.bool_]  # (k, 3) whether each of BANDS held it
    level: Floats  # (k,) where it fell, from the outermost level to the outermost


def numbers(rows: Sequence[Any]) -> Iterator[Numbers]:
    """The distributions of whole rows. Raises ConfigurationError where one cannot be read."""
    packed: dict[Ladder, list[int]] = {}
    others = []
    for place, row in enumerate(rows):
        ladder = ladder_of(row.packed) if row.packed else None
        if ladder:
            packed.setdefault(ladder, []).append(place)
        else:
            others.append(place)
    for ladder, places in packed.items():
        _, returns = unpacked_numbers([rows[place].packed for place in places])
        prices = np.array([rows[place].last_close for place in places])[:, None, None] * np.exp(returns)
        yield Numbers(places, np.array(ladder.minutes), np.array(LEVELS), prices, prices[:, :, MEDIAN])
    for place in others:
        yield from _of_another_form(place, rows[place])


def _of_another_form(place: int, row: Any) -> Iterator[Numbers]:
    """Of one forecast; its horizons may have different levels."""
    by_levels: dict[tuple[str, ...], list[Any]] = {}
    for horizon in forecast_of(row).horizons:
        by_levels.setdefault(tuple(sorted(horizon.quantiles, key=float)), []).append(horizon)
    for keys, horizons in by_levels.items():
        yield Numbers(
            [place],
            np.array([each.minutes for each in horizons]),
            np.array([float(key) for key in keys]),
            np.array([[[each.quantiles[key] for key in keys] for each in horizons]]),
            np.array([[each.median for each in horizons]]),
        )


def outcomes(rows: Sequence[Any], closes: Iterable[tuple[int, float]]) -> Outcomes:
    """What became of forecasts (whole rows), by closes (Unix s, price), oldest first.

    There is nothing of a target that has no close, nor of one that had closed when the forecast was issued.
    """
    known, prices = _columns(closes)
    as_of, issued = (np.array([getattr(row, name) for row in rows], np.int64) for name in ("as_of", "issued_at"))
    found = []
    for each in numbers(rows):
        target = as_of[each.rows][:, None] + 60 * each.minutes  # (n, H)
        at = np.minimum(np.searchsorted(known, target), max(len(known) - 1, 0))
        closed = (known[at] == target) & (target > issued[each.rows][:, None]) if len(known) else target < 0
        actual = prices[at[closed]] if len(known) else np.empty(0)
        level, inside = fell(each.prices[closed], each.levels, actual)
        row = np.broadcast_to(np.array(each.rows)[:, None], target.shape)[closed]
        minutes = np.broadcast_to(each.minutes, target.shape)[closed]
        found.append(Outcomes(row, minutes, target[closed], each.medians[closed], actual, inside, level))
    if not found:
        nothing = np.empty(0, dtype=np.int64)
        return Outcomes(nothing, nothing, nothing, np.empty(0), np.empty(0), np.empty((0, 3), bool), np.empty(0))
    return Outcomes(*(np.concatenate(column) for column in zip(*found, strict=True)))


def fell(prices: Floats, levels: Floats, actual: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Level (k,) at which closes (k,) fell among quantiles (k, Q) at `levels` (Q,), and whether each band held them.

    Levels are interpolated in the logarithm, and a band holds its edges. Probability integral transform: Dawid (1984),
    "Statistical theory: the prequential approach".
    """
    level = level_of(np.log(prices), np.log(actual), levels)
    bounds = [[int(np.flatnonzero(levels == edge)[0]) for edge in edges] for edges in BANDS.values()]
    held = [(prices[:, low] <= actual) & (actual <= prices[:, high]) for low, high in bounds]
    return level, np.stack(held, axis=-1)


def targets(rows: Sequence[Any]) -> Whole:
    """When horizons of rows (..., as_of, issued_at, short, horizons) close: (n, H) Unix s, NEVER where not graded."""
    column = np.array([tuple(row)[-4:] for row in rows], dtype=np.int64).reshape(-1, 4)
    times = np.full((len(rows), int(column[:, 3].max(initial=0))), NEVER, dtype=np.int64)
    for short, horizons in {(short, horizons) for short, horizons in column[:, 2:].tolist()}:
        of = np.flatnonzero((column[:, 2:] == (short, horizons)).all(axis=1))
        target = column[of, :1] + 60 * np.array(Ladder(short, horizons - short).minutes)
        times[of, :horizons] = np.where(target > column[of, 1:2], target, NEVER)
    return times


def _columns(closes: Iterable[tuple[int, float]]) -> tuple[Whole, Floats]:
    time, close = zip(*closes, strict=True) if (closes := list(closes)) else ((), ())
    return np.array(time, dtype=np.int64), np.array(close, dtype=np.float64)


def graded_rows(rows: Sequence[Any], closes: Iterable[tuple[int, float]]) -> tuple[Sums, list[MissRow]]:
    """The sums (H,) of forecasts (whole rows) by closes (Unix s, price), and the newest misses of each horizon."""
    found, last = outcomes(rows, closes), np.array([row.last_close for row in rows])
    return summed(found, last), _newest_misses(found, rows)


def added(sums: Sums, misses: Sequence[MissRow], more: Sums, newer: Sequence[MissRow]) -> tuple[Sums, list[MissRow]]:
    """The sums and the newest misses of both."""
    [total] = by_day(np.concatenate([sums, more]), np.zeros(len(sums) + len(more), dtype=np.int64))
    newest = sorted({*misses, *newer}, key=lambda miss: (miss[0], -miss[2]))
    return total, [miss for _, of in groupby(newest, key=itemgetter(0)) for miss in islice(of, MISSES)]


def by_day(sums: Sums, day: Whole, minutes: int | None = None) -> Sums:
    """Sums (k,) with the day of each (k,), ascending, as (days, H): of every horizon that is there, or of one.

    Those of one day, which are of several sources, are added.
    """
    wanted = np.unique(sums["minutes"]) if minutes is None else np.array([minutes], dtype=SUMS["minutes"])
    days, row = np.unique(day, return_inverse=True)
    table = np.zeros((len(days), len(wanted)), dtype=SUMS)
    table["minutes"], table["first"] = wanted, np.iinfo(np.int64).max
    mine = np.isin(sums["minutes"], wanted)
    place = (row[mine], np.searchsorted(wanted, sums["minutes"][mine]))
    for name in ("n", "error", "no_change", "moved", "right", "inside", "level"):
        np.add.at(table[name], place, sums[name][mine])
    np.minimum.at(table["first"], place, sums["first"][mine])
    np.maximum.at(table["last"], place, sums["last"][mine])
    return table


def summed(found: Outcomes, last_close: NDArray[np.float64]) -> Sums:
    """Sums (H,) of outcomes by horizon, of forecasts issued at `last_close` (n,)."""
    minutes, place = np.unique(found.minutes, return_inverse=True)
    last = last_close[found.row] if len(found.row) else np.empty(0)
    called, came = np.sign(found.median - last), np.sign(found.actual - last)
    moved = (called != 0) & (came != 0)
    total = np.zeros(len(minutes), dtype=SUMS)
    total["minutes"] = minutes
    for name, each in (
        ("n", np.ones(len(place))),
        ("error", np.abs(found.median - found.actual)),
        ("no_change", np.abs(last - found.actual)),
        ("moved", moved),
        ("right", moved & (called == came)),
        ("level", found.level),
    ):
        total[name] = np.bincount(place, weights=each, minlength=len(minutes))
    for band in range(len(BANDS)):
        total["inside"][:, band] = np.bincount(place, weights=found.inside[:, band], minlength=len(minutes))
    total["first"] = np.iinfo(np.int64).max
    np.minimum.at(total["first"], place, found.target)
    np.maximum.at(total["last"], place, found.target)
    return total


def _newest_misses(found: Outcomes, rows: Sequence[Any]) -> list[MissRow]:
    missed = np.flatnonzero(~found.inside[:, MISSED])
    newest = missed[np.argsort(-found.target[missed], kind="stable")]
    told: list[MissRow] = []
    for minutes in np.unique(found.minutes[missed]).tolist():
        told += [
            (
                minutes,
                rows[found.row[each]].id,
                int(found.target[each]),
                float(found.median[each]),
                float(found.actual[each]),
            )
            for each in islice(newest[found.minutes[newest] == minutes], MISSES)
        ]
    return told


def pack_misses(misses: Sequence[MissRow]) -> bytes:
    """As the ledger keeps them."""
    return zlib.compress(json.dumps(misses, separators=(",", ":")).encode(), 9) if misses else b""


def unpack_misses(kept: bytes) -> list[MissRow]:
    """Back from `pack_misses`."""
    if not kept:
        return []
    return [(*row,) for row in json.loads(zlib.decompressobj().decompress(kept, LONGEST))]


def pack_sums(sums: Sums) -> bytes:
    """As the ledger keeps them."""
    return sums.tobytes()


def unpack_sums(kept: Sequence[bytes]) -> tuple[Sums, NDArray[np.int64]]:
    """The sums (k,) of several, one after the other, and which of them each is from (k,)."""
    sizes = [len(each) // SUMS.itemsize for each in kept]
    return np.frombuffer(b"".join(kept), dtype=SUMS), np.repeat(np.arange(len(kept)), sizes)
