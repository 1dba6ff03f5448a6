"""What became of forecasts: of many at once by horizon, and of a day's as sums, with the newest misses.

Sums of several days add up to the grades of all of their forecasts, so that a day's forecasts can be deleted without
changing any number. They are kept as they lie in memory, little endian, so that a year is read at once.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from forecaster.ledger.packing import Ladder
from forecaster.ledger.rows import numbers
from forecaster.quantiles import BANDS, LEVELS, Floats, crps, level_of

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
SCORES = np.dtype([("minutes", "<u2"), ("n", "<u4"), ("crps", "<f8")])  # a sum of what quantiles.crps gives
Scores = NDArray[np.void]  # of SCORES
MissRow = tuple[int, str, int, float, float]  # minutes ahead, forecast, target (Unix s), median, actual

NEVER = -1  # a target that is none, or had closed when its forecast was issued

Whole = NDArray[np.int64]


class Outcomes(NamedTuple):
    """Horizons that have closed, k of them."""

    row: Whole  # (k,) of which forecast
    minutes: Whole  # (k,)
    target: Whole  # (k,) Unix s
    median: Floats  # (k,)
    actual: Floats  # (k,)
    inside: NDArray[np.bool_]  # (k, 3) whether each of BANDS held it
    level: Floats  # (k,) where it fell, from the outermost level to the outermost
    crps: Floats  # (k,) of the log return; NaN where it is not asked for, and of quantiles at other levels


class DayGrades(NamedTuple):
    """What is kept of a day's forecasts."""

    sums: Sums  # (H,)
    misses: list[MissRow]  # the newest of each horizon
    scores: Scores  # (H,)

    def __add__(self, more: Self) -> "DayGrades":  # type: ignore[override]
        [total] = by_day(np.concatenate([self.sums, more.sums]), np.zeros(len(self.sums) + len(more.sums), np.int64))
        newest = sorted({*self.misses, *more.misses}, key=lambda miss: (miss[0], -miss[2]))
        told = [miss for _, of in groupby(newest, key=itemgetter(0)) for miss in islice(of, MISSES)]
        return DayGrades(total, told, _scored(np.concatenate([self.scores, more.scores])))

    @classmethod
    def unpack(cls, row: Any) -> Self:
        """Of a row (..., sums, misses, crps), which says nothing of the CRPS where an earlier version wrote it."""
        return cls(unpack_sums([row.sums])[0], unpack_misses(row.misses), unpack_crps([row.crps or b""]))

    def packed(self) -> dict[str, bytes]:
        """The columns that keep it."""
        return {"sums": self.sums.tobytes(), "misses": pack_misses(self.misses), "crps": self.scores.tobytes()}


def outcomes(rows: Sequence[Any], closes: Iterable[tuple[int, float]], scored: bool = False) -> Outcomes:
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
        known_levels = scored and each.levels.tolist() == list(LEVELS)
        score = crps(np.log(each.prices[closed]), np.log(actual)) if known_levels else np.full(len(actual), np.nan)
        row = np.broadcast_to(np.array(each.rows)[:, None], target.shape)[closed]
        minutes = np.broadcast_to(each.minutes, target.shape)[closed]
        found.append(Outcomes(row, minutes, target[closed], each.medians[closed], actual, inside, level, score))
    if not found:
        none, nothing = np.empty(0, dtype=np.int64), np.empty(0)
        return Outcomes(none, none, none, nothing, nothing, np.empty((0, len(BANDS)), bool), nothing, nothing)
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


def graded_rows(rows: Sequence[Any], closes: Iterable[tuple[int, float]]) -> DayGrades:
    """What is to be kept of forecasts (whole rows) by closes (Unix s, price)."""
    found, last = outcomes(rows, closes, scored=True), np.array([row.last_close for row in rows])
    known = ~np.isnan(found.crps)
    each = np.empty(int(known.sum()), dtype=SCORES)
    each["minutes"], each["n"], each["crps"] = found.minutes[known], 1, found.crps[known]
    return DayGrades(summed(found, last), _newest_misses(found, rows), _scored(each))


def _scored(scores: Scores) -> Scores:
    """Scores (k,) added by horizon: (H,)."""
    minutes, place = np.unique(scores["minutes"], return_inverse=True)
    total = np.zeros(len(minutes), dtype=SCORES)
    total["minutes"] = minutes
    for name in ("n", "crps"):
        total[name] = np.bincount(place, weights=scores[name], minlength=len(minutes))
    return total


def by_day(sums: Sums, day: Whole, minutes: int | None = None) -> Sums:
    """Sums (k,) with the day of each (k,), ascending, as (days, H): of every horizon that is there, or of one.

    Those of one day, which are of several sources, are added.
    """
    ahead = sums["minutes"].astype(np.int64)
    wanted = np.flatnonzero(np.bincount(ahead)) if minutes is None else np.array([minutes])
    column = np.full(max(ahead.max(initial=0), wanted.max(initial=0)) + 1, -1)
    column[wanted] = np.arange(len(wanted))
    row = np.cumsum(np.diff(day, prepend=day[:1]) != 0)
    table = np.zeros((int(row.max(initial=-1)) + 1, len(wanted)), dtype=SUMS)
    table["minutes"], table["first"] = wanted, np.iinfo(np.int64).max
    mine = slice(None) if minutes is None else column[ahead] >= 0
    of, place = sums[mine], row[mine] * len(wanted) + column[ahead[mine]]
    flat, more = table.reshape(-1), np.zeros(len(of), dtype=bool)
    if (np.diff(place) > 0).all():  # of one source, which takes less time than adding
        flat[place] = of
    else:
        found, first = np.unique(place, return_index=True)
        flat[found], more = of[first], ~np.isin(np.arange(len(of)), first)
    for name in ("n", "error", "no_change", "moved", "right", "inside", "level"):
        np.add.at(flat[name], place[more], of[name][more])
    np.minimum.at(flat["first"], place[more], of["first"][more])
    np.maximum.at(flat["last"], place[more], of["last"][more])
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


def unpack_sums(kept: Sequence[bytes]) -> tuple[Sums, NDArray[np.int64]]:
    """The sums (k,) of several, one after the other, and which of them each is from (k,)."""
    sizes = [len(each) // SUMS.itemsize for each in kept]
    return np.frombuffer(b"".join(kept), dtype=SUMS), np.repeat(np.arange(len(kept)), sizes)


def unpack_crps(kept: Iterable[bytes]) -> Scores:
    """The scores (k,) of several days, one after the other."""
    return np.frombuffer(b"".join(kept), dtype=SCORES)
