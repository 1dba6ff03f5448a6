"""Every statement ever sent to the ledger's tables. Each reads by an index, whatever else the tables hold."""

import zlib
from collections.abc import Collection
from typing import Any

from sqlalchemy import (
    CTE,
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
    union_all,
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
    changed = {name: row.excluded[name] for name in ("newest", "folded", "sums", "misses", "crps")}
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


def newest(since: int | None, before: tuple[int, str] | None, limit: int) -> Select[Any]:
    """Whole rows, newest first, of those before (as_of, id)."""
    return _page(select(*_ROW), since, before, limit)


def newest_of(
    symbol: str, sources: Collection[str], since: int | None, before: tuple[int, str] | None, limit: int
) -> Select[Any]:
    """The same of one symbol, whose forecasts are from these sources: the newest of each of them, and of these."""
    parts = [_page(select(*_ROW).where(_of(symbol, source)), since, before, limit).subquery() for source in sources]
    found = union_all(*(select(part) for part in parts)).subquery()
    return select(found).order_by(found.c.as_of.desc(), found.c.id.desc()).limit(limit)


def _page(rows: Select[Any], since: int | None, before: tuple[int, str] | None, limit: int) -> Select[Any]:
    if since is not None:
        rows = rows.where(_f.as_of >= since)
    if before is not None:
        rows = rows.where(_f.as_of <= before[0], tuple_(_f.as_of, _f.id) < tuple_(*before))
    return rows.order_by(_f.as_of.desc(), _f.id.desc()).limit(limit)


def by_id(forecast_id: str) -> Select[Any]:
    """The whole row."""
    return select(*_ROW).where(_f.id == forecast_id)


def pairs() -> Select[str, str]:
    """Every (symbol, source) that a forecast is kept of, in their order: a look for each of them."""
    symbols = _symbols(forecasts)
    first = select(func.min(_f.source)).where(_f.symbol == symbols.c.symbol).scalar_subquery()
    start = select(symbols.c.symbol, first.label("source")).where(symbols.c.symbol.is_not(None))
    found = start.cte("pairs", recursive=True)
    following = select(func.min(_f.source)).where(_f.symbol == found.c.symbol, _f.source > found.c.source)
    found = found.union_all(select(found.c.symbol, following.scalar_subquery()).where(found.c.source.is_not(None)))
    return select(found).where(found.c.source.is_not(None)).order_by(found.c.symbol, found.c.source)


def _symbols(table: Table) -> CTE:
    """Every symbol of a table whose index begins with it, one look for each; the last row is NULL."""
    found = select(func.min(table.c.symbol).label("symbol")).cte("symbols", recursive=True)
    following = select(func.min(table.c.symbol)).where(table.c.symbol > found.c.symbol).scalar_subquery()
    return found.union_all(select(following).where(found.c.symbol.is_not(None)))


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


def days_ungraded(symbol: str, source: str, before: int, limit: int) -> Select[int]:
    """The first days before one that have forecasts and no grades, of any model: a look for each day that has some."""
    mine = _of(symbol, source)
    days = select((func.min(_f.as_of) // DAY).label("day")).where(mine).cte("days", recursive=True)
    following = select(func.min(_f.as_of) // DAY).where(mine, _f.as_of >= DAY * (days.c.day + 1)).scalar_subquery()
    days = days.union_all(select(following).where(days.c.day < before))
    graded = select(_g.day).where(_g.symbol == symbol, _g.day == days.c.day, _g.source == source).exists()
    return select(days.c.day).where(days.c.day < before, ~graded).order_by(days.c.day).limit(limit)


def closes_between(symbol: str, source: str, first: int, last: int) -> Select[int, float]:
    """Rows (time, close), oldest first."""
    mine = and_(_c.symbol == symbol, _c.source == source, _c.time.between(first, last))
    return select(_c.time, _c.close).where(mine).order_by(_c.time)


def closes_past(symbol: str, source: str, first: int, last: int, past: Collection[int]) -> Select[int, float]:
    """The same at times so many seconds past an hour of the clock."""
    return closes_between(symbol, source, first, last).where((_c.time % HOUR).in_(past))


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
    """The row (newest, sums, misses, crps) of a day, if there is one."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256, _g.day == day, _g.source == source)
    return select(_g.newest, _g.sums, _g.misses, _g.crps).where(mine)


def newest_days() -> Select[str, int]:
    """Rows (symbol, day) of every symbol that has grades, with the newest day that has some."""
    symbols = _symbols(grades)
    day = select(func.max(_g.day)).where(_g.symbol == symbols.c.symbol).scalar_subquery()
    return select(symbols.c.symbol, day.label("day")).where(symbols.c.symbol.is_not(None))


def models(symbols: Collection[str], since: int) -> Select[Any]:
    """Rows (symbol, model_name, model_version, model_sha256, newest) of each symbol and model, newest first.

    Of those that have grades of a day from `since` on.
    """
    last = select(_g.symbol, _g.model_sha256, func.max(_g.day).label("day")).group_by(_g.symbol, _g.model_sha256)
    latest = last.where(_g.symbol.in_(symbols), _g.day >= since).subquery()
    columns = (_g.symbol, _g.model_name, _g.model_version, _g.model_sha256)
    joined = and_(*(latest.c[name] == _g[name] for name in ("symbol", "model_sha256", "day")))
    newest = func.max(_g.newest).label("newest")
    return select(*columns, newest).join(latest, joined).group_by(*columns).order_by(_g.symbol, newest.desc())


def sums(symbol: str, model_sha256: str, days: int) -> Select[Any]:
    """Rows (day, sums), oldest first, of so many days up to the newest that has grades."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256)
    newest_day = select(func.max(_g.day)).where(mine).scalar_subquery()
    return select(_g.day, _g.sums).where(mine, _g.day > newest_day - days).order_by(_g.day)


def crps_since(symbol: str, model_sha256: str, day: int) -> Select[bytes]:
    """Those of each day from one on that have been scored."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256, _g.day >= day)
    return select(_g.crps).where(mine, _g.crps.is_not(None))


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


def newest_forecast(symbol: str, source: str) -> Select[int | None]:
    """`as_of` of the newest forecast of any model."""
    return select(func.max(_f.as_of)).where(_of(symbol, source))


def newest_graded(symbol: str, source: str, model_sha256: str) -> Select[int | None]:
    """The newest day on which a model has grades."""
    mine = and_(_g.symbol == symbol, _g.model_sha256 == model_sha256, _g.source == source)
    return select(_g.day).where(mine).order_by(_g.day.desc()).limit(1)


def newest_of_model(symbol: str, source: str, model_sha256: str, first: int, last: int) -> Select[Any]:
    """The whole row of a model's newest forecast with `as_of` from `first` to `last`."""
    mine = and_(_of(symbol, source), _f.model_sha256 == model_sha256, _f.as_of.between(first, last))
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
