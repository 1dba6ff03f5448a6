"""Pairs that stand in no entry: found in the exchanges' own lists, which are asked for once a day."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from forecaster.errors import ExchangeError, NoCandles, UnsupportedSymbol
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.symbols import Pair, catalogue
from forecaster.schema import HOUR
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.exchanges.faults import ANSWERS, WIRE
from tests.support.exchanges.formats import FORMATS, PRODUCTS
from tests.support.fakes import NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = candles_ending(NOON + 60 * HOUR, hours=1200)
OpenLive = Callable[..., LiveSource]
every_exchange = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(TAPE, NOON + 240) as fake:
        yield fake


@pytest.fixture
async def open_live(fake: FakeExchanges) -> AsyncIterator[OpenLive]:
    opened: list[LiveSource] = []

    def open_live(*names: str) -> LiveSource:
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name]) for name in names or NAMES]
        opened.append(LiveSource(exchanges, clock=fake.time, timer=fake.time, budget=AMPLE))
        return opened[-1]

    yield open_live
    for source in opened:
        await source.close()


def lists(fake: FakeExchanges) -> list[str]:
    """Who was asked for pairs."""
    return [name for name, asked in fake.asked if asked.kind == PRODUCTS]


async def listed(name: str, url: str, symbol: str, within: float = 5.0) -> dict[str, Pair]:
    async with httpx.AsyncClient(verify=TLS, timeout=60) as client:
        return await EXCHANGES[name](client, url).products(symbol, within=within)


@every_exchange
async def test_what_an_exchange_lists_is_what_the_catalogue_says(name, fake):
    for symbol, coin in catalogue().items():
        pair = (await listed(name, fake.urls[name], symbol)).get(symbol)
        assert pair == coin.pairs.get(name)


@every_exchange
async def test_another_currency_is_never_taken(name, fake):
    found = await listed(name, fake.urls[name], "PEPE-USD")
    assert {pair.quote for pair in found.values()} == {EXCHANGES[name].quote} or name == "bitstamp"
    assert not any(pair.name.upper().endswith(("EUR", "GBP")) for pair in found.values())
    assert ("PEPE-USD" in found) == ("PEPE" in FORMATS[name].coins)


async def test_a_pair_that_stands_in_no_entry_is_answered_as_any_other(open_live, fake):
    source = open_live()
    snapshot = await source.hours_ending("PEPE-USD", None, 60)
    quote = await source.quote("PEPE-USD")
    assert (snapshot.source, snapshot.quote) == ("coinbase", "USD")  # bitstamp does not list it
    assert snapshot.candles.close[-1] == fake.closed("PEPE-USD").close[-1]
    assert quote.price == fake.price("PEPE-USD")
    assert len(await source.since("PEPE-USD", "binance", NOON - 10 * HOUR)) == 10


async def test_lists_are_asked_for_once_a_day_and_by_one_of_many_callers(open_live, fake):
    source = open_live("bitstamp", "coinbase", "kraken")
    await asyncio.gather(*(source.latest("PEPE-USD", 60) for _ in range(50)))
    for symbol in ("NOPE-USD", "NEITHER-USD"):
        with pytest.raises(UnsupportedSymbol):
            await source.latest(symbol, 60)
    assert sorted(lists(fake)) == ["bitstamp", "coinbase", "kraken"]
    fake.now += 23 * HOUR
    await source.latest("PEPE-USD", 60)
    assert len(lists(fake)) == 3
    fake.now += 2 * HOUR
    await source.latest("PEPE-USD", 60)
    assert len(lists(fake)) == 6


async def test_a_coin_of_the_catalogue_needs_no_list(open_live, fake):
    await open_live().latest("DOGE-USD", 60)
    assert lists(fake) == []


async def test_a_failure_to_list_counts_for_a_minute_and_others_answer_meanwhile(open_live, fake):
    fake.fail("coinbase", "403")
    source = open_live("coinbase", "kraken")
    assert (await source.latest("PEPE-USD", 60)).source == "kraken"
    fake.heal()
    fake.now += 59
    await source.latest("PEPE-USD", 60)
    assert fake.calls["coinbase"] == 1
    fake.now += HOUR
    assert (await source.latest("PEPE-USD", 60)).source == "coinbase"


async def test_where_no_exchange_says_what_it_lists_that_is_the_error(open_live, fake):
    fake.fail("all", "451")
    with pytest.raises(NoCandles, match=r"PEPE-USD .*bitstamp refused this region"):
        await open_live().latest("PEPE-USD", 60)


async def test_a_coin_that_nobody_lists_is_refused_with_the_nearest_that_are(open_live, fake):
    fake.fail("binance", "451")  # as in some regions
    with pytest.raises(UnsupportedSymbol) as caught:
        await open_live().latest("DOGEE-USD", 60)
    assert caught.value.supported[0] == "DOGE-USD"


async def test_strangers_cannot_make_us_ask_for_pairs_without_end(open_live, fake):
    source = open_live("binance")
    outcomes = await asyncio.gather(*(source.latest(f"X{at}-USD", 60) for at in range(100)), return_exceptions=True)
    assert all(isinstance(each, UnsupportedSymbol | NoCandles) for each in outcomes)
    assert fake.calls["binance"] <= 30


@pytest.mark.parametrize("fault", [*ANSWERS, *WIRE])
@every_exchange
async def test_a_fault_of_a_list_becomes_an_error_in_plain_words(name, fault, fake):
    fake.fail(name, fault)
    if fault == "oversized" and name != "binance":
        return  # a list may be that long, and it is no list of pairs
    with pytest.raises(ExchangeError):
        await listed(name, fake.urls[name], "PEPE-USD", 0.3 if fault in ("hang", "drip") else 5.0)


async def test_an_endless_list_is_not_read_to_its_end(fake):
    async def endless():
        for _ in range(100):
            given.append(1)
            yield b"[" * 1_000_000

    given: list[int] = []
    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    async with httpx.AsyncClient(transport=transport) as client:
        with pytest.raises(ExchangeError, match="more than 8 MB"):
            await EXCHANGES["kraken"](client, "https://exchange.invalid").products("PEPE-USD")
    assert len(given) < 12
