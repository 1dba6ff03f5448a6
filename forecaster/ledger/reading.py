"""What is read from the ledger's tables over a connection: whole forecasts, the record, and what bands are taught."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecaster.ledger.grades import MISSES, MissRow, by_day, targets, unpack_crps, unpack_misses, unpack_sums
from forecaster.ledger.history import Past, waiting
from forecaster.ledger.rows import forecast_of, span
from forecaster.ledger.scoring import Issuer, Series
from forecaster.ledger.settlement import DAY, FAR, Pair
from forecaster.ledger.track_record import Kept, Waiting, outcomes_of
from forecaster.market import utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, ModelRef

if TYPE_CHECKING:
    from sqlalchemy import Connection, Select

RECORDED = 366  # days of which a track record tells
MISSES_FROM = 7  # days of the newest grades, in which misses are looked for
FOLLOWED = 3 * HORIZONS * HOUR  # seconds for which forecaster/serving/followed.py waits
EVER = 1 << 40  # Unix s


class Issued(NamedTuple):
    """Whose forecasts teach the same bands."""

    symbol: str
    source: str
    model_sha256: str


def pairs(connection: "Connection") -> Iterator[Pair]:
    """Every symbol and source that a forecast is kept of."""
    from forecaster.ledger import statements as sql

    yield from (Pair(*row) for row in connection.execute(sql.pairs()).all())


def page(
    connection: "Connection", symbol: str | None, since: int | None, before: tuple[int, str] | None, limit: int
) -> Sequence[Any]:
    """Whole rows, newest first, of one symbol or of all."""
    from forecaster.ledger import statements as sql

    if symbol is None:
        return connection.execute(sql.newest(since, before, limit)).all()
    sources = [pair.source for pair in pairs(connection) if pair.symbol == symbol]
    return connection.execute(sql.newest_of(symbol, sources, since, before, limit)).all() if sources else []


def kept(connection: "Connection", rows: Sequence[Any]) -> "Callable[[], tuple[Kept, ...]]":
    """Whole rows with their outcomes, in their order: made when the transaction is over, which has its time limit."""
    of: dict[Pair, list[Any]] = {}
    for row in rows:
        of.setdefault(Pair(row.symbol, row.source), []).append(row)
    closes = {pair: dict(_closes(connection, pair, its)) for pair, its in of.items()}
    return lambda: tuple(_kept(row, closes[Pair(row.symbol, row.source)]) for row in rows)


def _kept(row: Any, closes: Mapping[int, float]) -> Kept:
    forecast = forecast_of(row)
    outcomes = outcomes_of(forecast, row.issued_at, closes)
    return Kept(forecast=forecast, issued_at=utc(row.issued_at), outcomes=outcomes)


def models(connection: "Connection", symbol: str | None) -> list[Issuer]:
    """Whose forecasts were graded within a year of the newest, the newest model of each symbol first."""
    from forecaster.ledger import statements as sql

    days = {row.symbol: row.day for row in connection.execute(sql.newest_days()) if symbol in (None, row.symbol)}
    since = max(days.values(), default=0) - RECORDED
    found = connection.execute(sql.models([each for each in days if days[each] > since], since + 1)).all()
    return [
        Issuer(row.symbol, ModelRef(name=row.model_name, version=row.model_version, sha256=row.model_sha256))
        for row in found
    ]


def series(connection: "Connection", of: Issuer, minutes: int | None) -> Series | None:
    """What was settled of an issuer's forecasts of a year; None where there is nothing."""
    from forecaster.ledger import statements as sql

    mine = of.symbol, of.model.sha256
    rows = connection.execute(sql.sums(*mine, RECORDED)).all()
    sums, place = unpack_sums([row.sums for row in rows])
    if not len(sums):
        return None
    table = by_day(sums, np.array([row.day for row in rows])[place], minutes)
    if not table["n"].any():
        return None
    missed: list[MissRow] = []
    for kept in connection.scalars(sql.misses(*mine, MISSES_FROM)):
        missed += unpack_misses(kept)
        count = Counter(miss[0] for miss in missed)
        if all(count[ahead] >= MISSES for ahead in table["minutes"][0].tolist()):
            break
    return Series(of, table, sorted(missed, key=lambda miss: -miss[2]))


