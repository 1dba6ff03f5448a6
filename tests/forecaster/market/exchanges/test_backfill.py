"""History page by page from exchanges that a local server imitates: whole, polite, and honest about what is missing."""

import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from forecaster.errors import ConfigurationError, DataFileError, InvalidInput, SourceError, UnsupportedSymbol
from forecaster.market.candles import Candles
from forecaster.market.exchanges.backfill import backfill, fetch_history, fetch_steps, outs_of
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.files import read_candles, write_candles
from forecaster.market.kept_history import stored, written
from forecaster.market.store import CandleStore
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.settings import Settings
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import NOON, candles_ending

NOW = NOON + 240
HISTORY = candles_ending(hours=2500)
START = NOON - 2400 * HOUR
TLS = ssl.create_default_context()  # slow to build: once for all tests
with_old_history = pytest.mark.parametrize("name", ["bitstamp", "coinbase", "binance"])


@pytest.fixture(scope="module")
def server() -> Iterator[FakeExchanges]:
    with FakeExchanges(HISTORY, NOW) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeExchanges) -> FakeExchanges:
    server.heal()
    server.candles, server.now = HISTORY, NOW
    server.calls.clear()
    server.queries.clear()
    return server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS, timeout=60) as client:
        yield client


class Waits(list[float]):
    """Notes how long it was asked to sleep, and does not."""

    async def sleep(self, seconds: float) -> None:
        self.append(seconds)


class Steps(list[tuple[int, int]]):
    """Notes the progress reported."""

    def note(self, done: int, total: int) -> None:
        self.append((done, total))


def open_exchange(name: str, fake: FakeExchanges, client: httpx.AsyncClient) -> Exchange:
    return EXCHANGES[name](client, fake.urls[name], clock=lambda: NOW)


async def history(exchange: Exchange, start: int = START, end: int = NOW, symbol: str = "BTC-USD") -> Candles:
    return await backfill(exchange, symbol, start, end, on_progress=Steps().note, sleep=Waits().sleep)


def without(candles: Candles, first: int, hours: int) -> Candles:
    """The candles with a hole of `hours` hours that opens at `first`."""
    return Candles.from_rows(row for row in candles.rows() if not first <= row[0] < first + hours * HOUR)


