"""CandleStore, and LiveSource with it: a restart or an outage has the candles that were seen before."""

import asyncio
import logging
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from forecaster.errors import ConfigurationError, NoCandles
from forecaster.market.candles import Candles
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.store import CandleStore
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from forecaster.settings import ROOT
from tests.support.exchanges.fake import AMPLE, FakeExchanges, five_minutes_of
from tests.support.fakes import NOON, candles_ending
from tests.support.ledger.postgres import UNHURRIED, Server, postgres

NAMES = ("bitstamp", "coinbase")
PROCESSES = 4
TLS = ssl.create_default_context()  # slow to build: once for all tests
OpenLive = Callable[..., LiveSource]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres() as server:
        yield server


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new' / 'folder' / 'candles.db'}"


@pytest.fixture
def store(url: str) -> Iterator[CandleStore]:
    store = CandleStore(url)
    yield store
    store.close()


def test_candles_come_back_as_they_were_kept(store):
    candles = candles_ending()
    store.save("bitstamp", "BTC-USD", candles)
    assert store.newest("bitstamp", "BTC-USD", 300).rows() == candles.rows()
    assert store.newest("bitstamp", "BTC-USD", 5).rows() == candles[-5:].rows()


def test_exchanges_and_symbols_are_kept_apart(store):
    store.save("bitstamp", "BTC-USD", candles_ending())
    assert len(store.newest("bitstamp", "ETH-USD", 300)) == 0
    assert len(store.newest("kraken", "BTC-USD", 300)) == 0


def test_a_later_answer_about_an_hour_replaces_the_earlier_one(store):
    store.save("bitstamp", "BTC-USD", candles_ending(last_close=60_000.0))
    store.save("bitstamp", "BTC-USD", candles_ending(last_close=70_000.0, hours=2))
    kept = store.newest("bitstamp", "BTC-USD", 300)
    assert len(kept) == 300
    assert kept[-2:].rows() == candles_ending(last_close=70_000.0, hours=2).rows()
    assert kept[:-2].rows() == candles_ending(last_close=60_000.0)[:-2].rows()


def test_history_before_a_long_gap_is_not_taken_for_recent(store):
    store.save("bitstamp", "BTC-USD", candles_ending(NOON - 1000 * HOUR))
    store.save("bitstamp", "BTC-USD", candles_ending(hours=10))
    assert store.newest("bitstamp", "BTC-USD", 300).rows() == candles_ending(hours=10).rows()


def test_steps_are_kept_apart(store):
    fine = five_minutes_of(candles_ending(hours=3))
    store.save("bitstamp", "BTC-USD", candles_ending())
    store.save("bitstamp", "BTC-USD", fine)
    assert store.newest("bitstamp", "BTC-USD", 300).rows() == candles_ending().rows()
    kept = store.newest("bitstamp", "BTC-USD", 24, FIVE_MINUTES)
    assert (kept.rows(), kept.step) == (fine[-24:].rows(), FIVE_MINUTES)
    assert store.since("bitstamp", "BTC-USD", int(fine.time[-5]), FIVE_MINUTES).rows() == fine[-5:].rows()
    assert len(store.since("bitstamp", "BTC-USD", NOON)) == 0


BEFORE_STEPS = """
    CREATE TABLE candles (source VARCHAR(16) NOT NULL, symbol VARCHAR(16) NOT NULL, open_time BIGINT NOT NULL,
    open DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL, low DOUBLE PRECISION NOT NULL,
    close DOUBLE PRECISION NOT NULL, volume DOUBLE PRECISION NOT NULL, PRIMARY KEY (source, symbol, open_time))
"""


def database_from_before(url: str) -> Candles:
    """Makes the table as it was before candles had a step, and the hours that are in it."""
    from forecaster.database.engines import known_url, open_engine

    candles = candles_ending(hours=1500)
    engine = open_engine(known_url(url, "candle store"))
    with engine.begin() as connection:
        connection.exec_driver_sql(BEFORE_STEPS)
        for time, *prices in candles.rows():
            values = ", ".join(map(repr, (int(time), *prices)))
            connection.exec_driver_sql(f"INSERT INTO candles VALUES ('bitstamp', 'BTC-USD', {values})")
    engine.dispose()
    return candles


