"""Every statement ever sent to the ledger's tables. Each reads by an index, whatever else the tables hold."""

import zlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Select,
    Table,
    and_,
    delete,
    false,
    func,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from forecaster.ledger.migrations import VERSION_TABLE
from forecaster.ledger.tables import closes, forecasts, grades, widths
from forecaster.schema import HOUR

DAY = 24 * HOUR
SETTLING = 0x7365  # of PostgreSQL's advisory locks by two numbers, those of who settles a symbol from a source

_f, _c, _g, _w = forecasts.c, closes.c, grades.c, widths.c
_ROW = tuple(forecasts.columns)


def append(dialect: str, table: Table) -> Any:
    """Insert rows, but none that would be there twice; gives the keys of the new ones."""
    return _insert(dialect)(table).on_conflict_do_nothing().returning(*table.primary_key)


def grade(dialect: str) -> Any:
    """Insert a day's grades, or put them in place of those that stood there, unless these are folded."""
    row = _insert(dialect)(grades)
    changed = {name: row.excluded[name] for name in ("newest", "folded", "sums", "misses")}
    return row.on_conflict_do_update(index_elements=list(grades.primary_key), set_=changed, where=_g.folded == false())


def _insert(dialect: str) -> Any:
    return postgresql.insert if dialect == "postgresql" else sqlite.insert


def alone(connection: Connection, symbol: str, source: str) -> None:
    """Let nobody else settle or fold forecasts of this symbol and source until the transaction ends."""
    if connection.dialect.name == "sqlite":  # a statement that may write takes the file's one lock for that
        connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} SELECT * FROM {VERSION_TABLE} WHERE 1 = 0")
        return
    number = zlib.crc32(f"{symbol}|{source}".encode()) - (1 << 31)
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SETTLING}, {number})")


def newest(symbol: str | None, since: int | None, before: tuple[int, str] | None, limit: int) -> Select[Any]:
    """Whole rows, newest first, of those before (as_of, id)."""
    page = select(*_ROW).order_by(_f.as_of.desc(), _f.id.desc()).limit(limit)
    if symbol is not None:
        page = page.where(_f.symbol == symbol)
    if since is not None:
        page = page.where(_f.as_of >= since)
    return page if before is None else page.where(tuple_(_f.as_of, _f.id) < tuple_(*before))


def by_id(forecast_id: str) -> Select[Any]:
    """The whole row."""
    return select(*_ROW).where(_f.id == forecast_id)


def next_pair(after: tuple[str, str]) -> Select[str, str]:
    """The first (symbol, source) that a forecast is kept of, in their order after another: a look for each of them."""
    pair = tuple_(_f.symbol, _f.source)
    return select(_f.symbol, _f.source).where(pair > tuple_(*after)).order_by(_f.symbol, _f.source).limit(1)


def spoken(symbol: str, source: str, first: int, last: int, limit: int | None = None) -> Select[Any]:
    """Rows (model_sha256, as_of, issued_at, short, horizons), oldest first, with `as_of` from `first` to `last`."""
    columns = (_f.model_sha256, _f.as_of, _f.issued_at, _f.short, _f.horizons)
    return select(*columns).where(_of(symbol, source), _f.as_of.between(first, last)).order_by(_f.as_of).limit(limit)


def of_day(symbol: str, source: str, day: int, model_sha256: str | None = None) -> Select[Any]:
    """Whole rows with `as_of` on a day, oldest first, of one model or of all."""
    mine = and_(_of(symbol, source), _f.as_of.between(DAY * day, DAY * (day + 1) - 1))
    rows = select(*_ROW).where(mine).order_by(_f.as_of)
    return rows if model_sha256 is None else rows.where(_f.model_sha256 == model_sha256)


def of_times(symbol: str, source: str, model_sha256: str, times: Collection[int] | Select[int]) -> Select[Any]:
    """Whole rows with these `as_of`, oldest first."""
    mine = and_(_of(symbol, source), _f.model_sha256 == model_sha256, _f.as_of.in_(times))
    return select(*_ROW).where(mine).order_by(_f.as_of)


def oldest(symbol: str, source: str) -> Select[int | None]:
    """`as_of` of the oldest forecast."""
    return select(func.min(_f.as_of)).where(_of(symbol, source))


