"""Whatever a ledger holds, each statement finds its rows by an index, and none reads more of them than it needs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.dialects import postgresql, sqlite

from forecaster.calibration.adaptive import Tracker
from forecaster.ledger import reading
from forecaster.ledger import statements as sql
from forecaster.ledger.ledger import Ledger
from forecaster.ledger.settlement import DAY, FAR
from forecaster.schema import HOUR
from tests.forecaster.ledger.test_ledger import statements
from tests.support.fakes import NOON
from tests.support.ledger.issued import MODEL, closing, issued

OF = ("BTC-USD", "bitstamp")
MODEL_OF = (*OF, MODEL.sha256)
STATEMENTS = {
    "newest": sql.newest(None, None, 50),
    "newest before": sql.newest(None, (NOON, "fc_a"), 50),
    "newest of a symbol": sql.newest_of("BTC-USD", ("bitstamp", "kraken"), NOON - DAY, (NOON, "fc_a"), 50),
    "by_id": sql.by_id("fc_a"),
    "pairs": sql.pairs(),
    "spoken": sql.spoken(*OF, NOON - FAR, NOON, 10),
    "of_day": sql.of_day(*OF, NOON // DAY),
    "of_times": sql.of_times(*MODEL_OF, [NOON, NOON + HOUR]),
    "oldest": sql.oldest(*OF),
    "days_ungraded": sql.days_ungraded(*OF, NOON // DAY, 16),
    "closes_between": sql.closes_between(*OF, NOON - FAR, NOON),
    "newest_close": sql.newest_close(*OF),
    "delete_day": sql.delete_day(*OF, 0)[0],
    "delete_day of closes": sql.delete_day(*OF, 0)[1],
    "grades_of": sql.grades_of(*OF, NOON // DAY, MODEL.sha256),
    "newest_days": sql.newest_days(),
    "models": sql.models(["BTC-USD", "ETH-USD"], 0),
    "sums": sql.sums("BTC-USD", MODEL.sha256, 366),
    "misses": sql.misses("BTC-USD", MODEL.sha256, 7),
    "newest_widths": sql.newest_widths(*MODEL_OF),
    "delete_widths": sql.delete_widths(*MODEL_OF, NOON),
    "newest_forecast": sql.newest_forecast(*OF),
    "newest_graded": sql.newest_graded(*MODEL_OF),
    "newest_of_model": sql.newest_of_model(*MODEL_OF, NOON - DAY, NOON),
    "closes_past": sql.closes_past(*OF, NOON - FAR, NOON, (0, 300)),
    "crps_since": sql.crps_since("BTC-USD", MODEL.sha256, 0),
    "first_of_hours": sql.of_times(*MODEL_OF, sql.first_of_hours(*MODEL_OF, 0, NOON, 1000)),
}


def plan(connection: Connection, statement: object) -> list[str]:
    """How the database would read what a statement asks for, without its taking small tables whole."""
    if connection.dialect.name == "sqlite":
        asked = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
        return [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {asked}"))]
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    asked = str(statement.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
    asked = asked.replace("%%", "%")  # as the driver is sent it, and not as it sends it on
    return [row[0] for row in connection.execute(text(f"EXPLAIN {asked}"))]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_finds_its_rows_by_an_index(name, ledger):
    ledger.page()
    with ledger._database.begin() as connection:
        steps = plan(connection, STATEMENTS[name])
    assert not [step for step in steps if "Seq Scan" in step]
    whole = [
        step
        for step in steps
        if re.match(r"SCAN (forecasts|closes|grades|widths)\b(?!.*USING (COVERING )?INDEX)", step)
    ]
    assert whole == []
    if name not in ("newest",):
        assert [step for step in steps if re.search(r"SEARCH|Index Cond", step)]


def test_the_record_reads_grades_alone(ledger):
    ledger.record(issued())
    ledger.settle(*OF, closing(3))
    with statements() as sent:
        assert ledger.track_record().rows
    assert {name for each in sent for name in re.findall(r"FROM (\w+)", each)} == {"grades", "symbols"}
    assert len(sent) == 4  # the symbols, their models, and of the one there is the sums and the misses


@pytest.mark.parametrize("days", [2, 9])
def test_settling_an_hour_reads_what_it_speaks_of_and_no_more_with_a_longer_past(days, ledger):
    for hour in range(-24 * days, 1):
        ledger.record(issued(hour, horizons=24))
    ledger.settle(*OF, closing(0))
    assert read(ledger, lambda: ledger.settle(*OF, closing(1, hours=1))) == 24 + 24 + 1


def test_a_start_reads_what_was_not_taught_yet(ledger):
    for hour in range(-24 * 24, 1):
        ledger.record(issued(hour, horizons=24))
    ledger.settle(*OF, closing(0, hours=24 * 25))
    whole = read(ledger, lambda: ledger.past(*MODEL_OF))
    while ledger.fold(*MODEL_OF, {"full": Tracker()}):
        pass
    assert read(ledger, lambda: ledger.past(*MODEL_OF)) == 1 + 1 + 4 * 24 < whole


def test_whose_forecasts_wait_is_found_by_a_look_for_each_and_not_by_reading_all_of_them(ledger):
    for source in ("bitstamp", "kraken"):
        for symbol in ("BTC-USD", "ETH-USD"):
            for hour in range(3):
                ledger.record(issued(hour, symbol=symbol, source=source))
    with ledger._database.begin() as connection:
        found = list(reading.pairs(connection))
        steps = plan(connection, sql.pairs())
    assert found == [(symbol, source) for symbol in ("BTC-USD", "ETH-USD") for source in ("bitstamp", "kraken")]
    assert not [step for step in steps if "SCAN forecasts" in step or "Seq Scan" in step]


def test_days_that_have_grades_are_passed_by(ledger):
    for hour in range(-24 * 6, 1, 8):
        ledger.record(issued(hour))
    ledger.settle(*OF, closing(-24 * 3, hours=24 * 2))
    today = NOON // DAY
    with ledger._database.begin() as connection:
        graded = {row[0] for row in connection.execute(text("SELECT day FROM grades"))}
        missing = connection.scalars(sql.days_ungraded(*OF, today, 16)).all()
        few = connection.scalars(sql.days_ungraded(*OF, today, 2)).all()
    assert graded and missing == sorted(set(range(today - 6, today)) - graded) and few == missing[:2]


def read(ledger: Ledger, work: Callable[[], object]) -> int:
    """How many rows of forecasts a call gets from the database: its questions are asked once more."""
    asked: list[tuple[str, Any]] = []

    def listen(connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT") and "FROM forecasts" in statement:
            asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", listen)
    work()
    event.remove(Engine, "before_cursor_execute", listen)
    with ledger._database.begin() as connection:
        return sum(len(connection.exec_driver_sql(*each).all()) for each in asked)