def upgraded_at_once(url: str) -> None:
    """Opens a database from before with several stores at the same time: all of them know its rows as hours."""
    candles = database_from_before(url)
    stores = [CandleStore(url) for _ in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as threads:
        kept = list(threads.map(lambda each: each.newest("bitstamp", "BTC-USD", 2000).rows(), stores))
    assert kept == [candles.rows()] * PROCESSES
    fine = five_minutes_of(candles[-2:])
    stores[0].save("bitstamp", "BTC-USD", fine)
    assert stores[1].newest("bitstamp", "BTC-USD", 24, FIVE_MINUTES).rows() == fine.rows()
    for store in stores:
        store.close()
    again = CandleStore(url)
    assert len(again.newest("bitstamp", "BTC-USD", 2000)) == 1500
    again.close()


def test_a_sqlite_file_from_before_steps_is_upgraded_in_place_once(tmp_path):
    upgraded_at_once(f"sqlite:///{tmp_path / 'candles.db'}")


def test_a_postgresql_database_from_before_steps_is_upgraded_in_place_once(server):
    upgraded_at_once(server.new_database())


def test_nothing_to_keep_is_no_error(store):
    store.save("bitstamp", "BTC-USD", Candles.from_rows([]))
    assert len(store.newest("bitstamp", "BTC-USD", 300)) == 0


def test_another_process_reads_while_one_writes(store, url):
    store.save("bitstamp", "BTC-USD", candles_ending())
    with sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("DELETE FROM candles")
        assert len(store.newest("bitstamp", "BTC-USD", 300)) == 300
        writer.execute("ROLLBACK")
    writer.close()


def write_at_once(url: str) -> list[int]:
    """Candles of each of several processes that were all ready before any opened the database, and saved 5."""
    code = "import sys; from forecaster.market.store import CandleStore; from tests.support.fakes import candles_ending"
    code += "; import sqlalchemy; print(flush=True); sys.stdin.read(); store = CandleStore(sys.argv[1])"
    code += "; store.save(sys.argv[2], 'BTC-USD', candles_ending(hours=5)); store.close()"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, url, f"exchange {number}"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.close()
    for writer in writers:
        assert writer.wait(60) == 0
        writer.stdout.close()
    store = CandleStore(url)
    kept = [len(store.newest(f"exchange {number}", "BTC-USD", 5)) for number in range(PROCESSES)]
    store.close()
    return kept


def test_processes_that_open_a_new_sqlite_file_at_once_all_keep_their_candles(tmp_path):
    assert write_at_once(f"sqlite:///{tmp_path / 'candles.db'}") == [5] * PROCESSES


def test_processes_that_open_a_new_postgresql_database_at_once_all_keep_their_candles(server):
    assert write_at_once(server.new_database()) == [5] * PROCESSES


def test_a_new_sqlite_file_that_another_process_has_locked_is_waited_for(tmp_path):
    other = sqlite3.connect(tmp_path / "candles.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE others (x)")
    other.execute("BEGIN IMMEDIATE")  # SQLite refuses to switch to writing ahead meanwhile, without waiting
    store = CandleStore(f"sqlite:///{tmp_path / 'candles.db'}")
    with ThreadPoolExecutor(1) as thread:
        kept = thread.submit(store.save, "bitstamp", "BTC-USD", candles_ending())
        with pytest.raises(TimeoutError):
            kept.result(timeout=0.5)
        other.execute("ROLLBACK")
        assert kept.result() is None
    other.close()
    assert len(store.newest("bitstamp", "BTC-USD", 300)) == 300
    store.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_name_of_postgresql_is_understood(scheme, server):
    store = CandleStore(server.new_database().replace("postgresql", scheme, 1), answer=UNHURRIED)
    store.save("bitstamp", "BTC-USD", candles_ending(last_close=60_000.0))
    store.save("bitstamp", "BTC-USD", candles_ending())
    assert store.newest("bitstamp", "BTC-USD", 300).rows() == candles_ending().rows()
    store.close()


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "foo://host",
        "mysql://user:secret@host/db",
        "postgres://user:secret@127.0.0.1:1/db",
        "postgresql://user:secret@127.0.0.1:1/db",
        "sqlite:////dev/null/x.db",
        "sqlite://",
    ],
)
def test_a_store_that_cannot_be_opened_says_which_setting_to_correct(url):
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_DATABASE_URL") as caught:
        CandleStore(url).save("bitstamp", "BTC-USD", candles_ending())
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_is(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("not a database, " * 100)
    with pytest.raises(ConfigurationError):
        CandleStore(f"sqlite:///{file}").newest("bitstamp", "BTC-USD", 300)
    assert file.read_text() == "not a database, " * 100


def test_rows_that_were_spoilt_in_the_file_are_not_served(store, url):
    store.save("bitstamp", "BTC-USD", candles_ending())
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
        connection.execute("UPDATE candles SET high = 1.0")
    connection.close()
    with pytest.raises(ConfigurationError, match="not candles"):
        store.newest("bitstamp", "BTC-USD", 300)


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(candles_ending(), NOON + 600) as fake:
        yield fake


@pytest.fixture
async def open_live(fake: FakeExchanges) -> AsyncIterator[OpenLive]:
    opened: list[LiveSource] = []

    def open_live(url: str, clock_error: float = 0.0) -> LiveSource:
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name]) for name in NAMES]
        opened.append(LiveSource(exchanges, CandleStore(url), clock=lambda: fake.time() + clock_error, budget=AMPLE))
        return opened[-1]

    yield open_live
    for source in opened:
        await source.close()