@with_old_history
async def test_every_hour_since_the_start_comes_once_and_the_forming_one_does_not(name, fake, client):
    candles = await history(open_exchange(name, fake, client))
    assert candles.rows() == HISTORY.since(START).rows()
    pages = -(-2400 // (EXCHANGES[name].max_rows - 1))
    assert fake.calls[name] <= pages + 1


@with_old_history
async def test_the_end_is_not_included(name, fake, client):
    candles = await history(open_exchange(name, fake, client), end=NOON - 100 * HOUR)
    assert candles.rows() == HISTORY.since(START)[:-100].rows()


async def test_an_hour_that_the_first_page_just_missed_is_fetched_too(fake, client):
    start = NOON - 1001 * HOUR
    candles = await history(open_exchange("bitstamp", fake, client), start)
    assert candles.rows() == HISTORY.since(start).rows()


async def test_a_clock_of_ours_that_is_days_ahead_does_no_harm(fake, client):
    candles = await history(open_exchange("bitstamp", fake, client), end=NOW + 100 * HOUR)
    assert candles.rows() == HISTORY.since(START).rows()


async def test_recent_history_comes_from_kraken_too(fake, client):
    start = NOON - 700 * HOUR
    candles = await history(open_exchange("kraken", fake, client), start)
    assert candles.rows() == HISTORY.since(start).rows()


async def test_kraken_says_that_it_has_no_older_history(fake, client):
    with pytest.raises(SourceError) as caught:
        await history(open_exchange("kraken", fake, client))
    assert str(caught.value) == (
        "kraken has no history before 2026-02-17. "
        "Choose a later --from or another --exchange, or try again in a minute."
    )
    assert fake.calls["kraken"] == 1


async def test_it_pauses_between_pages_and_reports_progress(fake, client):
    waits, steps = Waits(), Steps()
    exchange = open_exchange("bitstamp", fake, client)
    await backfill(exchange, "BTC-USD", START, NOW, on_progress=steps.note, pause=0.7, sleep=waits.sleep)
    assert fake.calls["bitstamp"] == 3
    assert waits == [0.7, 0.7]
    assert steps == [(1000, 2400), (1999, 2400), (2400, 2400)]


async def test_hours_without_a_trade_stay_missing(fake, client):
    fake.candles = without(HISTORY, NOON - 1500 * HOUR, 100)
    candles = await history(open_exchange("coinbase", fake, client))
    assert candles.rows() == fake.candles.since(START).rows()


async def test_the_newest_hour_not_yet_published_is_no_failure(fake, client):
    fake.candles = HISTORY[:-2]
    candles = await history(open_exchange("coinbase", fake, client))
    assert candles.rows() == HISTORY.since(START)[:-2].rows()


async def test_a_hole_longer_than_a_page_is_an_error_and_not_a_short_file(fake, client):
    fake.candles = without(HISTORY, NOON - 1500 * HOUR, 400)
    with pytest.raises(SourceError, match="coinbase has no history after 2026-01-15"):
        await history(open_exchange("coinbase", fake, client))


async def test_a_server_that_repeats_its_page_does_not_keep_us():
    """Such as one that ignores where to start."""

    def again(_: httpx.Request) -> httpx.Response:
        page = [[at * 1000, str(o), str(h), str(lo), str(c), str(v), 0] for at, o, h, lo, c, v in HISTORY[:100].rows()]
        calls.append(1)
        return httpx.Response(200, json=page)

    calls: list[int] = []
    async with httpx.AsyncClient(transport=httpx.MockTransport(again)) as stuck:
        exchange = EXCHANGES["binance"](stuck, "http://exchange", clock=lambda: NOW)
        with pytest.raises(SourceError, match="has no history after"):
            await history(exchange, int(HISTORY.time[0]))
    assert len(calls) == 2


async def test_a_page_that_fails_is_asked_for_again_after_as_long_as_the_exchange_wants(fake, client):
    waits = Waits()

    async def heal(seconds: float) -> None:
        fake.heal()
        await waits.sleep(seconds)

    fake.fail("bitstamp", "429", Retry_After="30")
    exchange = open_exchange("bitstamp", fake, client)
    candles = await backfill(exchange, "BTC-USD", START, NOW, on_progress=Steps().note, pause=0.7, sleep=heal)
    assert len(candles) == 2400
    assert waits == [30, 0.7, 0.7]


async def test_an_exchange_that_keeps_failing_is_given_up_in_words(fake, client):
    waits = Waits()
    fake.fail("bitstamp", "451")
    exchange = open_exchange("bitstamp", fake, client)
    with pytest.raises(SourceError, match=r"bitstamp gave no history from 2025-12-09: refused this region \(451\)"):
        await backfill(exchange, "BTC-USD", START, NOW, on_progress=Steps().note, sleep=waits.sleep)
    assert waits == [2, 4]


async def test_an_exchange_that_wants_to_be_left_alone_for_long_is_not_waited_for(fake, client):
    waits = Waits()
    fake.fail("bitstamp", "429", Retry_After="3000")
    exchange = open_exchange("bitstamp", fake, client)
    with pytest.raises(SourceError, match="asked to be left alone for 3000 s"):
        await backfill(exchange, "BTC-USD", START, NOW, on_progress=Steps().note, sleep=waits.sleep)
    assert waits == []


async def test_another_symbol_is_refused_before_any_call(fake, client):
    with pytest.raises(UnsupportedSymbol):
        await history(open_exchange("bitstamp", fake, client), symbol="NOPE-USD")
    assert fake.calls["bitstamp"] == 0


# --- the command --------------------------------------------------------------------------------------------------


@pytest.fixture
def recent() -> Iterator[FakeExchanges]:
    """Exchanges that keep today's time, since the command fetches up to now."""
    this_hour = int(datetime.now(UTC).timestamp()) // HOUR * HOUR
    with FakeExchanges(candles_ending(this_hour, hours=400)) as fake:
        yield fake


def settings_for(fake: FakeExchanges, database: Path) -> Settings:
    return Settings(
        bitstamp_url=fake.urls["bitstamp"], binance_url=fake.urls["binance"], database_url=f"sqlite:///{database}"
    )


@pytest.mark.parametrize("name", ["btc.csv", "btc.csv.gz", "btc.parquet"])
async def test_the_command_fills_a_file_and_the_store_with_the_same_candles(recent, tmp_path, capsys, name):
    settings = settings_for(recent, tmp_path / "candles.db")
    start = datetime.now(UTC) - timedelta(hours=300, minutes=5)
    candles = await fetch_history(settings, "BTC-USD", "bitstamp", start, tmp_path / name)
    assert candles.rows() == recent.candles.since(start.timestamp()).rows()
    assert read_candles(tmp_path / name).candles.rows() == candles.rows()
    store = CandleStore(settings.database_url)
    assert store.newest("bitstamp", "BTC-USD", 400).rows() == candles.rows()
    store.close()
    shown = capsys.readouterr()
    assert shown.out == "" and "BTC-USD from bitstamp" in shown.err


async def test_both_steps_are_filled_at_once(recent, tmp_path, capsys):
    settings = settings_for(recent, tmp_path / "candles.db")
    start = datetime.now(UTC) - timedelta(hours=200, minutes=7)
    outs = outs_of("DOGE-USD", "both", tmp_path / "doge.csv.gz")
    assert [path.name for path in outs.values()] == ["doge_1h.csv.gz", "doge_5m.csv.gz"]
    fetched = await fetch_steps(settings, "DOGE-USD", "bitstamp", start, outs, pause=0)
    store = CandleStore(settings.database_url)
    for step, out in outs.items():
        served = recent.closed("DOGE-USD", step).since(start.timestamp())
        assert fetched[step].rows()[:-1] == served.rows()[: len(fetched[step]) - 1]
        assert len(served) - len(fetched[step]) in (0, 1)  # five minutes may have passed
        assert written(out, step).rows() == fetched[step].rows()
        assert stored(store, "bitstamp", "DOGE-USD", 0, step).rows() == fetched[step].rows()
    store.close()
    assert "DOGE-USD from bitstamp, 5m" in capsys.readouterr().err


def test_a_file_is_named_for_its_coin_and_step_unless_said_otherwise():
    assert outs_of("SOL-USD", "1h") == {HOUR: Path("sol-usd_1h.parquet")}
    assert outs_of("SOL-USD", "5m", Path("a.csv")) == {FIVE_MINUTES: Path("a.csv")}


async def test_a_coin_that_stands_in_no_entry_is_fetched_where_it_is_listed(recent, tmp_path):
    settings = settings_for(recent, tmp_path / "candles.db")
    start = datetime.now(UTC) - timedelta(hours=48)
    candles = await fetch_history(settings, "PEPE-USD", "binance", start, tmp_path / "a.csv")
    assert candles.rows() == recent.closed("PEPE-USD").since(start.timestamp()).rows()
    with pytest.raises(UnsupportedSymbol):
        await fetch_history(settings, "PEPE-USD", "bitstamp", start, tmp_path / "b.csv")
    with pytest.raises(UnsupportedSymbol):
        await fetch_history(settings, "TRX-USD", "bitstamp", start, tmp_path / "b.csv")


@pytest.mark.parametrize("kept", ["file", "store"])
async def test_what_is_there_already_is_not_asked_for_again(recent, tmp_path, kept):
    settings = settings_for(recent, tmp_path / "candles.db")
    start, out = datetime.now(UTC) - timedelta(hours=390), tmp_path / "btc.csv"
    before = recent.candles.since(start.timestamp())[:-5]
    if kept == "file":
        write_candles(before, out)
    else:
        store = CandleStore(settings.database_url)
        store.save("bitstamp", "BTC-USD", before)
        store.close()
    candles = await fetch_history(settings, "BTC-USD", "bitstamp", start, out, resume=True)
    assert candles.rows() == recent.candles.since(start.timestamp()).rows()
    assert read_candles(out).candles.rows() == candles.rows()
    (query,) = (query for _, query in recent.queries)
    assert int(query["start"]) >= before.time[-4]


async def test_hours_before_and_a_hole_in_between_are_asked_for_and_short_holes_are_not(recent, tmp_path):
    settings = settings_for(recent, tmp_path / "candles.db")
    start, out = datetime.now(UTC) - timedelta(hours=390), tmp_path / "btc.csv"
    rows = recent.candles.rows()
    write_candles(Candles.from_rows(rows[100:150] + rows[155:200] + rows[300:]), out)
    candles = await fetch_history(settings, "BTC-USD", "bitstamp", start, out, resume=True, pause=0)
    whole = recent.candles.since(start.timestamp()).rows()
    assert candles.rows() == [row for row in whole if row not in rows[150:155]]
    assert len(recent.queries) == 3


async def test_a_fetch_that_broke_off_goes_on_where_it_stopped(tmp_path):
    this_hour = int(datetime.now(UTC).timestamp()) // HOUR * HOUR
    start = datetime.now(UTC) - timedelta(hours=2400)
    with FakeExchanges(candles_ending(this_hour, hours=2500)) as fake:
        settings = settings_for(fake, tmp_path / "candles.db")
        transport = Broken(fake, after=1)
        with pytest.raises(SourceError):
            await fetch_history(settings, "BTC-USD", "bitstamp", start, tmp_path / "a.csv", transport, pause=0)
        assert not (tmp_path / "a.csv").exists()
        fake.queries.clear()
        candles = await fetch_history(settings, "BTC-USD", "bitstamp", start, tmp_path / "a.csv", resume=True, pause=0)
        assert candles.rows() == fake.candles.since(start.timestamp()).rows()
        assert len(fake.queries) == 2


class Broken(httpx.AsyncBaseTransport):
    """A network that refuses access after so many answers."""

    def __init__(self, fake: FakeExchanges, after: int) -> None:
        self.left = after
        self.network = httpx.AsyncHTTPTransport(verify=TLS)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.left -= 1
        if self.left < 0:
            return httpx.Response(429, headers={"Retry-After": "3000"})
        return await self.network.handle_async_request(request)

    async def aclose(self) -> None:
        await self.network.aclose()


async def test_a_file_of_another_exchange_is_not_gone_on_with(recent, tmp_path):
    settings = settings_for(recent, tmp_path / "candles.db")
    start, out = datetime.now(UTC) - timedelta(hours=390), tmp_path / "btc.csv"
    other = [(time, *(0.999 * price for price in prices), v) for time, *prices, v in recent.candles.rows()[:-5]]
    write_candles(Candles.from_rows(other), out)
    before = out.read_bytes()
    with pytest.raises(DataFileError, match="other candles than bitstamp"):
        await fetch_history(settings, "BTC-USD", "bitstamp", start, out, resume=True)
    assert out.read_bytes() == before


@pytest.mark.parametrize("text", ["", "time,open\n1,2\n", "not a table at all \0"])
async def test_a_file_that_no_fetch_wrote_is_not_replaced_when_resuming(recent, tmp_path, text):
    out = tmp_path / "btc.csv"
    out.write_text(text)
    with pytest.raises(DataFileError, match="earlier fetch wrote"):
        await fetch_history(
            settings_for(recent, tmp_path / "c.db"), "BTC-USD", "bitstamp",
            datetime.now(UTC) - timedelta(hours=39), out, resume=True,
        )  # fmt: skip
    assert out.read_text() == text and sum(recent.calls.values()) == 0


async def test_a_start_without_a_zone_is_utc(recent, tmp_path):
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=48)
    settings = settings_for(recent, tmp_path / "candles.db")
    candles = await fetch_history(settings, "BTC-USD", "bitstamp", start.replace(tzinfo=None), tmp_path / "a.csv")
    assert candles.time[0] == int(start.timestamp())


