"""docs/operations.md: its backups are restored by its own lines, and what it says is seen is what the service says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import MetaData, create_engine, select, text
from sqlalchemy.exc import DBAPIError

from api.middleware.metrics import Metrics
from forecaster.alerts import Wanted
from forecaster.alerts.store import Store
from forecaster.alerts.watcher import READ_AGAIN
from forecaster.database.access import ANSWER
from forecaster.database.engines import known_url
from forecaster.database.leader import EVERY
from forecaster.ledger.ledger import Ledger
from forecaster.market.store import CandleStore
from forecaster.settings import ROOT
from tests.support.fakes import NOON
from tests.support.ledger.issued import closing, issued
from tests.support.ledger.kills import Promise, check, everything
from tests.support.ledger.postgres import UNHURRIED, Server
from tests.support.needs import require

PAGE = (ROOT / "docs" / "operations.md").read_text()
COMMANDS = dict(re.findall(r"^```sh\n# (.*)\n((?:.*\n)*?)```", PAGE, re.M))
CROSSES = {"kind": "price", "above": 100.0}
PROMISED = 80  # before a backup is made


class Place(NamedTuple):
    """Where a ledger lies: for the service, and for the lines of the page."""

    url: str
    named: str


def on_sqlite(folder: Path, number: int) -> Place:
    file = folder / f"ledger{number}.db"
    return Place(f"sqlite:///{file}", str(file))


def on_postgresql(server: Server) -> Place:
    """A database of its own, since a dump holds a whole one."""
    somewhere = server.new_database()
    name = somewhere.rpartition("%3D")[2]
    engine = create_engine(known_url(somewhere, "ledger"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    url = somewhere.partition("&options")[0].replace("/postgres?", f"/{name}?")
    return Place(url, url)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def places(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> list[Place]:
    """The service's, and two to restore it to."""
    if kind == "SQLite":
        return [on_sqlite(tmp_path, number) for number in range(3)]
    server = request.getfixturevalue("postgresql")
    return [on_postgresql(server) for _ in range(3)]


def run(name: str, **variables: str) -> None:
    """The lines of the page under that name."""
    programs = require("postgresql") if "PostgreSQL" in name else require("sqlite3").parent
    path = os.pathsep.join((str(programs), os.environ.get("PATH", os.defpath)))
    done = subprocess.run(
        ["sh", "-c", COMMANDS[name]], env=os.environ | variables | {"PATH": path}, capture_output=True, text=True,
        timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def restored(kind: str, backup: Path, to: Place) -> None:
    run(f"restore {kind}", BACKUP=str(backup), **{"LEDGER" if kind == "SQLite" else "RESTORED": to.named})


@contextmanager
def writing(url: str) -> Iterator[Iterator[Promise]]:
    """What a process promises that forecasts and settles until the end."""
    command = [sys.executable, "-m", "tests.support.ledger.writer", url, "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        yield (Promise(what, int(hour)) for what, hour in map(str.split, process.stdout))
        process.kill()


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table."""
    engine, tables = create_engine(known_url(url, "ledger")), MetaData()
    tables.reflect(engine)
    with engine.connect() as connection:
        found = {name: sorted(map(repr, connection.execute(select(of)))) for name, of in tables.tables.items()}
    engine.dispose()
    return found


def with_an_alert_and_candles(url: str) -> None:
    store = Store(url, answer=UNHURRIED)
    store.add("alice", Wanted(symbol="BTC-USD", condition=CROSSES, webhook="https://a.example/1"), NOON)
    store.close()
    candles = CandleStore(url, answer=UNHURRIED)
    candles.save("bitstamp", "BTC-USD", closing(0))
    candles.close()


def test_a_backup_under_way_holds_all_that_was_promised_before_and_one_at_rest_every_row(kind, places, tmp_path):
    service, early, late = places
    with_an_alert_and_candles(service.url)
    with writing(service.url) as promises:
        before = list(islice(promises, PROMISED))
        run(f"back up {kind}", LEDGER=service.named, BACKUP=str(tmp_path / "early"))
    run(f"back up {kind}", LEDGER=service.named, BACKUP=str(tmp_path / "late"))
    restored(kind, tmp_path / "early", early)
    check(everything(early.url), before)
    if kind == "SQLite":  # there is another one yet, whose process was killed
        for ending in ("", "-wal", "-shm"):
            Path(late.named + ending).write_bytes(b"what was there before")
    restored(kind, tmp_path / "late", late)
    found = rows(late.url)
    assert found == rows(service.url) and {"alerts", "candles", "forecasts", "grades"} <= {n for n in found if found[n]}


def test_what_was_restored_takes_forecasts_and_refuses_changes_as_before(kind, places, tmp_path):
    service, other, _ = places
    ledger = Ledger(service.url, answer=UNHURRIED)
    assert ledger.record(issued(0))
    ledger.close()
    run(f"back up {kind}", LEDGER=service.named, BACKUP=str(tmp_path / "backup"))
    restored(kind, tmp_path / "backup", other)
    again = Ledger(other.url, answer=UNHURRIED)
    assert not again.record(issued(0)) and again.record(issued(1))
    assert again.settle("BTC-USD", "bitstamp", closing(2)) == 3
    engine = create_engine(known_url(other.url, "ledger"))
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text("UPDATE forecasts SET symbol = 'ETH-USD'"))
    engine.dispose()
    again.close()


def test_every_command_of_the_page_is_run_here():
    assert len(re.findall(r"^```sh$", PAGE, re.M)) == len(COMMANDS) == 4


def test_metrics_and_rules_that_the_page_names_are_there():
    shown = Metrics().text().decode()
    rules = (ROOT / "docs" / "monitoring" / "cryptosense.rules.yml").read_text()
    named, alerts = set(re.findall(r"`(cryptosense_\w+)", PAGE)), set(re.findall(r"`(CryptoSense\w+)`", PAGE))
    assert len(named) > 5 and len(alerts) > 5
    assert [each for each in named if f"# TYPE {each} " not in shown] == []
    assert [each for each in alerts if f"- alert: {each}\n" not in rules] == []


def test_what_the_page_says_the_log_tells_is_what_it_tells():
    source = "".join(path.read_text() for path in sorted((ROOT / "forecaster").rglob("*.py")))
    source += (ROOT / "api" / "middleware" / "limits.py").read_text()
    told = re.findall(r"`((?:This replica|Going|No forecast|The one|The database|Valkey|database)\b[^`]*)`", PAGE)
    assert len(told) == 8
    assert [each for each in told if each not in source] == []


def test_times_that_the_page_names_are_those_of_the_service():
    words = re.sub(r"\s+", " ", PAGE)
    assert "look every three seconds" in words and EVERY == 3.0
    assert "gives up after five seconds" in words and EVERY + ANSWER == 5.0
    assert "after 14 seconds without a sign" in words and 2 * (EVERY + 2 * ANSWER) == 14.0
    assert "another replica is watched within five seconds" in words and READ_AGAIN == 5.0
