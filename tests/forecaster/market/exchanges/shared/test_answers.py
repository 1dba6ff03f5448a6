"""What several replicas share of exchanges' answers, in a real server and one store: they ask as often as one does."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from valkey.asyncio import Valkey

from forecaster.errors import ConfigurationError, ExchangeError
from forecaster.market.auto import open_source
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.exchanges.shared import Question, SharedAnswers
from forecaster.market.exchanges.wire import MAX_BODY, Answer
from forecaster.market.store import CandleStore
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.settings import Settings
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import NOON, Clock, candles_ending
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.valkey import Server

NAMES = ("coinbase", "bitstamp")
REPLICAS = 8
TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = candles_ending(NOON + 10 * HOUR, hours=1200)
BUDGET = 1200.0  # seconds: neither an exchange nor the store is to be given up because this machine is busy
QUESTION = Question("kraken", "https://kraken.example/0/public/Ticker?pair=XBTUSD", 5.0)
OpenReplica = Callable[..., LiveSource]


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(TAPE, NOON + 43 * 60 + 10) as fake:
        yield fake


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.kill()


@pytest.fixture
async def valkey(server: Server) -> AsyncIterator[Valkey]:
    async with Valkey(unix_socket_path=str(server.socket)) as valkey:
        yield valkey


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """A store that was opened before: threads that import SQLAlchemy first, all at once, may find half of it."""
    url = f"sqlite:///{tmp_path / 'candles.db'}"
    store = CandleStore(url)
    assert len(store.newest(NAMES[0], "BTC-USD", 1)) == 0
    store.close()
    return url


@pytest.fixture
async def replica(fake: FakeExchanges, server: Server, store_url: str) -> AsyncIterator[OpenReplica]:
    """Opens one more, which shares answers and keeps candles in one store unless told otherwise."""
    opened: list[LiveSource] = []

    def replica(
        behind: float = 0.0, timer: Callable[[], float] = time.monotonic, shares: bool = True, keeps: bool = True
    ) -> LiveSource:
        answers = SharedAnswers(server.url, fake.time, timer, patience=60.0, lock=60.0) if shares else None
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name], answers=answers) for name in NAMES]
        store = CandleStore(store_url, answer=UNHURRIED) if keeps else None
        clock = lambda: fake.time() - behind  # noqa: E731
        opened.append(LiveSource(exchanges, store, clock, BUDGET, clock, answers=answers))
        return opened[-1]

    yield replica
    for source in opened:
        await source.close()


@pytest.fixture
async def answers(server: Server) -> AsyncIterator[tuple[SharedAnswers, SharedAnswers]]:
    """Those of two replicas, by the server's own clock."""
    both = SharedAnswers(server.url, patience=60.0), SharedAnswers(server.url, patience=60.0)
    yield both
    for each in both:
        await each.close()


def asked(fake: FakeExchanges) -> Counter[tuple[str, str, int]]:
    """What exchanges were asked since the last time, how often each."""
    found = Counter((name, each.kind, each.step if each.kind == "candles" else 0) for name, each in fake.asked)
    fake.asked.clear()
    return found


async def kept(url: str, end: int) -> None:
    """Wait until the store has the candle of five minutes that closes then."""
    store = CandleStore(url, answer=UNHURRIED)
    async with asyncio.timeout(60):
        while not len(newest := store.newest(NAMES[0], "BTC-USD", 1, FIVE_MINUTES)) or newest.end < end:
            await asyncio.sleep(0.01)
    store.close()


async def everything(source: LiveSource) -> tuple[object, ...]:
    """What a forecast needs."""
    recent, quote = await asyncio.gather(source.hours_ending("BTC-USD", None, 200), source.quote("BTC-USD"))
    hours = await source.latest("BTC-USD", 60)
    return recent.candles.rows(), hours.candles.rows(), quote.price


async def test_replicas_that_begin_at_once_ask_for_each_thing_once_as_a_single_process_does(replica, fake):
    alone = await everything(replica(shares=False, keeps=False))
    calls = asked(fake)
    assert set(calls.values()) == {1} and len(calls) == 3
    replicas = [replica() for _ in range(REPLICAS)]
    assert await asyncio.gather(*map(everything, replicas)) == [alone] * REPLICAS
    assert asked(fake) == calls


