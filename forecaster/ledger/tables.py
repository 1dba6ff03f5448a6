"""The ledger's tables, and every statement ever sent to them: SELECT and INSERT, no other.

Times are Unix seconds, prices in the quote currency. migrations/ creates the tables.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    MetaData,
    Select,
    SmallInteger,
    String,
    Table,
    Text,
    and_,
    case,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from forecaster.schema import HOUR

metadata = MetaData()
forecasts = Table(
    "forecasts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("symbol", String(16), nullable=False),
    Column("source", String(16), nullable=False),
    Column("input", String(16), nullable=False),  # an InputKind
    Column("model_name", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("model_sha256", String(64), nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("issued_at", BigInteger, nullable=False),  # by the source's clock
    Column("last_close", Double, nullable=False),
    Column("horizons", SmallInteger, nullable=False),  # from 1 hour to so many
    Column("body", Text, nullable=False),  # the wire Forecast as JSON
    Index("forecasts_newest", "as_of", "id"),
    Index("forecasts_of_symbol", "symbol", "as_of", "id"),
    Index("forecasts_of_source", "symbol", "source", "as_of", "model_sha256", unique=True),
    Index("forecasts_of_model", "symbol", "model_sha256", "as_of", "id"),
)
outcomes = Table(
    "outcomes",
    metadata,
    Column("forecast_id", String(64), ForeignKey("forecasts.id"), primary_key=True),
    Column("hours", SmallInteger, primary_key=True, autoincrement=False),
    Column("target_time", BigInteger, nullable=False),
    Column("actual", Double, nullable=False),
    Column("median", Double, nullable=False),
    Column("inside_50", Boolean, nullable=False),
    Column("inside_80", Boolean, nullable=False),
    Column("inside_95", Boolean, nullable=False),
    Column("pit", Double, nullable=False),
    sqlite_with_rowid=False,
)

widths = Table(
    "widths",
    metadata,
    Column("symbol", String(16), primary_key=True),
    Column("source", String(16), primary_key=True),
    Column("model_sha256", String(64), primary_key=True),
    Column("as_of", BigInteger, primary_key=True, autoincrement=False),  # of the newest forecast that taught them
    Column("body", Text, nullable=False),  # by InputKind, as JSON
)

_f, _o, _w = forecasts.c, outcomes.c, widths.c
_late = (_f.issued_at - _f.as_of) // HOUR  # horizons that had closed before the forecast was issued: never graded
_settled = select(func.count()).where(_o.forecast_id == _f.id).scalar_subquery()


def append(dialect: str, table: Table) -> Any:
    """Insert rows, but none that would be there twice; gives the keys of the new ones."""
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing().returning(*table.primary_key)


def newest(
    symbol: str | None, since: int | None, before: tuple[int, str] | None, limit: int
) -> Select[str, int, int, str]:
    """Rows (id, as_of, issued_at, body), newest first, of those before (as_of, id)."""
    page = select(_f.id, _f.as_of, _f.issued_at, _f.body).order_by(_f.as_of.desc(), _f.id.desc()).limit(limit)
    if symbol is not None:
        page = page.where(_f.symbol == symbol)
    if since is not None:
        page = page.where(_f.as_of >= since)
    return page if before is None else page.where(tuple_(_f.as_of, _f.id) < tuple_(*before))


def by_id(forecast_id: str) -> Select[str, int, str]:
    """The row (id, issued_at, body)."""
    return select(_f.id, _f.issued_at, _f.body).where(_f.id == forecast_id)


def outcomes_of(ids: Collection[str]) -> Select[Any]:
    """Whole rows, by id and hours."""
    return select(outcomes).where(_o.forecast_id.in_(ids)).order_by(_o.forecast_id, _o.hours)


def unsettled(symbol: str, source: str, first: int, last: int) -> Select[str, int, str]:
    """Rows (id, issued_at, body), by id, of forecasts with `as_of` from `first` to `last` that wait for an outcome."""
    return (
        select(_f.id, _f.issued_at, _f.body)
        .where(_of(symbol, source), _f.as_of.between(first, last), _settled < _f.horizons - _late)
        .order_by(_f.id)
    )


def pairs() -> Select[str, str]:
    """Every (symbol, source) that a forecast was kept of."""
    return select(_f.symbol, _f.source).distinct().order_by(_f.symbol, _f.source)


def oldest_due(symbol: str, source: str, now: int, patience: int) -> Select[int | None]:
    """`as_of` of the oldest forecast with a horizon that has closed and no outcome.

    Looks back `patience` seconds from the newest forecast that has an outcome: a candle that is still missing among
    later ones will not come.
    """
    later = forecasts.alias("later")
    graded_to = (
        select(later.c.as_of)
        .where(later.c.symbol == symbol, later.c.source == source)
        .where(select(_o.hours).where(_o.forecast_id == later.c.id).exists())
        .order_by(later.c.as_of.desc())
        .limit(1)
        .scalar_subquery()
    )
    passed = (now - _f.as_of) // HOUR
    due = case((passed < _f.horizons, passed), else_=_f.horizons) - _late
    return select(func.min(_f.as_of)).where(
        _of(symbol, source),
        _f.as_of.between(func.coalesce(graded_to, 0) - patience, now - HOUR),
        _settled < due,
    )


def models(symbol: str | None) -> Select[Any]:
    """The newest forecast (symbol, model_name, model_version, model_sha256, horizons) of each symbol and model."""
    last = select(_f.symbol, _f.model_sha256, func.max(_f.as_of).label("as_of")).group_by(_f.symbol, _f.model_sha256)
    newest = (last if symbol is None else last.where(_f.symbol == symbol)).subquery()
    columns = (_f.symbol, _f.model_name, _f.model_version, _f.model_sha256)
    return (
        select(*columns, func.max(_f.horizons).label("horizons"))
        .join(newest, and_(*(newest.c[name] == _f[name] for name in ("symbol", "model_sha256", "as_of"))))
        .group_by(*columns, _f.as_of)
        .order_by(_f.symbol, _f.as_of.desc())
    )


def settled(symbol: str, model_sha256: str, hours: int, last: int) -> Select[Any]:
    """The newest `last` rows of track_record.Settled, newest first."""
    return (
        select(
            _f.id, _f.last_close, _o.target_time, _o.actual, _o.median, _o.inside_50, _o.inside_80, _o.inside_95, _o.pit
        )
        .join(outcomes, and_(_o.forecast_id == _f.id, _o.hours == hours))
        .where(_f.symbol == symbol, _f.model_sha256 == model_sha256)
        .order_by(_f.as_of.desc())
        .limit(last)
    )


def newest_widths(symbol: str, source: str, model_sha256: str) -> Select[int, str]:
    """The row (as_of, body) of the newest widths."""
    mine = and_(_w.symbol == symbol, _w.source == source, _w.model_sha256 == model_sha256)
    return select(_w.as_of, _w.body).where(mine).order_by(_w.as_of.desc()).limit(1)


def newest_as_of(symbol: str, source: str, model_sha256: str) -> Select[int | None]:
    """`as_of` of the newest forecast."""
    return select(func.max(_f.as_of)).where(_of(symbol, source), _f.model_sha256 == model_sha256)


def issued_between(
    symbol: str, source: str, model_sha256: str, horizons: int, after: int, last: int, limit: int
) -> Select[int]:
    """`as_of`, oldest first, of the first `limit` forecasts of `horizons` hours after `after` and up to `last`."""
    mine = and_(_of(symbol, source), _f.model_sha256 == model_sha256, _f.horizons == horizons)
    return select(_f.as_of).where(mine, _f.as_of > after, _f.as_of <= last).order_by(_f.as_of).limit(limit)


def learned(
    symbol: str, source: str, model_sha256: str, horizons: int, after: int, last: int | None = None
) -> Select[Any]:
    """Rows (as_of, input, hours, pit, inside_95), oldest forecast first, of those of `horizons` hours.

    They were issued after `after` and, where there is a `last`, not after that.
    """
    rows = (
        select(_f.as_of, _f.input, _o.hours, _o.pit, _o.inside_95)
        .join(outcomes, _o.forecast_id == _f.id)
        .where(_of(symbol, source), _f.model_sha256 == model_sha256, _f.horizons == horizons, _f.as_of > after)
        .order_by(_f.as_of)
    )
    return rows if last is None else rows.where(_f.as_of <= last)


def awaiting(symbol: str, source: str, model_sha256: str, horizons: int, within: int) -> Select[str, int]:
    """Rows (body, hours settled), oldest first, of forecasts of `horizons` hours that have outcomes to come.

    They are no more than `within` seconds older than the newest.
    """
    mine = and_(_of(symbol, source), _f.model_sha256 == model_sha256)
    newest = select(func.max(_f.as_of)).where(mine).scalar_subquery()
    looked_at = select(func.max(_o.hours)).where(_o.forecast_id == _f.id).scalar_subquery()
    return (
        select(_f.body, func.coalesce(looked_at, 0))
        .where(mine, _f.horizons == horizons, _f.as_of >= newest - within, _settled < horizons)
        .order_by(_f.as_of)
    )


def _of(symbol: str, source: str) -> ColumnElement[bool]:
    return and_(_f.symbol == symbol, _f.source == source)
