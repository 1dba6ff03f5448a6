"""A database that hangs or breaks under the whole service: who needs it hears so, everybody else is answered."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecaster.database.access import ANSWER
from forecaster.database.faults import SILENT, SLOW, UNWRITTEN
from forecaster.database.threads import WITHIN
from forecaster.schema import HOUR
from tests.support.exchanges.fake import FakeExchanges
from tests.support.exchanges.outages import service, tape_at_noon
from tests.support.ledger.postgres import Server, postgres
from tests.support.service.serving import assert_problem

PROMISE = 3.0  # seconds for an answer, whatever the database does
BUSY = 3  # times as long on a machine that does other things
PATIENCE = 60  # seconds for what is waited for
CALLERS = 50
MOST_THREADS = 4 + 1 + 1 + 1  # that read and write the ledger and the candle store
READS = ("/v1/forecasts", "/v1/track-record", "/v1/forecasts/fc_1", "/v1/forecasts?symbol=ETH-USD")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with tape_at_noon() as fake:
        yield fake


@pytest.fixture
def frozen(server: Server) -> Iterator[Server]:
    """A server that a test may freeze."""
    yield server
    server.thaw()


async def forecast(client, symbol="BTC-USD"):
    """The forecast that is issued from the newest candles."""
    answer = await client.post("/v1/forecast", json={"symbol": symbol})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def until(client, path, status, holds=lambda answer: True):
    """The first answer of that status of which something holds."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await client.get(path)).status_code != status or not holds(answer):
            await asyncio.sleep(0.05)
    return answer


async def readiness(client, expected):
    """/readyz once it says so."""
    return (await until(client, "/readyz", 200, lambda answer: answer.json()["status"] == expected)).json()


async def timed(asking):
    """An answer, and how many seconds it took."""
    start = time.perf_counter()
    return await asking, time.perf_counter() - start


def database_threads():
    return [each for each in threading.enumerate() if each.name.startswith(("ledger", "candle store"))]


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


AGAIN = "The database works again."
HEALTH = "forecaster.database.health"  # the log's name for it


def said(caplog):
    """What the log said about the database as such."""
    return [record.getMessage() for record in caplog.records if record.name == HEALTH]


def told_once(lines):
    """Whether nothing is told twice until the database works again; a slow machine may find it too slow once more."""
    return all(change.count(line) <= 1 for change in "\n".join(lines).split(AGAIN) for line in set(lines) - {AGAIN})


def merely_slow(lines):
    """Whether nothing worse is told than that a database that works was too slow on a busy machine, and is no more."""
    slow = [line for line in lines if any(f" {cause}. " in line for cause in (SILENT, SLOW, UNWRITTEN))]
    return {*lines} <= {*slow, AGAIN} and lines[-1:] in ([], [AGAIN])


def test_the_limits_are_shorter_than_the_promise():
    assert ANSWER < WITHIN < PROMISE


async def test_while_postgresql_is_frozen_every_answer_comes_in_time_and_later_all_is_made_up_for(
    fake, shipped, frozen, caplog
):
    others = set(database_threads())  # of tests before this one
    async with service(fake, shipped, database_url=frozen.new_database()) as client:
        earlier = await forecast(client)
        await until(client, f"/v1/forecasts/{earlier['id']}", 200)
        before = open_files()
        frozen.freeze()
        fake.now += HOUR

        reading = [timed(client.get(READS[number % len(READS)])) for number in range(CALLERS)]
        given = [timed(client.get(path)) for path in ("/readyz", "/metrics", "/healthz", "/v1/candles?symbol=BTC-USD")]
        issued = [timed(client.post("/v1/forecast", json={"symbol": "BTC-USD"})) for _ in range(10)]
        told = await asyncio.gather(*reading, *given, *issued)

        assert max(seconds for _, seconds in told) < PROMISE * BUSY
        for answer, _ in told[:CALLERS]:
            assert_problem(answer, 503)
            assert answer.headers["retry-after"] == "5"
        assert Counter(answer.status_code for answer, _ in told[CALLERS:]) == {200: len(given) + len(issued)}
        assert len(set(database_threads()) - others) <= MOST_THREADS
        assert open_files() - before <= 4 * MOST_THREADS
        again = (await readiness(client, "degraded"))["degraded"]
        assert [each["part"] for each in again] == ["database"]
        assert "cryptosense_database_up 0.0" in (await client.get("/metrics")).text
        later = told[-1][0].json()
        assert later["id"] != earlier["id"]
        frozen.thaw()
        await readiness(client, "ready")
        assert (await until(client, f"/v1/forecasts/{later['id']}", 200)).json()["forecast"]["id"] == later["id"]
        assert "cryptosense_database_up 1.0" in (await client.get("/metrics")).text
    lines = said(caplog)
    assert lines[-1] == AGAIN and len(lines) <= 9 and told_once(lines)


