"""What closed candles tell about forecasts that wait for them, day by day, until a day is folded.

    candles --first close of each target--> closes --what became of who spoke of it--> grades of the day of their as_of

A close is added to the grades in the transaction that keeps it, so that it counts once however many processes settle.
When a day is over, its grades are worked out anew from all that is kept of it; when its forecasts are old, once more
for good, and they are deleted with their closes.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecaster.ledger.grades import DayGrades, graded_rows, targets
from forecaster.ledger.rows import span
from forecaster.market import Candles
from forecaster.schema import FARTHEST, HOUR

if TYPE_CHECKING:
    from sqlalchemy import Connection

DAY = 24 * HOUR
FAR = 60 * FARTHEST  # seconds that forecasts look ahead
LATE = 12 * HOUR  # how much older than the newest close a missing one may be to be waited for
OVER = 3  # days after which nothing becomes of a day's forecasts any more
AT_ONCE = 2000  # forecasts looked through at once for the oldest that waits


Closes = list[tuple[int, float]]  # Unix s and price, oldest first


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


def settle(connection: "Connection", pair: Pair, candles: Candles) -> int:
    """Keep the closes that forecasts wait for and add what became of these; how many horizons have an outcome now."""
    from forecaster.ledger import statements as sql
    from forecaster.ledger.tables import closes

    closed = (candles.time + candles.step).tolist()
    rows = connection.execute(sql.spoken(*pair, closed[0] - FAR, closed[-1])).all()
    known = connection.execute(sql.closes_between(*pair, closed[0], closed[-1])).scalars().all()
    wanted, times = set(closed).difference(known), targets(rows)
    hit = np.isin(times, list(wanted))  # (n, H)
    new = set(times[hit].tolist())
    told = [
        {"symbol": pair.symbol, "source": pair.source, "time": time, "close": close}
        for time, close in zip(closed, candles.close.tolist(), strict=True)
        if time in new
    ]
    if not told:
        return 0
    connection.execute(sql.append(connection.dialect.name, closes), told).all()
    due: dict[tuple[int, str], list[int]] = {}
    for place in np.flatnonzero(hit.any(axis=1)).tolist():
        row = rows[place]
        due.setdefault((row.as_of // DAY, row.model_sha256), []).append(row.as_of)
    for (day, model), moments in due.items():
        _add(connection, pair, day, model, moments, [(row["time"], row["close"]) for row in told])
    return int(hit.sum())


def grade(connection: "Connection", pair: Pair, day: int, model_sha256: str | None = None, last: bool = False) -> None:
    """Work out the grades of a day from all that is kept of it, of one model or of all; with `last` for good."""
    from forecaster.ledger import statements as sql

    rows = connection.execute(sql.of_day(*pair, day, model_sha256)).all()
    closes = [(row.time, row.close) for row in connection.execute(sql.closes_between(*pair, *span(rows)))]
    of: dict[str, list[Any]] = {}
    for row in rows:
        of.setdefault(row.model_sha256, []).append(row)
    for its in of.values():
        _write(connection, day, its[-1], its[-1].as_of, graded_rows(its, closes), last)


def grade_missing(connection: "Connection", pair: Pair, before: int, most: int) -> int:
    """Grade the first `most` of the days before one that have forecasts and no grades; how many did.

    The newest of the days whose forecasts are all over is graded anew: one may have been recorded after its closes.
    """
    from forecaster.ledger import statements as sql

    grade(connection, pair, before - OVER)
    missing = connection.scalars(sql.days_ungraded(*pair, before, most)).all()
    for day in missing:
        grade(connection, pair, day)
    return len(missing)


def fold_oldest(connection: "Connection", pair: Pair, before: int) -> bool:
    """Grade the oldest day for good, if it is before one, and delete its forecasts and the closes that are left over.

    Whether there was such a day.
    """
    from forecaster.ledger import statements as sql

    oldest = connection.scalar(sql.oldest(*pair))
    if oldest is None or oldest // DAY >= before:
        return False
    grade(connection, pair, oldest // DAY, last=True)
    for statement in sql.delete_day(*pair, oldest // DAY):
        connection.execute(statement)
    return True


def _add(connection: "Connection", pair: Pair, day: int, model: str, moments: list[int], new: Closes) -> None:
    """Add what new closes tell about the forecasts of some moments of a day."""
    from forecaster.ledger import statements as sql

    before = connection.execute(sql.grades_of(*pair, day, model)).first()
    if before is None:  # there may be closes from before it was graded
        return grade(connection, pair, day, model)
    rows = connection.execute(sql.of_times(*pair, model, moments)).all()
    stood = DayGrades.unpack(before)
    return _write(connection, day, rows[-1], max(rows[-1].as_of, before.newest), stood + graded_rows(rows, new))


def _write(connection: "Connection", day: int, of: Any, newest: int, found: DayGrades, last: bool = False) -> None:
    """Put grades of a day in the place of those that stood there; `of` is the row of one of its forecasts."""
    from forecaster.ledger import statements as sql

    values = {
        "symbol": of.symbol,
        "model_sha256": of.model_sha256,
        "day": day,
        "source": of.source,
        "model_name": of.model_name,
        "model_version": of.model_version,
        "newest": newest,
        "folded": last,
        **found.packed(),
    }
    connection.execute(sql.grade(connection.dialect.name), values)