async def test_the_command_takes_its_transport_as_an_argument(recent, tmp_path):
    asked: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(429, headers={"Retry-After": "3000"})

    start = datetime.now(UTC) - timedelta(days=2)
    with pytest.raises(SourceError):
        await fetch_history(
            Settings(bitstamp_url="http://exchange"),
            "BTC-USD",
            "bitstamp",
            start,
            tmp_path / "a.csv",
            httpx.MockTransport(refuse),
        )
    assert asked == ["exchange"]
    assert not (tmp_path / "a.csv").exists()


@pytest.mark.parametrize(
    ("exchange", "start", "out", "error"),
    [
        ("nyse", datetime(2024, 1, 1), "a.csv", ConfigurationError),
        ("bitstamp", datetime(2999, 1, 1), "a.csv", InvalidInput),
        ("bitstamp", datetime(1999, 1, 1), "a.csv", InvalidInput),
        ("bitstamp", datetime(2024, 1, 1), "a.xlsx", DataFileError),
        ("bitstamp", datetime(2024, 1, 1), "no/a.csv", DataFileError),
    ],
)
async def test_what_cannot_work_is_said_before_any_call(recent, tmp_path, exchange, start, out, error):
    with pytest.raises(error):
        await fetch_history(settings_for(recent, tmp_path / "c.db"), "BTC-USD", exchange, start, tmp_path / out)
    assert sum(recent.calls.values()) == 0
