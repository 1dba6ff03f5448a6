"""Prices that an exchange tells by itself stand for its ticker's, are checked like them, and are not needed."""

import asyncio
import ssl
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest

from forecaster.market.auto import open_source
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.exchanges.sockets.sockets import Sockets
from forecaster.schema import HOUR
from forecaster.serving.feed.watching import Watch
from forecaster.settings import PUBLIC_SOCKETS, Settings
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.exchanges.formats import TICKER
from tests.support.exchanges.sockets import imitated
from tests.support.fakes import NOON, candles_ending

TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = candles_ending(NOON + 10 * HOUR, hours=1200)
OFTEN = 1.9  # seconds, as who follows prices wants them
every_exchange = pytest.mark.parametrize("name", EXCHANGES)


@asynccontextmanager
async def market(name="bitstamp", *others):
    """A source of one exchange that is listened to, and of others that are not; and both sides of the exchange."""
    with FakeExchanges(TAPE, NOON + 47 * 60) as fake:
        async with imitated(name) as told:
            client = httpx.AsyncClient(verify=TLS, timeout=60)
            exchanges = [EXCHANGES[each](client, fake.urls[each]) for each in (name, *others)]
            sockets = Sockets({name: told.url})
            source = LiveSource(exchanges, clock=fake.time, timer=fake.time, budget=AMPLE, sockets=sockets)
            try:
                yield SimpleNamespace(fake=fake, told=told, source=source)
            finally:
                await source.close()


def asked(on):
    """How often a ticker was."""
    return sum(asked.kind == TICKER for _, asked in on.fake.asked)


async def follow(on, price=None, most=400):
    """Ask as often as who follows prices does, until the price is this one, or there is a subscription."""
    async with asyncio.timeout(20):
        for _ in range(most):
            on.fake.now += 2.0
            quote = await on.source.quote("BTC-USD", OFTEN)
            if price == quote.price or (price is None and on.told.subscribed):
                return quote
            await asyncio.sleep(0.02)
    raise AssertionError(f"{quote.price}, not {price}")


@every_exchange
async def test_a_price_that_is_told_saves_asking_for_it(name):
    async with market(name) as on:
        assert (await follow(on)).price == on.fake.price()
        price = round(on.fake.price() * 1.0005, 2)
        await on.told.trade("BTC-USD", price, on.fake.now)
        quote = await follow(on, price)
        assert (quote.source, quote.quote, quote.warnings) == (name, EXCHANGES[name].quote, ())
        assert quote.time == pytest.approx(on.fake.now, abs=30)
        before = asked(on)
        for number in range(10):
            await on.told.trade("BTC-USD", price + number, on.fake.now)
            assert (await follow(on, price + number)).price == price + number
        assert asked(on) == before


async def test_who_wants_a_price_now_and_then_has_nobody_listened_to():
    async with market() as on:
        for _ in range(3):
            on.fake.now += 6.0
            assert (await on.source.quote("BTC-USD")).price == on.fake.price()
        await asyncio.sleep(0.2)
        assert on.told.made == 0


async def test_while_the_socket_is_away_prices_are_asked_for_and_then_told_again(caplog):
    async with market() as on:
        on.told.mood = "closes"
        for _ in range(30):
            on.fake.now += 2.0
            assert (await on.source.quote("BTC-USD", OFTEN)).price == on.fake.price()
            await asyncio.sleep(0.05)
        assert 1 <= on.told.made < 5
        assert sum("WebSocket" in each.getMessage() for each in caplog.records) == 1
        on.told.mood = ""
        await on.told.subscribers()
        price = round(on.fake.price() * 1.0005, 2)
        await on.told.trade("BTC-USD", price, on.fake.now)
        assert (await follow(on, price)).price == price


@pytest.mark.parametrize(
    ("factor", "later"), [(1.4, 0.0), (0.6, 0.0), (1.0, 3600.0), (1.0, -3 * 3600.0), (0.0, 0.0), (-1.0, 0.0)]
)
async def test_a_told_price_that_cannot_be_is_asked_for_instead(factor, later, caplog):
    """It lies 20 sigmas off, in the future, or hours ago, or is no price."""
    async with market() as on:
        await follow(on)
        for _ in range(3):
            await on.told.trade("BTC-USD", round(on.fake.price() * factor, 2), on.fake.now + later)
            for _ in range(5):
                on.fake.now += 2.0
                quote = await on.source.quote("BTC-USD", OFTEN)
                assert (quote.price, quote.source, quote.warnings) == (on.fake.price(), "bitstamp", ())
                await asyncio.sleep(0.05)
        assert sum("Meanwhile" in each.getMessage() for each in caplog.records) <= 1


async def test_a_clock_that_jumps_ahead_and_back_hides_no_newer_price():
    async with market("bitstamp") as on:
        await follow(on)
        watch = Watch("BTC-USD", SimpleNamespace(quote=lambda symbol: on.source.quote(symbol, OFTEN)))
        seen = []
        for ahead in (0.0, 30.0, 4000.0, -30.0, 0.0):
            price = round(on.fake.price() * (1 + len(seen) / 10_000), 2)
            on.fake.now += 2.0
            await on.told.trade("BTC-USD", price, on.fake.now + ahead)
            await asyncio.sleep(0.05)
            told = await watch.quote()
            seen.append(told and told.time.timestamp() - on.fake.now)
        assert all(each is None or each <= 60 for each in seen)  # none is told of the future
        assert seen[0] is not None


def test_public_sockets_are_listened_to_beside_public_addresses_alone():
    usual = Settings()
    assert {name: usual.socket_url(name) for name in EXCHANGES} == PUBLIC_SOCKETS
    moved = Settings(bitstamp_url="http://127.0.0.1:9/bitstamp", kraken_socket="wss://elsewhere.example/v2")
    assert moved.socket_url("bitstamp") == ""
    assert moved.socket_url("kraken") == "wss://elsewhere.example/v2"


@pytest.mark.parametrize(("quotes", "made"), [("auto", 1), ("poll", 0)])
async def test_a_setting_turns_listening_off(quotes, made, tmp_path):
    with FakeExchanges(TAPE) as fake:
        async with imitated("bitstamp") as told:
            settings = Settings(
                source="live", exchanges=("bitstamp",), quotes=quotes, bitstamp_socket=told.url,
                bitstamp_url=fake.urls["bitstamp"], database_url=f"sqlite:///{tmp_path / 'candles.db'}",
            )  # fmt: skip
            fake.now = NOON + 47 * 60
            source = open_source(settings)
            await source.quote("BTC-USD", OFTEN)
            await asyncio.sleep(0.5)
            assert told.made == made
            await source.close()