async def test_a_service_that_starts_while_postgresql_is_frozen_answers_and_takes_the_ledger_up_later(
    fake, shipped, frozen
):
    url = frozen.new_database()
    async with service(fake, shipped, database_url=url) as client:
        standing = await forecast(client)
        await until(client, f"/v1/forecasts/{standing['id']}", 200)
    frozen.freeze()
    async with service(fake, shipped, database_url=url) as client:
        _, seconds = await timed(forecast(client))
        assert seconds < PROMISE * BUSY
        assert_problem(await client.get("/v1/forecasts"), 503)
        await readiness(client, "degraded")
        frozen.thaw()
        await readiness(client, "ready")
        assert (await client.get("/v1/forecasts")).json()["forecasts"][0]["forecast"]["id"] == standing["id"]
        taken_up = await forecast(client)
        assert (taken_up["id"], taken_up["as_of"]) == (standing["id"], standing["as_of"])
        for told, before in zip(taken_up["horizons"], standing["horizons"], strict=True):
            # computed anew, in a batch of another size, or read from a row: both round
            assert told["quantiles"] == pytest.approx(before["quantiles"], rel=1e-7)
            assert told["probability_up"] == pytest.approx(before["probability_up"], abs=1e-5)


async def test_candles_do_not_wait_for_a_frozen_store_where_no_exchange_has_any(fake, shipped, frozen):
    async with service(fake, shipped, database_url=frozen.new_database()) as client:
        fake.fail("all", "403")
        frozen.freeze()
        answer, seconds = await timed(client.get("/v1/price?symbol=BTC-USD"))
        assert_problem(answer, 503)
        assert seconds < PROMISE * BUSY
        frozen.thaw()


class Fault:
    """A way in which an SQLite file fails, and how it comes back."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def begin(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        raise NotImplementedError


class Locked(Fault):
    """Another program writes for long."""

    says, readable = "", True

    def begin(self):
        self.other = sqlite3.connect(self.file, isolation_level=None)
        self.other.execute("BEGIN IMMEDIATE")

    def end(self):
        self.other.execute("ROLLBACK")
        self.other.close()


class Gone(Fault):
    """Its folder was deleted, and something else lies in its place."""

    says, readable = "cannot be opened", False

    def begin(self):
        self.file.parent.rename(self.file.parent.with_suffix(".old"))
        self.file.parent.write_text("in the way")

    def end(self):
        self.file.parent.unlink()


@pytest.mark.parametrize("kind", [Locked, Gone])
async def test_a_broken_sqlite_file_degrades_the_service_until_it_is_mended(kind, fake, shipped, tmp_path, caplog):
    file = tmp_path / "data" / "ledger.db"
    fault = kind(file)
    async with service(fake, shipped, database_url=f"sqlite:///{file}") as client:
        earlier = await forecast(client)
        await until(client, f"/v1/forecasts/{earlier['id']}", 200)
        assert (await client.get("/readyz")).json() == {"status": "ready", "parts": {"model": "ready"}}
        fault.begin()
        fake.now += HOUR
        caplog.clear()
        later = await forecast(client)
        [degraded] = (await readiness(client, "degraded"))["degraded"]
        assert degraded["part"] == "database" and fault.says in degraded["detail"]
        assert (await forecast(client))["id"] == later["id"]
        if kind.readable:
            assert (await client.get(f"/v1/forecasts/{earlier['id']}")).status_code == 200
        else:
            assert_problem(await client.get("/v1/forecasts"), 503)
        assert (await readiness(client, "degraded"))["parts"] == {"model": "ready"}
        fault.end()
        await readiness(client, "ready")
        await until(client, f"/v1/forecasts/{later['id']}", 200)
    lines = said(caplog)
    assert lines[-1] == AGAIN and told_once(lines)


async def test_a_damaged_sqlite_file_degrades_the_service_until_it_is_moved_away(fake, shipped, tmp_path, caplog):
    file = tmp_path / "ledger.db"
    file.write_bytes(b"no database " * 10_000)
    async with service(fake, shipped, database_url=f"sqlite:///{file}") as client:
        issued = await forecast(client)
        assert_problem(await client.get("/v1/forecasts"), 503)
        [degraded] = (await readiness(client, "degraded"))["degraded"]
        assert "is damaged" in degraded["detail"]
        file.rename(tmp_path / "old.db")
        await readiness(client, "ready")
        await until(client, f"/v1/forecasts/{issued['id']}", 200)
    lines = said(caplog)
    assert lines[-1] == AGAIN and told_once(lines)


async def test_a_sqlite_file_that_was_deleted_is_begun_anew(fake, shipped, tmp_path, caplog):
    file = tmp_path / "ledger.db"
    async with service(fake, shipped, database_url=f"sqlite:///{file}") as client:
        earlier = await forecast(client)
        await until(client, f"/v1/forecasts/{earlier['id']}", 200)
        file.unlink()
        fake.now += HOUR
        later = await forecast(client)
        await until(client, f"/v1/forecasts/{later['id']}", 200)
        assert (await client.get(f"/v1/forecasts/{earlier['id']}")).status_code == 404
        assert file.exists()
        await readiness(client, "ready")
    assert "ledger was moved or deleted" in caplog.text
    lines = said(caplog)
    assert told_once(lines) and merely_slow(lines)
    others = {record.levelno for record in caplog.records if record.name != HEALTH}
    assert others and max(others) < logging.ERROR
