"""One of those who share a PostgreSQL leads, whatever becomes of it, of its connection and of the server."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import create_engine, text

from forecaster.database.engines import known_url
from forecaster.database.leader import LOCK, Leader, Work
from forecaster.errors import DatabaseError
from forecaster.settings import ROOT
from tests.support.ledger.postgres import UNHURRIED, Server, postgres

EVERY = 0.05  # seconds between two looks at the lock
SHORT = 1.5  # seconds for the server to answer, where a test waits for that to pass
PATIENCE = 60
LEADS = """
import asyncio, sys
from forecaster.database import Leader

async def work(stop):
    print("leads", flush=True)
    await stop.wait()

def told(leads):
    print("told", leads, flush=True)

asyncio.run(Leader(sys.argv[1], told, every=0.1, answer=float(sys.argv[2])).run(work, asyncio.Event()))
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    """The URL of a database that works before and after."""
    yield server.new_database()
    server.thaw()


class Replica:
    """What one process does for all, for as long as it leads."""

    def __init__(self, url: str, answer: float = UNHURRIED, work: Work | None = None) -> None:
        self.stop = asyncio.Event()
        self.works = False
        self.begun = 0
        self.told: list[bool] = []
        leader = Leader(url, self.told.append, every=EVERY, answer=answer)
        self.running = asyncio.create_task(leader.run(work or self._work, self.stop))

    async def _work(self, stop: asyncio.Event) -> None:
        assert stop is self.stop
        self.works, self.begun = True, self.begun + 1
        try:
            await asyncio.Event().wait()
        finally:
            self.works = False

    async def end(self) -> None:
        self.stop.set()
        async with asyncio.timeout(PATIENCE):
            await self.running


@asynccontextmanager
async def replicas(url: str, count: int, answer: float = UNHURRIED):
    """So many, of which one leads already where there is more than one."""
    every = [Replica(url, answer) for _ in range(count)]
    try:
        yield every
    finally:
        for each in every:
            await each.end()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


def working(every: list[Replica]) -> list[Replica]:
    return [each for each in every if each.works]


def in_database(url: str, statement: str) -> None:
    engine = create_engine(known_url(url, "database"))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


async def test_of_several_one_leads_and_when_it_stops_another_takes_over(database):
    async with replicas(database, 3) as every:
        for left in (3, 2, 1):
            await until(lambda: working(every))
            await asyncio.sleep(10 * EVERY)  # in which the others have looked at the lock
            (first,) = working(every)
            assert sum(each.begun for each in every) == 4 - left
            await first.end()
            assert first.told == [True, False]
    assert [each.told for each in every] == [[True, False]] * 3


async def test_two_installations_in_one_database_lead_apart(server):
    async with replicas(server.new_database(), 1) as one, replicas(server.new_database(), 1) as other:
        await until(lambda: working(one) and working(other))


async def test_a_leader_whose_connection_is_killed_ends_its_work_and_somebody_leads_again(database, caplog):
    async with replicas(database, 2) as every:
        await until(lambda: working(every))
        (first,) = working(every)
        killed = f"SELECT pg_terminate_backend(pid) FROM pg_locks WHERE classid = {LOCK} AND granted"
        await asyncio.to_thread(in_database, database, killed)
        await until(lambda: first.told[:2] == [True, False])
        await until(lambda: len(working(every)) == 1 and sum(each.begun for each in every) == 2)
    assert "who leads does not answer" in caplog.text


async def test_while_the_server_is_away_nobody_leads_which_the_log_tells_once(database, server, caplog):
    async with replicas(database, 1) as (replica,):
        await until(lambda: replica.works)
        await asyncio.to_thread(server.kill)
        await until(lambda: not replica.works)
        await asyncio.sleep(10 * EVERY)
        await asyncio.to_thread(server.start)
        await until(lambda: replica.works)
    said = [record.getMessage() for record in caplog.records]
    assert said == [f"{DatabaseError('database that says who leads', 'does not answer')} Going on without it.",
                    "The database works again."]  # fmt: skip
    assert replica.told == [True, False] * 2


async def test_a_server_that_is_frozen_ends_the_work_of_who_leads(database, server):
    async with replicas(database, 1, answer=SHORT) as (replica,):
        await until(lambda: replica.works)
        server.freeze()
        await until(lambda: not replica.works)
        await asyncio.to_thread(server.thaw)
        await until(lambda: replica.works)


async def test_who_stops_while_the_server_is_frozen_waits_for_it_no_longer_than_an_answer_may_take(database, server):
    async with replicas(database, 2, answer=SHORT) as every:
        await until(lambda: working(every))
        server.freeze()
        for each in every:
            await each.end()
    assert not working(every)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
async def test_where_the_leading_process_is_killed_or_stands_still_another_takes_over(how, database):
    command = [sys.executable, "-c", LEADS, database, str(SHORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert [process.stdout.readline() for _ in range(2)] == ["told True\n", "leads\n"]
            async with replicas(database, 1) as (replica,):
                await asyncio.sleep(10 * EVERY)
                assert not replica.works
                process.send_signal(how)
                await until(lambda: replica.works)  # of who stands still, once its lease is over
                if how == signal.SIGSTOP:
                    process.send_signal(signal.SIGCONT)
                    assert await asyncio.to_thread(process.stdout.readline) == "told False\n"
                    assert replica.works
        finally:
            process.kill()


async def test_on_sqlite_the_process_leads_at_once_and_says_nothing_of_it(tmp_path, caplog):
    caplog.set_level("INFO")
    async with replicas(f"sqlite:///{tmp_path / 'ledger.db'}", 2) as every:
        await until(lambda: all(each.works for each in every))
    assert [each.told for each in every] == [[True, False]] * 2
    assert caplog.records == [] and not [*tmp_path.iterdir()]


@pytest.mark.parametrize("url", ["nonsense", "mysql://user:secret@host/db", "postgresql://user:secret@127.0.0.1:1/db"])
async def test_without_a_database_that_could_be_asked_nobody_leads(url, caplog):
    async with replicas(url, 1) as (replica,):
        await until(lambda: caplog.records)
        await asyncio.sleep(10 * EVERY)
    assert replica.told == [] and len(caplog.records) == 1 and "secret" not in caplog.text


async def test_work_that_is_over_is_not_begun_again_and_what_it_raises_is_raised(database):
    async def done(stop: asyncio.Event) -> None:
        """Nothing is to be done."""

    async def fails(stop: asyncio.Event) -> None:
        raise KeyError("of a kind that nobody expects")

    async with asyncio.timeout(PATIENCE):
        await Leader(database, every=EVERY, answer=UNHURRIED).run(done, asyncio.Event())
        with pytest.raises(KeyError):
            await Leader(database, every=EVERY, answer=UNHURRIED).run(fails, asyncio.Event())
        async with replicas(database, 1) as (replica,):  # the lock is free
            await until(lambda: replica.works)


@pytest.mark.parametrize("stops", [False, True])
async def test_who_is_cancelled_ends_its_work_to_the_end_and_leaves_the_lock_to_the_next(stops, database):
    ended = asyncio.Event()

    async def work(stop: asyncio.Event) -> None:
        try:
            first.works = True
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.1)
            ended.set()

    first = Replica(database, work=work)
    await until(lambda: first.works)
    if stops:
        first.stop.set()
        await asyncio.sleep(0.05)  # the work is ending when the cancellation comes
    first.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first.running
    assert ended.is_set() and first.told == [True, False]
    async with replicas(database, 1) as (second,):
        await until(lambda: second.works)
