"""Kill -9 during ledger writes, 200 times on each database: python -m pytest tests/soak/ledger_kills.py (minutes).

The name of this file keeps it out of the usual run, where tests/forecaster/database/test_access.py is a short version.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ledger.kills import Process, broken_off, check, everything
from tests.support.ledger.postgres import Server, postgres

KILLS = 200
CRASHES = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


def test_200_writers_killed_on_sqlite_lose_nothing_that_was_promised(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    promises = broken_off(url, KILLS)
    check(everything(url), promises)


def test_200_writers_killed_on_postgresql_lose_nothing_that_was_promised(server):
    url = server.new_database()
    promises = broken_off(url, KILLS)
    check(everything(url), promises)


def test_a_postgresql_that_crashes_20_times_loses_nothing_that_was_promised(server):
    def crash(writer: Process) -> None:
        server.kill()
        writer.wait()
        server.start()

    url = server.new_database()
    promises = broken_off(url, CRASHES, crash)
    check(everything(url), promises)
