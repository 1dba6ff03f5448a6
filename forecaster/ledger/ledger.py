"""The ledger: every forecast issued from an exchange's candles, and what became of it. Rows are added, never changed.

    record(forecast) --forecasts--> settle(candles of the same exchange) --outcomes--> track_record()

The first forecast that a model issues from an exchange's candles of an hour stands: its id always means the same
numbers. A horizon is graded by the first close that its own exchange gave for the target hour; one that had closed
before the forecast was issued never is.
Nothing is ever deleted: a forecast of 24 hours takes 17 kB and its outcomes 3 kB, so that a year of the seven symbols
that are watched by default is about 1.2 GB. What bands learned is kept once a week and a series. The bodies are the
wire format, so a field added to Forecast later needs a default.

The calls block, and the first one imports SQLAlchemy (half a second): run them in a thread where that matters.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from forecaster.calibration import Tracker
from forecaster.database import ANSWER, Database, Health, Proof
from forecaster.errors import InvalidInput
from forecaster.ledger.cursor import Cursor
from forecaster.ledger.history import Past
from forecaster.ledger.migrations import VERSION_TABLE
from forecaster.ledger.rows import forecast_of, forecast_row, outcome_of, outcome_rows
from forecaster.ledger.track_record import Issuer, Kept, LedgerPage, Series, Settled, TrackRecord, graded_all
from forecaster.ledger.upgrade import migrate
from forecaster.market import Candles, utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, Forecast, ForecastWarning, InputKind, ModelRef
from forecaster.settings import EXCHANGE_NAMES

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_PAGE = 200  # forecasts
MOST_GRADED = 1000  # forecasts behind one row of a track record
PATIENCE = 4 * HORIZONS * HOUR  # seconds of later candles after which a missing one is not waited for any more
FOLLOWED = 3 * HORIZONS * HOUR  # seconds for which forecaster/serving/followed.py waits
FOLDED_FROM, FOLDED_AT_ONCE = 7 * 24, 1000  # forecasts: the fewest whose outcomes are folded, and the most at once
ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Open(NamedTuple):
    """Forecasts of one symbol and source that wait for candles that open at `since` (Unix s) or later."""

    symbol: str
    source: str
    since: int


class Ledger:
    """The ledger in the database at a URL. Every method may raise ConfigurationError; safe to share between threads."""

    def __init__(self, url: str, health: Health | None = None, answer: float = ANSWER) -> None:
        """See Database for `health` and `answer`."""
        self._database = Database(url, "ledger", migrate, health, answer)
        self.health = self._database.health

    def probe(self) -> None:
        """Find out whether forecasts could be recorded, by a statement that may write and adds nothing."""
        with self._database.begin(Proof.TRIED) as connection:
            connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} SELECT * FROM {VERSION_TABLE} WHERE 1 = 0")

    def record(self, forecast: Forecast) -> bool:
        """Keep a forecast; once this returns True it is on disk.

        False where one of the same hour, exchange and model stands already, and for candles that are simulated or a
        caller's own.
        """
        if forecast.source not in EXCHANGE_NAMES or ForecastWarning.DEMO_DATA in forecast.warnings:
            return False
        from forecaster.ledger import tables as sql

        row = forecast_row(forecast)
        with self._database.begin(Proof.WRITTEN) as connection:
            return bool(connection.execute(sql.append(connection.dialect.name, sql.forecasts), row).all())

    def get(self, forecast_id: str) -> Kept | None:
        """A forecast with its outcomes so far, if it is kept."""
        from forecaster.ledger import tables as sql

        if ID.fullmatch(forecast_id) is None:
            return None
        with self._database.begin() as connection:
            return next(_kept(connection, connection.execute(sql.by_id(forecast_id)).all()), None)

    def page(
        self,
        symbol: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> LedgerPage:
        """Up to 200 forecasts issued at `since` or later, newest first, from the `next_cursor` of the page before.

        What was kept when the first page was read is read once, whatever is added meanwhile. Raises InvalidInput, and
        UnsupportedSymbol.
        """
        from forecaster.ledger import tables as sql

        if not 1 <= limit <= LONGEST_PAGE:
            raise InvalidInput(f"{limit} forecasts a page are not offered.", f"Ask for 1 to {LONGEST_PAGE}.")
        before = None if cursor is None else Cursor.parse(cursor)
        with self._database.begin() as connection:
            rows = connection.execute(sql.newest(symbol, _seconds(since), before, limit + 1)).all()
            kept = tuple(_kept(connection, rows[:limit]))
        end = str(Cursor(rows[limit - 1].as_of, rows[limit - 1].id)) if len(rows) > limit else None
        return LedgerPage(forecasts=kept, next_cursor=end)

    def open(self, now: float) -> list[Open]:
        """What can be settled at `now` (Unix s), and from which candles on."""
        from forecaster.ledger import tables as sql

        with self._database.begin() as connection:
            pairs = connection.execute(sql.pairs()).all()
            oldest = [(*pair, connection.scalar(sql.oldest_due(*pair, int(now), PATIENCE))) for pair in pairs]
        return [Open(symbol, source, since) for symbol, source, since in oldest if since is not None]

    def settle(self, symbol: str, source: str, candles: Candles) -> int:
        """Append the outcomes that closed candles of `source` tell; the number of new ones.

        An hour without a candle tells nothing. Any number of processes may settle the same forecasts at once.
        """
        from forecaster.ledger import tables as sql

        if len(candles) == 0:
            return 0
        ends = candles.time + candles.step
        first, last = int(ends[0]) - HORIZONS * HOUR, int(ends[-1]) - HOUR
        closes = dict(zip(ends.tolist(), candles.close.tolist(), strict=True))  # by closing time
        with self._database.begin() as connection:
            waiting = connection.execute(sql.unsettled(symbol, source, first, last)).all()
            known = {(row.forecast_id, row.hours) for row in _outcomes(connection, [row.id for row in waiting])}
        rows = [row for each in waiting for row in outcome_rows(each, closes) if (each.id, row["hours"]) not in known]
        if not rows:
            return 0
        with self._database.begin(Proof.WRITTEN) as connection:
            return len(connection.execute(sql.append(connection.dialect.name, sql.outcomes), rows).all())

    def track_record(self, symbol: str | None = None, hours: int | None = None, last: int = MOST_GRADED) -> TrackRecord:
        """The grades of what `settled` finds of each symbol and model. Raises what it and `models` raise."""
        _check(hours, last)
        rows = [row for of in self.models(symbol) for row in graded_all(self.settled(of, hours, last))]
        return TrackRecord(rows=tuple(rows))

    def models(self, symbol: str | None = None) -> list[Issuer]:
        """Whose forecasts are kept, the newest model of each symbol first."""
        from forecaster.ledger import tables as sql

        with self._database.begin() as connection:
            found = connection.execute(sql.models(symbol)).all()
        return [
            Issuer(
                each.symbol,
                ModelRef(name=each.model_name, version=each.model_version, sha256=each.model_sha256),
                each.horizons,
            )
            for each in found
        ]

    def settled(self, of: Issuer, hours: int | None = None, last: int = MOST_GRADED) -> list[Series]:
        """The newest `last` (1 to 1000) settled forecasts of each horizon, or of one. Raises InvalidInput."""
        from forecaster.ledger import tables as sql

        _check(hours, last)
        series = []
        with self._database.begin() as connection:
            for ahead in [hours] if hours else range(1, of.horizons + 1):
                found = connection.execute(sql.settled(of.symbol, of.model.sha256, ahead, last)).all()
                series.append(Series(of, ahead, [Settled(*row) for row in found]))
        return series

    def past(self, symbol: str, source: str, model_sha256: str) -> Past:
        """What a process that starts has to know to follow the forecasts of a model where another left off."""
        from forecaster.ledger import tables as sql

        of = (symbol, source, model_sha256)
        with self._database.begin() as connection:
            after, widths = connection.execute(sql.newest_widths(*of)).first() or (0, None)
            rows = connection.execute(sql.learned(*of, HORIZONS, after)).all()
            waiting = connection.execute(sql.awaiting(*of, HORIZONS, FOLLOWED)).all()
        return Past.of(rows, tuple((forecast_of(body), settled) for body, settled in waiting), widths)

    def fold(self, symbol: str, source: str, model_sha256: str, fresh: Mapping[InputKind, Tracker]) -> bool:
        """Keep what outcomes taught bands, once so many came that `past` would take long; whether there are more.

        `fresh` are trackers as they begin, which this teaches. Forecasts that may still get an outcome are left.
        """
        from forecaster.ledger import tables as sql

        of = (symbol, source, model_sha256)
        with self._database.begin() as connection:
            after, widths = connection.execute(sql.newest_widths(*of)).first() or (0, None)
            settled = (connection.scalar(sql.newest_as_of(*of)) or 0) - PATIENCE
            times = connection.scalars(sql.issued_between(*of, HORIZONS, after, settled, FOLDED_AT_ONCE)).all()
            if len(times) < FOLDED_FROM:
                return False
            past = Past.of(connection.execute(sql.learned(*of, HORIZONS, after, times[-1])).all(), (), widths)
        past.teach(fresh)
        body = json.dumps({kind: tracker.width.tolist() for kind, tracker in fresh.items()})
        row = {"symbol": symbol, "source": source, "model_sha256": model_sha256, "as_of": times[-1], "body": body}
        with self._database.begin(Proof.WRITTEN) as connection:
            connection.execute(sql.append(connection.dialect.name, sql.widths), row).all()
        return len(times) == FOLDED_AT_ONCE

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()


def _kept(connection: "Connection", rows: Sequence[Any]) -> Iterator[Kept]:
    """Rows (id, issued_at, body) with their outcomes, in their order."""
    found = groupby(_outcomes(connection, [row.id for row in rows]), key=lambda row: row.forecast_id)
    outcomes = {forecast_id: tuple(map(outcome_of, group)) for forecast_id, group in found}
    for row in rows:
        yield Kept(forecast=forecast_of(row.body), issued_at=utc(row.issued_at), outcomes=outcomes.get(row.id, ()))


def _outcomes(connection: "Connection", ids: list[str]) -> Iterable[Any]:
    from forecaster.ledger import tables as sql

    return connection.execute(sql.outcomes_of(ids)) if ids else ()


def _check(hours: int | None, last: int) -> None:
    if not 1 <= last <= MOST_GRADED:
        raise InvalidInput(f"{last} graded forecasts are not offered.", f"Ask for 1 to {MOST_GRADED}.")
    if hours is not None and not 1 <= hours <= HORIZONS:
        raise InvalidInput(f"{hours} hours ahead is never forecast.", f"Ask for 1 to {HORIZONS} hours ahead.")


def _seconds(since: datetime | None) -> int | None:
    if since is not None and since.tzinfo is None:
        raise InvalidInput("The time has no time zone.", "Send it with one, such as 2026-03-19T12:00:00Z.")
    return None if since is None else ceil(since.timestamp())
