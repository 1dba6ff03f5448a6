"""What goes wrong with a database is named, ends in time, is told once, and is over when something shows that it is."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import text

from forecaster.database.faults import DAMAGED, FULL, LOCKED, READ_ONLY, SILENT, SLOW, UNWRITTEN
from forecaster.database.health import Health, Proof
from forecaster.database.threads import DatabaseThreads
from forecaster.errors import ConfigurationError, DatabaseError
from forecaster.ledger.ledger import Ledger
from tests.support.ledger.issued import issued
from tests.support.ledger.postgres import Server, postgres

SHORT = 1.5  # seconds for a transaction: a busy machine must not need more for one that nothing holds up
SOON = 0.05  # seconds that a caller waits for a thread that a test holds up
PATIENCE = 60


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def on_postgresql(server: Server) -> Iterator[Ledger]:
    """A ledger that holds one forecast, and gives a transaction little time."""
    url = server.new_database()
    first = Ledger(url)  # which may take its time to make the tables
    first.record(issued())
    first.close()
    ledger = Ledger(url, answer=SHORT)
    yield ledger
    server.thaw()
    ledger.close()


def cause(ask):
    """What a DatabaseError says is wrong."""
    with pytest.raises(DatabaseError) as caught:
        ask()
    return caught.value.cause


def test_a_postgresql_that_is_frozen_ends_every_wait_and_serves_again_when_it_goes_on(on_postgresql, server):
    assert len(on_postgresql.page().forecasts) == 1
    server.freeze()
    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(on_postgresql.page) for _ in range(4)]
        assert [cause(lambda each=each: each.result(PATIENCE)) for each in asked] == [SILENT] * 4
    assert cause(lambda: on_postgresql.record(issued(1))) == SILENT
    assert on_postgresql.health.silent
    server.thaw()
    assert len(on_postgresql.page().forecasts) == 1
    assert on_postgresql.health.fault is None


def test_a_postgresql_that_was_restarted_is_asked_over_a_new_connection_at_once(on_postgresql, server):
    assert len(on_postgresql.page().forecasts) == 1
    server.kill()
    server.start()
    assert len(on_postgresql.page().forecasts) == 1


def test_a_statement_that_takes_too_long_is_cancelled_by_the_server_itself(on_postgresql):
    with pytest.raises(DatabaseError) as caught, on_postgresql._database.begin() as connection:
        connection.execute(text("SELECT pg_sleep(60)"))
    assert caught.value.cause == SLOW and not on_postgresql.health.silent
    assert len(on_postgresql.page().forecasts) == 1


def test_a_table_that_another_program_has_locked_is_not_waited_for(on_postgresql):
    other = Ledger(on_postgresql._database._url)
    with other._database.begin() as connection:
        connection.execute(text("LOCK TABLE forecasts"))
        assert cause(lambda: on_postgresql.record(issued(1))) in (LOCKED, SLOW)
    assert on_postgresql.record(issued(1))
    other.close()


def test_a_postgresql_that_takes_no_writes_is_noticed_without_one(on_postgresql):
    ledger = Ledger(on_postgresql._database._url + "%20-cdefault_transaction_read_only%3Don")
    assert len(ledger.page().forecasts) == 1
    assert cause(ledger.probe) == READ_ONLY
    assert cause(lambda: ledger.record(issued(1))) == READ_ONLY
    assert len(ledger.page().forecasts) == 1
    assert ledger.health.fault.cause == READ_ONLY  # a read shows nothing about writing
    ledger.close()


def test_an_sqlite_file_that_takes_no_writes_is_noticed_without_one(tmp_path):
    first = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    first.record(issued())
    ledger = Ledger(f"sqlite:///file:{tmp_path / 'ledger.db'}?mode=ro&uri=true")
    assert len(ledger.page().forecasts) == 1
    assert cause(ledger.probe) == READ_ONLY
    assert cause(lambda: ledger.record(issued(1))) == READ_ONLY
    ledger.close()
    first.close()


def test_an_sqlite_file_that_is_full_is_told_until_something_was_written(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.record(issued())

    def limit(pages: int) -> None:
        with ledger._database.begin() as connection:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    limit(1)  # SQLite takes as many as there are
    with suppress(DatabaseError):
        for hour in range(1, 60):  # a row is so small that the pages in use have room for some
            ledger.record(issued(hour, horizons=24))
    assert cause(lambda: ledger.record(issued(61, horizons=24))) == FULL
    ledger.probe()
    assert ledger.health.fault.cause == FULL
    limit(1_000_000)
    assert ledger.record(issued(61))
    assert ledger.health.fault is None
    ledger.close()


def test_an_sqlite_file_that_something_else_was_written_over_is_damaged(tmp_path):
    (tmp_path / "ledger.db").write_bytes(b"no database " * 1000)
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    assert cause(ledger.probe) == DAMAGED
    (tmp_path / "ledger.db").unlink()
    ledger.probe()
    assert ledger.health.fault is None
    ledger.close()


@pytest.mark.parametrize(
    ("fault", "ended_by"),
    [
        (DatabaseError("ledger", SILENT), Proof.READ),
        (DatabaseError("ledger", SLOW), Proof.READ),
        (DatabaseError("ledger", UNWRITTEN), Proof.TRIED),
        (DatabaseError("ledger", READ_ONLY), Proof.TRIED),
        (ConfigurationError("The ledger is of a newer version.", "Update."), Proof.TRIED),
        (DatabaseError("ledger", FULL), Proof.WRITTEN),
        (DatabaseError("ledger", DAMAGED), Proof.OPENED),
    ],
)
def test_a_fault_lasts_until_something_shows_that_it_is_over_and_is_logged_once(fault, ended_by, caplog):
    told = []
    health = Health(told.append)
    for _ in range(3):
        health.failed(fault)
    for proof in Proof:
        if proof < ended_by:
            health.worked(proof)
            assert health.fault is fault
    health.worked(ended_by)
    health.worked(ended_by)
    assert health.fault is None and told == [False, True]
    assert [record.getMessage() for record in caplog.records] == [
        f"{fault} Going on without it.",
        "The database works again.",
    ]


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What the threads of a database wait for that a test makes hang."""
    event = threading.Event()
    yield event
    event.set()


async def test_many_who_ask_a_database_that_hangs_hold_few_threads_and_all_hear_in_time(hanging):
    threads = DatabaseThreads("ledger that hangs", Health(), 2, within=SOON)
    begun = []

    def work() -> None:
        begun.append(1)
        hanging.wait(PATIENCE)

    answers = await asyncio.gather(*(threads.call(work) for _ in range(50)), return_exceptions=True)
    assert [each.cause for each in answers] == [SILENT] * 50
    assert sum(each.name.startswith("ledger that hangs") for each in threading.enumerate()) == 2
    hanging.set()
    await threads.close()
    assert len(begun) == 2


async def test_while_a_database_is_silent_one_caller_at_a_time_finds_out_whether_it_answers_again(hanging):
    health = Health()
    health.failed(DatabaseError("ledger", SILENT))
    threads = DatabaseThreads("ledger", health, 2)
    first = asyncio.create_task(threads.call(lambda: hanging.wait(PATIENCE)))
    await asyncio.sleep(0)
    for _ in range(10):
        with pytest.raises(DatabaseError, match="does not answer"):
            await threads.call(pytest.fail)
    hanging.set()
    assert await first
    health.worked(Proof.READ)
    assert await threads.call(lambda: "an answer") == "an answer"
    await threads.close()
