"""What closed candles tell about forecasts that wait for them, day by day, until a day is folded.

    candles --first close of each target--> closes --with the forecasts of a day--> its grades

A day's grades are worked out anew from its forecasts and their closes whenever one comes, which any number of processes
may do. When its forecasts are old, that is done a last time, and they are deleted with their closes.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecaster.ledger.grades import graded_rows, pack_misses, pack_sums, targets
from forecaster.market import Candles
from forecaster.schema import FARTHEST, HOUR

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAY = 24 * HOUR
FAR = 60 * FARTHEST  # seconds that forecasts look ahead
LATE = 12 * HOUR  # how much older than the newest close a missing one may be to be waited for
AT_ONCE = 2000  # forecasts looked through at once for the oldest that waits


class Pair(NamedTuple):
    """Whose forecasts are settled together: by candles of the same symbol from the same source."""

    symbol: str
    source: str


def due_since(connection: "Connection", pair: Pair, now: int) -> int | None:
    """Opening (Unix s) of the oldest hour whose close a forecast waits for, of those that have closed at `now`.

    An exchange may give so few candles at once that who asks from too far back never comes to the new ones.
    """
    from forecaster.ledger import statements as sql

    newest = connection.scalar(sql.newest_close(*pair))
    first = 0 if newest is None else newest - LATE
    known = np.array(connection.execute(sql.closes_between(*pair, first, now)).scalars().all(), dtype=np.int64)
    start, oldest = first - FAR, now + 1
    while rows := connection.execute(sql.spoken(*pair, start, now, AT_ONCE)).all():
        times = targets(rows)
        waiting = times[(times >= max(first, 1)) & (times <= now)]
        oldest = min(oldest, int(np.setdiff1d(waiting, known).min(initial=oldest)))
        start = rows[-1].as_of + 1
        if len(rows) < AT_ONCE or oldest <= start:
            break
    return None if oldest > now else oldest - HOUR


def told_by(connection: "Connection", pair: Pair, candles: Candles) -> tuple[list[Any], dict[int, float]]:
    """Forecasts that may wait for these candles, and the closes that are not known yet, by their time."""
    from forecaster.ledger import statements as sql

    closed = (candles.time + candles.step).tolist()
    rows = list(connection.execute(sql.spoken(*pair, closed[0] - FAR, closed[-1])).all())
    known = connection.execute(sql.closes_between(*pair, closed[0], closed[-1])).scalars().all()
    wanted = set(np.unique(targets(rows)).tolist()).difference(known)
    closes = zip(closed, candles.close.tolist(), strict=True)
    return rows, {time: close for time, close in closes if time in wanted}


def settle(connection: "Connection", pair: Pair, candles: Candles) -> int:
    """Keep the closes that forecasts wait for and grade the days of these; how many horizons have an outcome now."""
    from forecaster.ledger import statements as sql
    from forecaster.ledger.tables import closes

    rows, new = told_by(connection, pair, candles)
    if not new:
        return 0
    told = [{"symbol": pair.symbol, "source": pair.source, "time": time, "close": new[time]} for time in new]
    connection.execute(sql.append(connection.dialect.name, closes), told).all()
    hit = np.isin(targets(rows), list(new))  # (n, H)
    days = {(rows[place].as_of // DAY, rows[place].model_sha256) for place in np.flatnonzero(hit.any(axis=1))}
    for day, model in sorted(days):
        grade(connection, pair, day, model)
    return int(hit.sum())


def grade_missing(connection: "Connection", pair: Pair, before: int, most: int) -> int:
    """Grade the first `most` of the days before one that have forecasts and no grades; how many did."""
    from forecaster.ledger import statements as sql

    kept = sorted((row.day, row.model_sha256) for row in connection.execute(sql.days_kept(*pair, before)))
    missing = [each for each in kept if connection.scalar(sql.is_graded(*pair, *each)) is None][:most]
    for day, model in missing:
        grade(connection, pair, day, model)
    return len(missing)


def grade(connection: "Connection", pair: Pair, day: int, model_sha256: str | None = None, last: bool = False) -> None:
    """Work out the grades of a day, of one model or of all; with `last` for good."""
    from forecaster.ledger import statements as sql

    rows = connection.execute(sql.of_day(*pair, day, model_sha256)).all()
    closes = [
        (row.time, row.close) for row in connection.execute(sql.closes_between(*pair, DAY * day, DAY * (day + 1) + FAR))
    ]
    of: dict[str, list[Any]] = {}
    for row in rows:
        of.setdefault(row.model_sha256, []).append(row)
    for model, its in of.items():
        sums, misses = graded_rows(its, closes)
        values = {
            "symbol": pair.symbol,
            "model_sha256": model,
            "day": day,
            "source": pair.source,
            "model_name": its[-1].model_name,
            "model_version": its[-1].model_version,
            "newest": its[-1].as_of,
            "folded": last,
            "sums": pack_sums(sums),
            "misses": pack_misses(misses),
        }
        connection.execute(sql.grade(connection.dialect.name), values)


def fold_oldest(connection: "Connection", pair: Pair, before: int) -> bool:
    """Grade the oldest day for good, if it is before one, and delete its forecasts and the closes that are left over.

    Whether there was such a day.
    """
    from forecaster.ledger import statements as sql

    oldest = connection.scalar(sql.oldest(*pair))
    if oldest is None or oldest // DAY >= before:
        return False
    day = oldest // DAY
    grade(connection, pair, day, last=True)
    for statement in sql.delete_day(*pair, day):
        connection.execute(statement)
    return True
