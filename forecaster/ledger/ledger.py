"""The ledger: every forecast issued from an exchange's candles, and what became of it. Rows are added, never changed.

    record(forecast) --forecasts--> settle(candles of the same exchange) --closes, grades--> track_record()

The first forecast that a model issues from an exchange's candles up to a moment stands: its id always means the same
numbers. A horizon is graded by the first close that its own exchange gave for the target; one that had closed before
the forecast was issued never is.
A forecast of 27 horizons takes 1.7 kB. It is kept for LEDGER_DAYS; then its day is folded into grades by horizon, which
go on being what they were, and it is deleted, which the database refuses for every other row. What bands learned is
kept once a week and a series, the newest alone.

The calls block, and the first one imports SQLAlchemy (half a second): run them in a thread where that matters.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from cachetools import LRUCache

from forecaster.calibration import Tracker
from forecaster.database import ANSWER, Database, Health, Proof
from forecaster.errors import InvalidInput
from forecaster.ledger import reading, settlement
from forecaster.ledger.cursor import Cursor, minutes_ahead, seconds
from forecaster.ledger.history import Past
from forecaster.ledger.migrations import VERSION_TABLE
from forecaster.ledger.reading import Issued
from forecaster.ledger.rows import forecast_row
from forecaster.ledger.scoring import Issuer, Series, graded_all
from forecaster.ledger.settlement import DAY, Pair, due_since
from forecaster.ledger.track_record import Kept, LedgerPage, TrackRecord, Waiting
from forecaster.ledger.upgrade import migrate
from forecaster.market import Candles
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR, MOST_SERIES, Forecast, ForecastWarning, InputKind
from forecaster.settings import EXCHANGE_NAMES

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST_PAGE = 200  # forecasts
KEPT_DAYS = 31  # as LEDGER_DAYS has it
PATIENCE = 4 * HORIZONS * HOUR  # seconds that bands wait for outcomes of a forecast before they go on without
FOLDED_FROM, FOLDED_AT_ONCE = 24, 1000  # forecasts: the fewest whose outcomes are folded, and the most at once
FOLDED_AFTER = 10 * DAY  # seconds that forecasts lie apart of which fewer are, so that none is deleted before
DAYS_AT_ONCE = 16  # graded or folded with one settlement
ID = re.compile(r"[\w-]{1,64}", re.ASCII)

T = TypeVar("T")


class Open(NamedTuple):
    """Forecasts of one symbol and source that wait for candles that open at `since` (Unix s) or later."""

    symbol: str
    source: str
    since: int


class Ledger:
    """The ledger in the database at a URL. Every method may raise ConfigurationError; safe to share between threads."""

    def __init__(self, url: str, health: Health | None = None, answer: float = ANSWER, days: int = KEPT_DAYS) -> None:
        """See Database for `health` and `answer`. Forecasts are kept for so many days."""
        self._database = Database(url, "ledger", migrate, health, answer)
        self._days = days
        self._graded: LRUCache[Pair, int] = LRUCache(MOST_SERIES)  # the day on which all before had grades
        self.health = self._database.health

    def probe(self) -> None:
        """Find out whether forecasts could be recorded, by a statement that may write and adds nothing."""
        with self._database.begin(Proof.TRIED) as connection:
            connection.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} SELECT * FROM {VERSION_TABLE} WHERE 1 = 0")

    def record(self, forecast: Forecast) -> bool:
        """Keep a forecast of a ladder of horizons; once this returns True it is on disk.

        False where one of the same time, exchange and model stands already, and for candles that are simulated or a
        caller's own. Raises InvalidInput for other horizons.
        """
        if forecast.source not in EXCHANGE_NAMES or ForecastWarning.DEMO_DATA in forecast.warnings:
            return False
        from forecaster.ledger import statements as sql
        from forecaster.ledger.tables import forecasts

        row = forecast_row(forecast)
        with self._database.begin(Proof.WRITTEN) as connection:
            return bool(connection.execute(sql.append(connection.dialect.name, forecasts), row).all())

    def get(self, forecast_id: str) -> Kept | None:
        """A forecast with its outcomes so far, if it is kept."""
        from forecaster.ledger import statements as sql

        if ID.fullmatch(forecast_id) is None:
            return None
        with self._database.begin() as connection:
            told = reading.kept(connection, connection.execute(sql.by_id(forecast_id)).all())
        return next(iter(told()), None)

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
        if not 1 <= limit <= LONGEST_PAGE:
            raise InvalidInput(f"{limit} forecasts a page are not offered.", f"Ask for 1 to {LONGEST_PAGE}.")
        before = None if cursor is None else Cursor.parse(cursor)
        with self._database.begin() as connection:
            rows = reading.page(connection, symbol, seconds(since), before, limit + 1)
            told = reading.kept(connection, rows[:limit])
        end = str(Cursor(rows[limit - 1].as_of, rows[limit - 1].id)) if len(rows) > limit else None
        return LedgerPage(forecasts=told(), next_cursor=end)

    def open(self, now: float) -> list[Open]:
        """What can be settled at `now` (Unix s), and from which candles on."""
        with self._database.begin() as connection:
            due = [(pair, due_since(connection, pair, int(now))) for pair in list(reading.pairs(connection))]
        return [Open(*pair, since) for pair, since in due if since is not None]

    def settle(self, symbol: str, source: str, candles: Candles) -> int:
        """Keep the outcomes that closed candles of `source`, of any step, tell; the number of new ones.

        A time without a candle tells nothing. Days that are over are graded, and old ones folded, a few at a time. Any
        number of processes may settle the same forecasts at once.
        """
        if len(candles) == 0:
            return 0
        pair = Pair(symbol, source)
        count = self._alone(pair, partial(settlement.settle, candles=candles))
        self._tidy(pair, candles.end)
        return count

    def tidy(self, now: float) -> None:
        """Fold what is old at `now` (Unix s), of every symbol and source, also of those that nobody asks about."""
        with self._database.begin() as connection:
            found = list(reading.pairs(connection))
        for pair in found:
            self._fold_days(pair, int(now))

    def regrade(self, symbol: str, source: str, day: int) -> None:
        """Work out the grades of a day (since 1970) anew, from all that is kept of it."""
        self._alone(Pair(symbol, source), partial(settlement.grade, day=day))

    def track_record(
        self, symbol: str | None = None, hours: int | None = None, minutes: int | None = None
    ) -> TrackRecord:
        """The grades of the last year of each symbol and model, of all horizons or of one. Raises InvalidInput."""
        rows = [row for of in self.models(symbol) for row in graded_all(self.settled(of, hours, minutes))]
        return TrackRecord(rows=tuple(rows), waiting=self.waiting(symbol, hours, minutes) if symbol else ())

    def waiting(self, symbol: str, hours: int | None = None, minutes: int | None = None) -> tuple[Waiting, ...]:
        """The forecasts of a symbol that have come to no outcome yet, by horizon, or of one. Raises InvalidInput."""
        ahead = minutes_ahead(hours, minutes)
        with self._database.begin() as connection:
            return tuple(each for each in reading.waiting_of(connection, symbol) if ahead in (None, each.minutes))

    def models(self, symbol: str | None = None) -> list[Issuer]:
        """Whose forecasts have grades, the newest model of each symbol first."""
        with self._database.begin() as connection:
            return reading.models(connection, symbol)

    def settled(self, of: Issuer, hours: int | None = None, minutes: int | None = None) -> list[Series]:
        """What was settled in the last year of each horizon, or of one; empty where nothing. Raises InvalidInput."""
        ahead = minutes_ahead(hours, minutes)
        with self._database.begin() as connection:
            found = reading.series(connection, of, ahead)
        return [found] if found else []

    def crps(self, symbol: str, model_sha256: str, now: float, days: int, minutes: int = 60) -> tuple[int, float]:
        """How many forecasts of one horizon, of so many days up to `now` (Unix s), were scored, and their mean CRPS.

        Of the log return: see quantiles.crps. What an earlier version settled was not scored, and counts not.
        """
        with self._database.begin() as connection:
            return reading.crps(connection, symbol, model_sha256, int(now) // DAY - days + 1, minutes)

    def past(self, symbol: str, source: str, model_sha256: str) -> Past:
        """What a process that starts has to know to follow the forecasts of a model where another left off."""
        with self._database.begin() as connection:
            told = reading.past(connection, Issued(symbol, source, model_sha256))
        return told()

    def fold(self, symbol: str, source: str, model_sha256: str, fresh: Mapping[InputKind, Tracker]) -> bool:
        """Keep what outcomes taught bands, once so many came that `past` would take long; whether there are more.

        `fresh` are trackers as they begin, which this teaches. Forecasts that may still get an outcome are left.
        """
        from forecaster.ledger import statements as sql
        from forecaster.ledger.tables import widths

        of = Issued(symbol, source, model_sha256)
        with self._database.begin() as connection:
            times = reading.to_teach(connection, of, PATIENCE, FOLDED_AT_ONCE)
            if not times or (len(times) < FOLDED_FROM and times[-1] - times[0] < FOLDED_AFTER):
                return False
            past = reading.taught_by(connection, of, times)
        past.teach(fresh)
        body = json.dumps({kind: tracker.width.tolist() for kind, tracker in fresh.items()})
        row = {**of._asdict(), "as_of": times[-1], "body": body}
        with self._database.begin(Proof.WRITTEN) as connection:
            connection.execute(sql.append(connection.dialect.name, widths), row).all()
            connection.execute(sql.delete_widths(*of, times[-1]))
        return len(times) == FOLDED_AT_ONCE

    def close(self) -> None:
        """Give back the connections."""
        self._database.close()

    def _tidy(self, pair: Pair, now: int) -> None:
        today = now // DAY
        if self._graded.get(pair) != today:
            missing = partial(settlement.grade_missing, before=today, most=DAYS_AT_ONCE)
            if self._alone(pair, missing) < DAYS_AT_ONCE:
                self._graded[pair] = today
        self._fold_days(pair, now)

    def _fold_days(self, pair: Pair, now: int) -> None:
        """Fold days that ended so long ago, a few at a time."""
        from forecaster.ledger import statements as sql

        before = now // DAY - self._days
        for _ in range(DAYS_AT_ONCE):
            with self._database.begin() as connection:
                oldest = connection.scalar(sql.oldest(*pair))
            if oldest is None or oldest // DAY >= before:
                return
            self._alone(pair, partial(settlement.fold_oldest, before=before))

    def _alone(self, pair: Pair, work: "Callable[[Connection, Pair], T]") -> T:
        """What `work` returns, in a transaction while nobody else settles or folds forecasts of the pair."""
        from forecaster.ledger import statements as sql

        with self._database.begin(Proof.TRIED) as connection:
            sql.alone(connection, *pair)
            return work(connection, pair)
