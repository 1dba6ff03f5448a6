"""The four exchange clients against a local server that speaks their formats: what they ask for and read."""

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from forecaster.errors import UnsupportedSymbol
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.schema import HOUR
from tests.support.exchanges.fake import ETH, FakeExchanges
from tests.support.exchanges.faults import HARMLESS
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
every_exchange = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeExchanges]:
    with FakeExchanges(candles_ending(hours=1500), NOON + 240) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeExchanges) -> FakeExchanges:
    server.heal()
    server.now, server.dated = NOON + 240, True
    server.calls.clear()
    server.queries.clear()
    return server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS) as client:
        yield client


def open_exchange(name: str, fake: FakeExchanges, client: httpx.AsyncClient) -> Exchange:
    return EXCHANGES[name](client, fake.urls[name])


@every_exchange
async def test_the_newest_closed_candles_come_back_to_the_cent(name, fake, client):
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=60)
    assert page.candles.rows() == fake.candles[-60:].rows()
    assert page.candles.close[-1] == LAST_CLOSE
    assert page.now == NOON + 240


@every_exchange
async def test_ether_is_asked_for_by_its_own_name(name, fake, client):
    page = await open_exchange(name, fake, client).candles("ETH-USD", limit=60)
    assert page.candles.close[-1] == LAST_CLOSE * ETH


@pytest.mark.parametrize("second", [1, 30 * 60, 59 * 60 + 59])
@every_exchange
async def test_a_forming_candle_is_dropped_by_the_clock_of_the_exchange(name, second, fake, client):
    fake.now = NOON + second
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=10)
    assert page.candles.time[-1] == NOON - HOUR
    assert page.candles.close[-1] == LAST_CLOSE


@every_exchange
async def test_without_a_date_header_the_clock_of_this_machine_counts(name, fake, client):
    fake.dated = False
    exchange = EXCHANGES[name](client, fake.urls[name], clock=lambda: NOON + HOUR + 1.0)
    page = await exchange.candles("BTC-USD", limit=10)
    assert page.now == NOON + HOUR + 1
    assert page.candles.time[-1] == NOON  # what forms by the server's clock is closed by ours


@every_exchange
async def test_history_is_read_forward_from_a_start(name, fake, client):
    start = NOON - 700 * HOUR
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=250, start=start)
    assert page.candles.rows() == fake.candles.since(start)[:250].rows()


@every_exchange
async def test_as_many_rows_come_as_one_request_gives(name, fake, client):
    kind = EXCHANGES[name]
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=5000)
    assert len(page.candles) == kind.max_rows - 1  # and the forming one
    assert fake.calls[name] == 1


@every_exchange
async def test_an_unknown_symbol_is_refused_before_any_call(name, fake, client):
    with pytest.raises(UnsupportedSymbol):
        await open_exchange(name, fake, client).candles("DOGE-USD", limit=10)
    assert fake.calls[name] == 0


def test_only_binance_quotes_in_tether():
    assert [EXCHANGES[name].quote for name in NAMES] == ["USD", "USD", "USD", "USDT"]


@pytest.mark.parametrize("fault", HARMLESS)
@every_exchange
async def test_rows_in_any_order_doubled_or_with_gaps_are_put_right(name, fault, fake, client):
    fake.fail(name, fault)
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=100)
    if fault == "gapped":
        assert set(page.candles.rows()) < set(fake.candles.rows())
    else:
        assert page.candles.rows() == fake.candles[-100:].rows()
    assert page.candles.close[-1] == LAST_CLOSE
