"""What is read from the ledger's tables over a connection: whole forecasts, the record, and what bands are taught."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from forecaster.ledger.grades import MISSES, MissRow, by_day, unpack_misses, unpack_sums
from forecaster.ledger.history import Past, waiting
from forecaster.ledger.rows import forecast_of, span
from forecaster.ledger.scoring import Issuer, Series
from forecaster.ledger.settlement import Pair
from forecaster.ledger.track_record import Kept, outcomes_of
from forecaster.market import utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, ModelRef

if TYPE_CHECKING:
    from sqlalchemy import Connection

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

    found = connection.execute(sql.next_pair(("", ""))).first()
    while found is not None:
        yield Pair(*found)
        found = connection.execute(sql.next_pair((found.symbol, found.source))).first()


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

    found = connection.execute(sql.models(symbol)).all()
    since = max((row.day for row in found), default=0) - RECORDED
    return [
        Issuer(row.symbol, ModelRef(name=row.model_name, version=row.model_version, sha256=row.model_sha256))
        for row in found
        if row.day > since
    ]


def series(connection: "Connection", of: Issuer, minutes: int | None) -> Series | None:
    """What was settled of an issuer's forecasts of a year; None where there is nothing."""
    from forecaster.ledger import statements as sql

    mine = of.symbol, of.model.sha256
    newest = connection.scalar(sql.newest_day(*mine)) or 0
    rows = connection.execute(sql.sums(*mine, newest - RECORDED + 1)).all()
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


def past(connection: "Connection", of: Issued) -> "Callable[[], Past]":
    """See Ledger.past; it is made when the transaction is over, which has its time limit."""
    from forecaster.ledger import statements as sql

    after, widths = connection.execute(sql.newest_widths(*of)).first() or (None, None)
    latest = connection.execute(sql.newest_of_model(*of)).first()
    if latest is None:
        return lambda: Past.of((), (), widths)
    rows, closes = _first_of_hours(connection, of, _next_hour(after), EVER, None)
    recent, since = _first_of_hours(connection, of, latest.as_of - FOLLOWED, EVER, None)
    return lambda: Past.of(rows, closes, widths, waiting(recent, since), forecast_of(latest))


def to_teach(connection: "Connection", of: Issued, patience: int, limit: int) -> tuple[Past, list[int]]:
    """What bands were not taught yet by the first `limit` forecasts, and the as_of of these.

    Of forecasts no more than `patience` seconds older than the newest, outcomes may still come.
    """
    from forecaster.ledger import statements as sql

    after, widths = connection.execute(sql.newest_widths(*of)).first() or (None, None)
    latest = connection.execute(sql.newest_of_model(*of)).first()
    last = latest.as_of - patience if latest else 0
    rows, closes = _first_of_hours(connection, of, _next_hour(after), last, limit)
    return Past.of(rows, closes, widths), [row.as_of for row in rows]


def _first_of_hours(
    connection: "Connection", of: Issued, first: int, last: int, limit: int | None
) -> tuple[list[Any], list[tuple[int, float]]]:
    """Whole rows of the first forecasts of hours of the clock, and the closes that they speak of."""
    from forecaster.ledger import statements as sql

    times = sql.first_of_hours(*of, first, last, limit)
    rows = list(connection.execute(sql.of_times(*of, times)).all())
    return rows, _closes(connection, Pair(of.symbol, of.source), rows)


def _next_hour(as_of: int | None) -> int:
    """Where the hour of the clock ends that a forecast which taught is the first of."""
    return 0 if as_of is None else (as_of // HOUR + 1) * HOUR


def _closes(connection: "Connection", pair: Pair, rows: Sequence[Any]) -> list[tuple[int, float]]:
    from forecaster.ledger import statements as sql

    return [(row.time, row.close) for row in connection.execute(sql.closes_between(*pair, *span(rows)))]