async def test_after_a_restart_in_an_outage_stored_candles_serve_and_say_so(open_live, fake, url):
    before = open_live(url)
    await before.latest("BTC-USD", 60)
    await before.close()
    fake.fail("all", "403")
    snapshot = await open_live(url).latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.as_of, snapshot.age) == ("bitstamp", NOON, 600)
    assert snapshot.candles.rows() == fake.candles[-60:].rows()
    assert snapshot.warnings == (ForecastWarning.STALE_CANDLES,)
    assert "closed 10 minutes ago" in snapshot.notes[0]
    assert "bitstamp refused access (403), coinbase refused access (403)" in snapshot.notes[0]


@pytest.mark.parametrize("hours", [-2, 1])
async def test_stored_candles_two_hours_old_or_from_the_future_do_not_serve(hours, open_live, fake, store, url):
    store.save("bitstamp", "BTC-USD", candles_ending(NOON + hours * HOUR))
    fake.now = NOON
    fake.fail("all", "403")
    with pytest.raises(NoCandles):
        await open_live(url).latest("BTC-USD", 60)


async def test_stored_candles_are_judged_by_the_clock_of_the_exchanges(open_live, fake, store, url):
    store.save("bitstamp", "ETH-USD", candles_ending(NOON, last_close=2_150.0))
    source = open_live(url, clock_error=30 * 24 * HOUR)
    await source.latest("BTC-USD", 60)
    fake.fail("all", "403")
    assert (await source.latest("ETH-USD", 60)).age == 600


async def test_the_newest_stored_candles_serve_and_two_exchanges_are_never_mixed(open_live, fake, store, url):
    store.save("bitstamp", "BTC-USD", candles_ending(NOON - HOUR, last_close=60_000.0))
    store.save("coinbase", "BTC-USD", candles_ending(NOON, hours=60, last_close=70_000.0))
    fake.fail("all", "403")
    snapshot = await open_live(url).latest("BTC-USD", 300)
    assert snapshot.source == "coinbase"
    assert snapshot.candles.rows() == candles_ending(NOON, hours=60, last_close=70_000.0).rows()


async def test_stored_candles_that_nothing_can_be_forecast_from_do_not_serve(open_live, fake, store, url):
    store.save("bitstamp", "BTC-USD", candles_ending(NOON - HOUR, last_close=60_000.0))
    store.save("coinbase", "BTC-USD", candles_ending(NOON, hours=59))
    fake.fail("all", "403")
    assert (await open_live(url).latest("BTC-USD", 60)).source == "bitstamp"


async def test_a_broken_store_is_warned_of_once_and_serving_goes_on(open_live, fake, caplog):
    source = open_live("sqlite:////dev/null/candles.db")
    with caplog.at_level(logging.WARNING):
        for symbol in ("BTC-USD", "ETH-USD"):
            assert (await source.latest(symbol, 60)).as_of == NOON
        await source.close()
    assert [record.name for record in caplog.records] == ["forecaster.database.health"]
    assert "CRYPTOSENSE_DATABASE_URL" in caplog.text


async def test_a_store_that_is_locked_does_not_hold_up_the_answer(open_live, fake, store, url):
    store.save("bitstamp", "BTC-USD", candles_ending(NOON - 5 * HOUR))
    writer = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    source = open_live(url)
    async with asyncio.timeout(3):
        assert (await source.latest("BTC-USD", 60)).as_of == NOON
    writer.execute("ROLLBACK")
    writer.close()
    await source.close()
    assert store.newest("bitstamp", "BTC-USD", 1).time[-1] == NOON - HOUR