def days_kept(symbol: str, source: str, before: int) -> Select[Any]:
    """Rows (day, model_sha256) of forecasts before a day."""
    day = (_f.as_of // DAY).label("day")
    return select(day, _f.model_sha256).where(_of(symbol, source), _f.as_of < DAY * before).distinct()


def closes_between(symbol: str, source: str, first: int, last: int) -> Select[int, float]:
    """Rows (time, close), oldest first."""
    mine = and_(_c.symbol == symbol, _c.source == source, _c.time.between(first, last))
    return select(_c.time, _c.close).where(mine).order_by(_c.time)


def newest_close(symbol: str, source: str) -> Select[int | None]:
    """The time of the newest."""
    return select(func.max(_c.time)).where(_c.symbol == symbol, _c.source == source)


def delete_day(symbol: str, source: str, day: int) -> tuple[Delete, Delete]:
    """The oldest forecasts, those with `as_of` on a day, then the closes that none of the others speaks of."""
    first, end = DAY * day, DAY * (day + 1)
    of_closes = and_(_c.symbol == symbol, _c.source == source, _c.time <= end)
    return delete(forecasts).where(_of(symbol, source), _f.as_of.between(first, end - 1)), delete(closes).where(
        of_closes
    )


def grades_of(symbol: str, source: str, day: int, model_sha256: str) -> Select[Any]:
    """The row (newest, sums, misses) of a day, if there is one."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256, _g.day == day, _g.source == source)
    return select(_g.newest, _g.sums, _g.misses).where(mine)


def models(symbol: str | None) -> Select[Any]:
    """Rows (symbol, model_name, model_version, model_sha256, day, newest) of each symbol and model, newest first."""
    last = select(_g.symbol, _g.model_sha256, func.max(_g.day).label("day")).group_by(_g.symbol, _g.model_sha256)
    latest = (last if symbol is None else last.where(_g.symbol == symbol)).subquery()
    columns = (_g.symbol, _g.model_name, _g.model_version, _g.model_sha256, _g.day)
    joined = and_(*(latest.c[name] == _g[name] for name in ("symbol", "model_sha256", "day")))
    newest = func.max(_g.newest).label("newest")
    return select(*columns, newest).join(latest, joined).group_by(*columns).order_by(_g.symbol, newest.desc())


def newest_day(symbol: str, model_sha256: str) -> Select[int | None]:
    """The newest day that has grades."""
    return select(func.max(_g.day)).where(_g.symbol == symbol, _g.model_sha256 == model_sha256)


def sums(symbol: str, model_sha256: str, since: int) -> Select[Any]:
    """Rows (day, sums), oldest first, from a day on."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256, _g.day >= since)
    return select(_g.day, _g.sums).where(mine).order_by(_g.day)


def misses(symbol: str, model_sha256: str, limit: int) -> Select[bytes]:
    """Those of the newest rows."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256)
    return select(_g.misses).where(mine).order_by(_g.day.desc()).limit(limit)


def newest_widths(symbol: str, source: str, model_sha256: str) -> Select[int, str]:
    """The row (as_of, body) of the newest widths."""
    return select(_w.as_of, _w.body).where(_widths_of(symbol, source, model_sha256)).order_by(_w.as_of.desc()).limit(1)


def delete_widths(symbol: str, source: str, model_sha256: str, before: int) -> Delete:
    """Those of older forecasts than one."""
    return delete(widths).where(_widths_of(symbol, source, model_sha256), _w.as_of < before)


def newest_of_model(symbol: str, source: str, model_sha256: str) -> Select[Any]:
    """The whole row of the newest forecast."""
    mine = and_(_of(symbol, source), _f.model_sha256 == model_sha256)
    return select(*_ROW).where(mine).order_by(_f.as_of.desc()).limit(1)


def first_of_hours(
    symbol: str, source: str, model_sha256: str, first: int, last: int, limit: int | None
) -> Select[int]:
    """`as_of` of the first forecast of each hour of the clock, oldest first, from `first` to `last`."""
    mine = and_(_of(symbol, source), _f.as_of.between(first, last), _f.model_sha256 == model_sha256)
    head = func.min(_f.as_of)
    return select(head).where(mine).group_by(_f.as_of // HOUR).order_by(head).limit(limit)


def _of(symbol: str, source: str) -> ColumnElement[bool]:
    return and_(_f.symbol == symbol, _f.source == source)


def _widths_of(symbol: str, source: str, model_sha256: str) -> ColumnElement[bool]:
    return and_(_w.symbol == symbol, _w.source == source, _w.model_sha256 == model_sha256)