def waiting_of(connection: "Connection", symbol: str) -> Iterator[Waiting]:
    """What of a symbol's forecasts has no outcome yet, by minutes ahead; read without any of their distributions.

    Of times before the newest close of their source, none comes any more.
    """
    from forecaster.ledger import statements as sql

    found = []
    for pair in [each for each in pairs(connection) if each.symbol == symbol]:
        newest = connection.scalar(sql.newest_forecast(*pair)) or 0
        rows = connection.execute(sql.spoken(*pair, newest - FAR, newest)).all()
        times, as_of = targets(rows), np.array([row.as_of for row in rows], dtype=np.int64)[:, None]
        to_come = times > max(connection.scalar(sql.newest_close(*pair)) or 0, 0)
        found.append(np.stack([((times - as_of) // 60)[to_come], times[to_come]]))
    ahead, due = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.int64)
    for minutes in np.unique(ahead).tolist():
        mine, hours = due[ahead == minutes], None if minutes % 60 else minutes // 60
        yield Waiting(symbol=symbol, hours=hours, minutes=minutes, n=len(mine), next_target=utc(int(mine.min())))


def past(connection: "Connection", of: Issued) -> "Callable[[], Past]":
    """See Ledger.past; it is made when the transaction is over, which has its time limit."""
    from forecaster.ledger import statements as sql

    after, widths = connection.execute(sql.newest_widths(*of)).first() or (None, None)
    latest = _newest(connection, of)
    if latest is None:
        return lambda: Past.of((), (), widths)
    first, recent = _next_hour(after), latest.as_of - FOLLOWED
    rows, closes = _of_times(connection, of, sql.first_of_hours(*of, min(first, recent), EVER, None))
    untaught = [row for row in rows if row.as_of >= first]
    followed = [row for row in rows if row.as_of >= recent]
    return lambda: Past.of(untaught, closes, widths, waiting(followed, closes), forecast_of(latest))


def to_teach(connection: "Connection", of: Issued, patience: int, limit: int) -> list[int]:
    """The as_of of the first `limit` forecasts whose outcomes bands were not taught yet.

    Of forecasts no more than `patience` seconds older than the newest, outcomes may still come.
    """
    from forecaster.ledger import statements as sql

    after, _ = connection.execute(sql.newest_widths(*of)).first() or (None, None)
    latest = _newest(connection, of)
    last = latest.as_of - patience if latest else 0
    return list(connection.scalars(sql.first_of_hours(*of, _next_hour(after), last, limit)))


def taught_by(connection: "Connection", of: Issued, times: Sequence[int]) -> Past:
    """What bands were taught, and what forecasts of some times teach them."""
    from forecaster.ledger import statements as sql

    _, widths = connection.execute(sql.newest_widths(*of)).first() or (None, None)
    return Past.of(*_of_times(connection, of, times), widths)


def crps(connection: "Connection", symbol: str, model_sha256: str, since: int, minutes: int) -> tuple[int, float]:
    """How many outcomes of a horizon were scored on days from `since` on, and their mean CRPS: see quantiles.crps."""
    from forecaster.ledger import statements as sql

    scored = unpack_crps(connection.scalars(sql.crps_since(symbol, model_sha256, since)))
    mine = scored[scored["minutes"] == minutes]
    count = int(mine["n"].sum())
    return count, float(mine["crps"].sum()) / max(count, 1)


def _newest(connection: "Connection", of: Issued) -> Any:
    """The whole row of the newest forecast of a model; of one long ago, that of the newest day with grades."""
    from forecaster.ledger import statements as sql

    newest = connection.scalar(sql.newest_forecast(of.symbol, of.source))
    if newest is None:
        return None
    found = connection.execute(sql.newest_of_model(*of, newest - FOLLOWED, newest)).first()
    if found is None and (day := connection.scalar(sql.newest_graded(*of))) is not None:
        found = connection.execute(sql.newest_of_model(*of, DAY * day, DAY * (day + 1) - 1)).first()
    return found


def _of_times(
    connection: "Connection", of: Issued, times: "Sequence[int] | Select[int]"
) -> tuple[Sequence[Any], list[tuple[int, float]]]:
    """Whole rows of forecasts, and the closes of whole hours after them."""
    from forecaster.ledger import statements as sql

    rows = connection.execute(sql.of_times(*of, times)).all()
    asked = sql.closes_past(of.symbol, of.source, *span(rows), sorted({row.as_of % HOUR for row in rows}))
    return rows, [(row.time, row.close) for row in connection.execute(asked)]


def _next_hour(as_of: int | None) -> int:
    """Where the hour of the clock ends that a forecast which taught is the first of."""
    return 0 if as_of is None else (as_of // HOUR + 1) * HOUR


def _closes(connection: "Connection", pair: Pair, rows: Sequence[Any]) -> list[tuple[int, float]]:
    from forecaster.ledger import statements as sql

    return [(row.time, row.close) for row in connection.execute(sql.closes_between(*pair, *span(rows)))]
