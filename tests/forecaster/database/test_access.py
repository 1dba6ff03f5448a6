"""The ledger's database: migrated by whoever comes first, shared by threads and processes, safe from kill -9."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from forecaster.errors import ConfigurationError
from forecaster.ledger.ledger import Ledger
from forecaster.ledger.migrations import HEAD, SCRIPTS, VERSION_TABLE
from forecaster.ledger.tables import metadata
from forecaster.market.store import CandleStore
from forecaster.settings import ROOT
from tests.support.ledger.issued import closing, issued
from tests.support.ledger.kills import broken_off, check, everything
from tests.support.ledger.postgres import UNHURRIED

KILLS = 4  # tests/soak/ledger_kills.py: 200
THREADS = 8
PROCESSES = 4


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return ScriptDirectory.from_config(config)


def test_the_migrations_end_where_the_ledger_expects_them_to():
    assert scripts().get_heads() == [HEAD]


def test_the_migrated_tables_are_those_that_the_statements_name(ledger):
    with ledger._database.begin() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert context.get_current_revision() == HEAD
        assert compare_metadata(context, metadata) == []


def test_a_table_that_no_migration_made_is_noticed(ledger):
    with ledger._database.begin() as connection:
        connection.execute(text("DROP INDEX forecasts_newest"))
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        assert [change[0] for change in compare_metadata(context, metadata)] == ["add_index"]


def test_a_database_of_a_newer_version_is_left_alone(ledger, url):
    ledger.record(issued())
    with ledger._database.begin() as connection:
        connection.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    newer = Ledger(url)
    with pytest.raises(ConfigurationError, match="newer version of CryptoSense"):
        newer.record(issued(1))
    with ledger._database.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM forecasts")) == 1


def test_a_database_that_is_up_to_date_is_opened_without_alembic(ledger, url):
    ledger.record(issued())
    code = "import sys; from forecaster.ledger import Ledger; n = len(Ledger(sys.argv[1]).page().forecasts)"
    code += "; sys.exit(n + 10 * ('alembic' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code, url], cwd=ROOT).returncode == 1


def test_ledger_and_schedule_are_imported_without_what_is_slow_or_serves_http():
    code = "import sys, forecaster.serving; sys.exit(bool({'sqlalchemy', 'alembic', 'fastapi'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_candles_and_ledger_live_in_one_database(ledger, url):
    store = CandleStore(url, answer=UNHURRIED)
    store.save("bitstamp", "BTC-USD", closing(0))
    assert ledger.record(issued())
    assert len(store.newest("bitstamp", "BTC-USD", 10)) == 10
    store.close()
    again = Ledger(url, answer=UNHURRIED)
    assert not again.record(issued())
    again.close()


@pytest.mark.parametrize(("before", "size"), [(None, 16384), (4096, 4096)])
def test_a_new_sqlite_file_has_pages_that_forecasts_fill_and_an_older_one_keeps_its_own(before, size, tmp_path):
    file = tmp_path / "ledger.db"
    if before:
        older = sqlite3.connect(file)
        older.execute(f"PRAGMA page_size={before}")
        older.execute("CREATE TABLE candles_of_another (time)")
        older.close()
    ledger = Ledger(f"sqlite:///{file}")
    assert ledger.record(issued())
    with ledger._database.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA page_size").scalar() == size
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    ledger.close()


def test_sqlite_writes_ahead_and_synchronises_fully(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with ledger._database.begin() as connection:
        pragmas = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]
    ledger.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "foo://host",
        "mysql://user:secret@host/db",
        "postgresql+none://user:secret@host/db",
        "postgres://user:secret@127.0.0.1:1/db",
        "postgresql://user:secret@127.0.0.1:1/db",
        "postgresql+psycopg://user:secret@127.0.0.1:1/db",
        "sqlite:////dev/null/x.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
    ],
)
def test_a_database_that_cannot_keep_a_ledger_says_which_setting_to_correct(url):
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_DATABASE_URL") as caught:
        Ledger(url).record(issued())
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, " * 100)
    with pytest.raises(ConfigurationError):
        Ledger(f"sqlite:///{file}").record(issued())
    assert file.read_text() == "not a database, " * 100


def test_a_database_that_could_not_be_opened_is_tried_again(tmp_path):
    folder = tmp_path / "folder"
    folder.write_text("in the way")
    ledger = Ledger(f"sqlite:///{folder / 'ledger.db'}")
    with pytest.raises(ConfigurationError):
        ledger.record(issued())
    folder.unlink()
    assert ledger.record(issued())
    ledger.close()


def test_two_processes_may_switch_a_new_sqlite_file_to_writing_ahead_at_once(tmp_path):
    other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE others (x)")
    other.execute("BEGIN IMMEDIATE")  # SQLite refuses the switch meanwhile, without waiting
    with ThreadPoolExecutor(1) as thread:
        ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
        kept = thread.submit(ledger.record, issued())
        with pytest.raises(TimeoutError):
            kept.result(timeout=0.5)
        other.execute("ROLLBACK")
        assert kept.result()
    other.close()
    ledger.close()


def test_reading_goes_on_while_another_process_writes(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.record(issued())
    writer = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert len(ledger.page().forecasts) == 1
    writer.execute("ROLLBACK")
    writer.close()
    ledger.close()


def test_threads_that_write_the_same_hours_keep_each_once(ledger, url):
    def write(_: int) -> tuple[int, int]:
        kept = sum(ledger.record(issued(hour)) for hour in range(20))
        return kept, ledger.settle("BTC-USD", "bitstamp", closing(20))

    with ThreadPoolExecutor(THREADS) as threads:
        kept, settled = zip(*threads.map(write, range(THREADS)), strict=True)
    assert sum(kept) == 20
    assert sum(settled) == 18 * 3 + 2 + 1  # of the newest two forecasts, two hours and one have closed
    assert len(everything(url)) == 20


def test_processes_that_start_at_once_on_a_new_database_all_keep_their_forecasts(url):
    code = (
        "import sys; from forecaster.ledger import Ledger; "
        "from tests.support.ledger.issued import issued, closing; sys.stdin.read()"
    )
    code += "; l = Ledger(sys.argv[1]); hour = int(sys.argv[2]); kept = l.record(issued(hour)) + l.record(issued(0))"
    code += "; l.settle('BTC-USD', 'bitstamp', closing(hour)); sys.exit(10 + kept)"
    starting = [
        subprocess.Popen([sys.executable, "-c", code, url, str(hour + 1)], cwd=ROOT, stdin=subprocess.PIPE)
        for hour in range(PROCESSES)
    ]
    for process in starting:
        process.stdin.close()
    exits = sorted(process.wait(60) for process in starting)
    assert exits == [11] * (PROCESSES - 1) + [12]
    assert len(everything(url)) == PROCESSES + 1


def test_writers_that_are_killed_lose_nothing_that_was_promised(url):
    promises = broken_off(url, KILLS)
    check(everything(url), promises)


def test_a_loss_or_a_double_would_be_noticed(url):
    promises, kept = broken_off(url, 1), everything(url)
    missing = next(promise for promise in promises if promise.what == "kept")
    with pytest.raises(AssertionError):
        check(kept + kept[:1], promises)
    with pytest.raises(AssertionError):
        check([each for each in kept if each.forecast.id != issued(missing.hour).id], promises)