async def follow(sources: list[LiveSource], fake: FakeExchanges, url: str = "") -> Counter[tuple[str, str, int]]:
    """An hour in which every minute four of eight visitors ask, 0.7 s after another, and the other four a minute later.

    Gives how often exchanges were asked for what. Candles are in the store at `url` before the next visitor asks.
    """
    begun, newest = NOON + HOUR, 0
    for turn in range(60):
        for visitor in range(turn % 2, REPLICAS, 2):
            fake.now = begun + 0.5 + 60 * turn + 0.7 * visitor
            source = sources[(turn // 5 + visitor) % len(sources)]
            candles, quote = await asyncio.gather(source.five_minutes("BTC-USD", 300), source.quote("BTC-USD"))
            assert candles.as_of == fake.now // FIVE_MINUTES * FIVE_MINUTES and not candles.warnings
            assert 0 <= fake.now - quote.time < 5 + fake.traded + 1 and not quote.warnings
            if url and candles.as_of > newest:
                newest = candles.as_of
                await kept(url, newest)
    return asked(fake)


async def test_an_hour_of_following_costs_eight_replicas_as_many_calls_as_one(replica, fake, store_url):
    alone = await follow([replica(shares=False, keeps=False)], fake)
    assert alone == {("coinbase", "ticker", 0): 60, ("coinbase", "candles", FIVE_MINUTES): 12}
    assert await follow([replica() for _ in range(REPLICAS)], fake, store_url) == alone


async def test_candles_in_the_store_that_are_yet_to_close_do_not_serve(replica, fake, store_url):
    fake.now += HOUR
    store = CandleStore(store_url, answer=UNHURRIED)
    store.save("coinbase", "BTC-USD", fake.closed(step=FIVE_MINUTES)[-299:])
    store.close()
    fake.now -= HOUR
    await replica(keeps=False).quote("BTC-USD")  # so that the clock is known
    fake.now += 10
    asked(fake)
    told = await replica().five_minutes("BTC-USD", 299)
    assert told.candles.rows() == fake.closed(step=FIVE_MINUTES)[-299:].rows()
    assert asked(fake) == {("coinbase", "candles", FIVE_MINUTES): 1}


async def test_a_hole_between_what_is_held_and_what_others_kept_is_asked_for(replica, fake, store_url):
    source = replica()
    await source.five_minutes("BTC-USD", 299)
    asked(fake)
    fake.now += 11 * 60
    store = CandleStore(store_url, answer=UNHURRIED)
    store.save("coinbase", "BTC-USD", fake.closed(step=FIVE_MINUTES)[-1:])
    store.close()
    told = await source.five_minutes("BTC-USD", 299)
    assert told.candles.rows() == fake.closed(step=FIVE_MINUTES)[-299:].rows()
    assert asked(fake) == {("coinbase", "candles", FIVE_MINUTES): 1}


async def test_where_no_candle_comes_replicas_ask_again_as_seldom_as_one(replica, fake):
    fake.halted = fake.now

    async def calls(sources: list[LiveSource]) -> int:
        fake.now = begun
        for step in range(400):
            fake.now = begun + step
            snapshot = await sources[step % len(sources)].five_minutes("BTC-USD", 300)
            assert snapshot.as_of == NOON + 40 * 60
        return asked(fake)["coinbase", "candles", FIVE_MINUTES]

    begun = fake.now + 130
    alone = await calls([replica(shares=False, keeps=False)])
    assert alone == 11
    assert await calls([replica(keeps=False) for _ in range(REPLICAS)]) <= alone + 1


async def test_a_replica_that_comes_later_takes_candles_from_the_store_by_the_exchanges_clock(replica, fake, store_url):
    first = await replica().five_minutes("BTC-USD", 299)
    await kept(store_url, first.as_of)
    asked(fake)
    fake.now += 100
    late = replica(behind=90.0)  # its own clock shows a time at which the next candle is not there
    told = await late.five_minutes("BTC-USD", 299)
    assert (told.candles.rows(), told.source) == (first.candles.rows(), "coinbase")
    assert (told.now, late.now()) == (fake.now, fake.now)
    assert not fake.asked
    fake.now += 30  # and past the mark
    assert (await late.five_minutes("BTC-USD", 299)).as_of == NOON + 45 * 60
    assert asked(fake) == {("coinbase", "candles", FIVE_MINUTES): 1}


async def test_candles_in_the_store_with_a_hole_do_not_serve_and_no_exchanges_are_mixed(replica, fake, store_url):
    store = CandleStore(store_url, answer=UNHURRIED)
    whole = fake.closed(step=FIVE_MINUTES)
    store.save("coinbase", "BTC-USD", whole[-299:-100].then(whole[-99:]))
    store.save("bitstamp", "BTC-USD", whole[-721:-1])
    store.close()
    await replica(keeps=False).quote("BTC-USD")  # so that the clock is known
    fake.now += 10
    asked(fake)
    told = await replica().five_minutes("BTC-USD", 299)
    assert (told.candles.rows(), told.source) == (whole[-299:].rows(), "coinbase")
    assert asked(fake) == {("coinbase", "candles", FIVE_MINUTES): 1}


async def test_an_answer_from_before_a_mark_is_none_after_it_and_its_forming_candle_is_never_closed(replica, fake):
    fake.now = NOON + 10 * 60 - 1
    await replica(keeps=False).five_minutes("BTC-USD", 10)
    fake.now += 2
    told = await replica(keeps=False).five_minutes("BTC-USD", 10)
    assert told.candles.rows() == fake.closed(step=FIVE_MINUTES)[-10:].rows()
    assert (told.as_of, fake.calls["coinbase"]) == (NOON + 10 * 60, 2)


@pytest.mark.parametrize(("fault", "tries"), [("403", 1), ("500", 2), ("html", 1)])
async def test_an_exchange_that_fails_is_asked_once_for_all(fault, tries, replica, fake):
    fake.fail("coinbase", fault)
    replicas = [replica(keeps=False) for _ in range(REPLICAS)]
    told = await asyncio.gather(*(each.five_minutes("BTC-USD", 60) for each in replicas))
    assert {each.source for each in told} == {"bitstamp"}
    assert fake.calls == {"coinbase": tries, "bitstamp": 1}


async def test_an_exchange_that_wants_to_be_left_alone_is_by_all_and_for_everything(replica, fake):
    fake.fail("coinbase", "429", Retry_After="30")
    await replica().five_minutes("BTC-USD", 60)
    fake.heal()
    fake.now += 25
    assert (await replica().quote("ETH-USD")).source == "bitstamp"
    assert fake.calls["coinbase"] == 1
    fake.now += 6
    assert (await replica().quote("SOL-USD")).source == "coinbase"


async def test_when_the_server_is_killed_each_asks_for_itself_and_when_it_is_back_they_share(
    replica, fake, server, caplog
):
    timer = Clock(1000.0)
    replicas = [replica(timer=timer, keeps=False) for _ in range(3)]
    await asyncio.gather(*(each.quote("BTC-USD") for each in replicas))
    asked(fake)
    server.kill()
    fake.now += 10
    told = await asyncio.gather(*(each.quote("BTC-USD") for each in replicas))
    assert {each.price for each in told} == {fake.price()}
    assert asked(fake)["coinbase", "ticker", 0] == 3
    assert [line.message[:22] for line in caplog.records] == ["Valkey does not answer"] * 3
    server.start()
    timer.now += 6
    fake.now += 10
    await asyncio.gather(*(each.quote("BTC-USD") for each in replicas))
    assert asked(fake)["coinbase", "ticker", 0] == 1
    assert [line.message[:20] for line in caplog.records][3:] == ["Valkey answers again"] * 3


@pytest.mark.parametrize("value", [b"", b"\xff\x00", b"{}\n[]", b"[1]\n[]", b'{"at":1e999,"now":1}\n[]', b"gASVAAAA"])
async def test_what_somebody_else_wrote_counts_as_nothing(value, replica, fake, valkey):
    told = await replica(keeps=False).quote("BTC-USD")
    for key in await valkey.keys():
        await valkey.set(key, value)
    await valkey.set("cryptosense:exchanges:1:quiet:coinbase", value)
    asked(fake)
    assert (await replica(keeps=False).quote("BTC-USD")).price == told.price
    assert asked(fake)["coinbase", "ticker", 0] == 1


async def test_who_takes_the_lock_and_is_gone_is_waited_for_no_longer_than_its_time(answers, valkey):
    async def never(left: float) -> Answer:
        return await asyncio.Future()

    async def told(left: float) -> Answer:
        return Answer(b"told", 1000.0)

    for lasting in (False, True):  # a lock that somebody made to last is none
        gone = asyncio.create_task(answers[0].get(QUESTION, 60.0, never))
        async with asyncio.timeout(60):
            while not (locks := await valkey.keys("*:lock")):
                await asyncio.sleep(0.01)
            assert await valkey.pttl(locks[0]) in {-2, *range(2001)}  # -2: this machine was busy, and it has ended
            if lasting:
                await valkey.persist(locks[0])
            assert await answers[1].get(QUESTION, 60.0, told) == Answer(b"told", 1000.0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        await valkey.flushall()


async def test_a_server_that_hangs_is_not_waited_for_again(server, caplog):
    async def told(left: float) -> Answer:
        return Answer(b"told", 1000.0)

    answers = SharedAnswers(server.url, timer=lambda: 1000.0, patience=0.2)
    server.freeze()
    for _ in range(20):
        async with asyncio.timeout(30):
            assert (await answers.get(QUESTION, 60.0, told)).age == 0
    server.thaw()
    assert len(caplog.records) == 1
    await answers.close()


async def test_who_waits_has_no_more_time_than_it_has(answers):
    begun = asyncio.Event()

    async def slow(left: float) -> Answer:
        begun.set()
        return await asyncio.Future()

    holder = asyncio.create_task(answers[0].get(QUESTION, 60.0, slow))
    await begun.wait()
    with pytest.raises(ExchangeError, match="kraken timed out"):
        await answers[1].get(QUESTION, 0.2, slow)
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)


async def test_an_answers_age_is_told_by_the_servers_clock_and_moves_that_of_who_takes_it(answers):
    async def told(left: float) -> Answer:
        return Answer(b"told", 1000.0)

    assert await answers[0].get(QUESTION._replace(serves=60.0), 60.0, told) == Answer(b"told", 1000.0)
    await asyncio.sleep(0.3)
    taken = await answers[1].get(QUESTION._replace(serves=60.0), 60.0, told)
    assert taken.now == 1000.0 and 0.3 <= taken.age < 60
    assert taken.age <= (await answers[1].now() or 0) - 1000.0 < 60


async def test_the_clock_of_who_takes_an_answer_shows_what_that_of_who_asked_does(replica, fake):
    first, second = replica(keeps=False), replica(behind=3600.0, keeps=False)
    await first.quote("BTC-USD")
    fake.now += 4
    quote = await second.quote("BTC-USD")
    assert (quote.now, second.now(), fake.calls["coinbase"]) == (fake.now, fake.now, 2)  # a price, and candles
    fake.now += 1  # the price is five seconds old for both
    await second.quote("BTC-USD")
    assert fake.calls["coinbase"] == 3


async def test_a_body_that_is_too_long_is_not_kept(answers):
    calls = []

    async def told(left: float) -> Answer:
        calls.append(left)
        return Answer(b" " * (MAX_BODY + 1), 1000.0)

    for each in answers:
        assert (await each.get(QUESTION, 60.0, told)).age == 0
    assert len(calls) == 2


async def test_everything_that_is_kept_ends_and_its_keys_are_short(replica, valkey):
    await everything(replica())
    keys = await valkey.keys()
    assert len(keys) == 4 and all(key.startswith(b"cryptosense:exchanges:1:") and len(key) < 100 for key in keys)
    assert all([0 < await valkey.ttl(key) <= 3600 for key in keys])


async def test_settings_that_name_a_server_share_answers_and_open_no_websockets(server, fake, store_url, valkey):
    settings = Settings.load(
        source="live", exchanges="coinbase", coinbase_url=fake.urls["coinbase"], coinbase_socket="ws://127.0.0.1:9",
        database_url=store_url, valkey_url=server.url,
    )  # fmt: skip
    source = open_source(settings)
    for _ in range(3):
        assert (await source.quote("BTC-USD", 1.9)).source == "coinbase"
    await source.close()
    assert len(await valkey.keys()) == 3
    with pytest.raises(ConfigurationError, match=r"valkey://host:6379/0"):
        open_source(settings.model_copy(update={"valkey_url": "mysql://host"}))
