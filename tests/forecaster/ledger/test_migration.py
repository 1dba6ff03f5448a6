"""A ledger that the version before wrote is read, graded and folded as if it had been written by this one."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import pytest
from alembic.command import upgrade
from alembic.config import Config
from sqlalchemy import Engine, create_engine, inspect, text

from forecaster.database.access import Database
from forecaster.database.engines import known_url, open_engine
from forecaster.ledger.ledger import Ledger
from forecaster.ledger.migrations import HEAD, SCRIPTS
from forecaster.ledger.settlement import DAY
from forecaster.ledger.track_record import inside, pit
from forecaster.market.candles import Candles
from forecaster.schema import HOUR, Forecast
from tests.support.fakes import NOON
from tests.support.ledger.issued import CLOSE, MODEL, closing, issued
from tests.support.ledger.kills import Promise, check, everything
from tests.support.ledger.postgres import UNHURRIED

BEFORE = "0004"  # the revision of the version before
BTC, BITSTAMP = "BTC-USD", "bitstamp"
FIRST, LAST, SETTLED = -24 * 3, 6, 3  # hours from noon: forecasts, and what had closed


def price(hour: int) -> float:
    """What the hour that ends then, counted from noon, closes at."""
    return CLOSE * (1 + 0.001 * (hour % 7 - 3))


def tape(last: int) -> Candles:
    """The hours until one."""
    rows = [(NOON + HOUR * (hour - 1), *(4 * (price(hour),)), 1.0) for hour in range(FIRST, last + 1)]
    return Candles.from_rows(rows)


def old_body(forecast: Forecast) -> str:
    """The JSON that the version before wrote: it named no minutes, and no price but the last close."""
    said = forecast.model_dump(mode="json", exclude={"last_price", "price_time"})
    for row in said["horizons"]:
        del row["minutes"]
    return json.dumps(said)


def upgrade_to(revision: str, engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        upgrade(config, revision)
        connection.commit()


@pytest.fixture
def before(url: str) -> list[Forecast]:
    """What a ledger at that URL holds, as the version before wrote it."""
    engine = open_engine(known_url(url, "ledger"))
    upgrade_to("0002", engine)
    with engine.connect() as connection:
        forecasts = [issued(hour, drift=0.0005 * (hour % 5 - 2)) for hour in range(FIRST, LAST)]
        for forecast in forecasts:
            _write(connection, forecast)
        widths = {"symbol": BTC, "source": BITSTAMP, "sha": MODEL.sha256, "as_of": NOON - 90 * HOUR, "body": "{}"}
        connection.execute(text("INSERT INTO widths VALUES (:symbol, :source, :sha, :as_of, :body)"), widths)
        connection.commit()
    engine.dispose()
    return forecasts


def _write(connection, forecast: Forecast) -> None:
    as_of = int(forecast.as_of.timestamp())
    row = {
        "id": forecast.id, "symbol": BTC, "source": BITSTAMP, "input": "full", "name": MODEL.name,
        "version": MODEL.version, "sha": MODEL.sha256, "as_of": as_of, "issued": as_of + forecast.age_seconds,
        "last": forecast.last_close, "horizons": 3, "body": old_body(forecast),
    }  # fmt: skip
    names = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO forecasts VALUES ({names})"), row)
    for horizon in forecast.horizons:
        target = int(horizon.target_time.timestamp())
        if target > NOON + SETTLED * HOUR:
            continue
        close = price((target - NOON) // HOUR)
        held = {f"in_{name}": value for name, value in inside(horizon, close).items()}
        outcome = {
            "id": forecast.id, "hours": horizon.hours, "target": target, "actual": close, "median": horizon.median,
            **held, "pit": pit(horizon, close),
        }  # fmt: skip
        names = ", ".join(f":{name}" for name in outcome)
        connection.execute(text(f"INSERT INTO outcomes VALUES ({names})"), outcome)


def test_what_was_kept_is_read_as_it_was_written_with_its_outcomes(before, ledger):
    for forecast in before:
        kept = ledger.get(forecast.id)
        assert kept.forecast == forecast
        hours = [(row, (int(row.target_time.timestamp()) - NOON) // HOUR) for row in forecast.horizons]
        assert [(each.hours, each.actual, each.pit) for each in kept.outcomes] == [
            (row.hours, price(hour), pit(row, price(hour))) for row, hour in hours if hour <= SETTLED
        ]
    assert [each.forecast for each in ledger.page(limit=200).forecasts] == before[::-1]
    past = ledger.past(BTC, BITSTAMP, MODEL.sha256)
    assert past.newest == before[-1]


def test_it_is_settled_and_graded_as_time_goes_on(before, ledger, tmp_path):
    assert ledger.track_record().rows == ()  # days are graded with the next candles
    assert ledger.settle(BTC, BITSTAMP, tape(SETTLED + 1)) == 3
    fresh = Ledger(f"sqlite:///{tmp_path / 'fresh.db'}")
    for forecast in before:
        fresh.record(forecast)
    fresh.settle(BTC, BITSTAMP, tape(SETTLED + 1))
    for one, other in zip(ledger.track_record().rows, fresh.track_record().rows, strict=True):
        assert (one.hours, one.n, one.direction) == (other.hours, other.n, other.direction)
        assert (one.mae, one.mean_pit) == pytest.approx((other.mae, other.mean_pit), rel=1e-6)
        assert one.coverage == pytest.approx(other.coverage)
    fresh.close()


def test_its_old_days_are_folded(before, ledger, url):
    short = Ledger(url, answer=UNHURRIED, days=1)
    short.settle(BTC, BITSTAMP, tape(SETTLED + 1))
    left = [each.forecast for each in short.page(limit=200).forecasts]
    assert min(each.as_of.timestamp() for each in left) // DAY == NOON // DAY - 1
    (row,) = short.track_record(BTC, 1).rows
    assert row.n == SETTLED + 1 - FIRST
    short.close()


def test_the_tables_of_the_version_before_are_gone(before, ledger, url):
    ledger.page()
    engine = create_engine(known_url(url, "ledger"))
    with engine.connect() as connection, pytest.raises(Exception, match="outcomes"):
        connection.execute(text("SELECT * FROM outcomes"))
    engine.dispose()


def columns(engine: Engine) -> dict[tuple[str, str], tuple[str, bool]]:
    """The type of each column of each table, and whether a row must name it."""
    tables = inspect(engine)
    return {
        (table, each["name"]): (repr(each["type"]), not each["nullable"] and each["default"] is None)
        for table in tables.get_table_names()
        for each in tables.get_columns(table)
    }


def test_the_newest_migration_only_adds_so_that_replicas_of_the_version_before_go_on(url):
    """What takes something away is a migration of its own, of a later version: expand, then contract."""
    engine = open_engine(known_url(url, "ledger"))
    upgrade_to(BEFORE, engine)
    older = columns(engine)
    upgrade_to(HEAD, engine)
    newer = columns(engine)
    engine.dispose()
    assert older and {each: newer.get(each) for each in older} == older
    known = {table for table, _ in older}
    assert [each for each, (_, must) in newer.items() if each[0] in known and each not in older and must] == []


def test_a_replica_of_the_version_before_writes_and_settles_while_a_newer_one_brings_tables_up_to_date(postgresql):
    url = postgresql.new_database()
    engine = open_engine(known_url(url, "ledger"))
    upgrade_to(BEFORE, engine)
    older = Ledger(url, answer=UNHURRIED)
    older._database = Database(url, "ledger", lambda engine: None, answer=UNHURRIED)  # its tables were there
    done, promises = Event(), list[Promise]()

    def write() -> None:
        for hour in count(1):
            if done.is_set():
                break
            assert older.record(issued(hour))
            promises.append(Promise("kept", hour))
            older.settle(BTC, BITSTAMP, closing(hour, hours=5))
            promises.append(Promise("settled", hour))

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        try:
            for at_least in (10, 30):  # hours before the upgrade, and after it
                while len(promises) < 2 * at_least and not writing.done():
                    time.sleep(0.01)
                newer = Ledger(url, answer=UNHURRIED)
                assert len(newer.page(limit=200).forecasts) >= at_least
                newer.close()
        finally:
            done.set()
        writing.result(60)
    assert "alerts" in inspect(engine).get_table_names()
    older.close()
    engine.dispose()
    kept = everything(url)
    check(kept, promises)
    assert len(kept) == promises[-1].hour
