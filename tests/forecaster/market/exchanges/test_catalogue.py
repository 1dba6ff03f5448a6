"""The four exchange clients against a local server that speaks their formats: what they ask for and read."""

import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from forecaster.errors import ExchangeError, UnsupportedSymbol
from forecaster.market.exchanges.base import Exchange
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.symbols import catalogue
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.exchanges.fake import SCALES, FakeExchanges
from tests.support.exchanges.faults import HARMLESS
from tests.support.exchanges.formats import FORMATS, Asked
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending

NAMES = tuple(EXCHANGES)
STEPS = (HOUR, FIVE_MINUTES)
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
    async with httpx.AsyncClient(verify=TLS, timeout=60) as client:
        yield client


def open_exchange(name: str, fake: FakeExchanges, client: httpx.AsyncClient) -> Exchange:
    return EXCHANGES[name](client, fake.urls[name])


@every_exchange
async def test_the_newest_closed_candles_come_back_to_the_cent(name, fake, client):
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=60)
    assert page.candles.rows() == fake.candles[-60:].rows()
    assert page.candles.close[-1] == LAST_CLOSE
    assert page.now == NOON + 240


@pytest.mark.parametrize("symbol", catalogue())
@every_exchange
async def test_every_coin_is_asked_for_by_its_own_name_or_not_at_all(name, symbol, fake, client):
    exchange = open_exchange(name, fake, client)
    coin = symbol.removesuffix("-USD")
    if coin not in FORMATS[name].coins:
        assert exchange.pair(symbol) is None
        return
    for step in STEPS:
        page = await exchange.candles(symbol, limit=60, step=step)
        assert page.candles.step == step
        assert page.candles.close[-1] == LAST_CLOSE * SCALES[coin]


@pytest.mark.parametrize("second", [1, 30 * 60, 59 * 60 + 59])
@every_exchange
async def test_a_forming_candle_is_dropped_by_the_clock_of_the_exchange(name, second, fake, client):
    fake.now = NOON + second
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=10)
    assert page.candles.time[-1] == NOON - HOUR
    assert page.candles.close[-1] == LAST_CLOSE


@pytest.mark.parametrize("second", [1, 299, 301, 599, 47 * 60, 59 * 60 + 59])
@every_exchange
async def test_a_forming_five_minute_candle_is_dropped_too(name, second, fake, client):
    fake.now = NOON + second
    page = await open_exchange(name, fake, client).candles("BTC-USD", limit=10, step=FIVE_MINUTES)
    assert page.candles.end == (NOON + second) // 300 * 300
    assert page.candles.rows() == fake.closed(step=FIVE_MINUTES)[-10:].rows()


BAD = {
    "a price is missing": lambda row: (row[0], None, *row[2:]),
    "a price is no number": lambda row: (*row[:4], "NaN", row[5]),
    "high below low": lambda row: (row[0], 1.0, 0.5, 2.0, 1.0, 1.0),
    "nothing was traded": lambda row: (row[0], 0.0, 0.0, 0.0, 0.0, 0.0),
    "a moment late": lambda row: (row[0] + 7, *row[1:]),
    "no time": lambda row: (None, *row[1:]),
}


@pytest.mark.parametrize("case", [*BAD, "doubled", "doubled and different"])
@pytest.mark.parametrize("step", STEPS)
@every_exchange
async def test_a_bad_or_doubled_row_of_the_forming_candle_costs_nothing(name, step, case, fake, client):
    rows = fake.rows("BTC-USD", step)[-200:]
    if case in BAD:
        rows[-1] = BAD[case](rows[-1])
    else:
        rows.append(rows[-1] if case == "doubled" else (*rows[-1][:4], rows[-1][4] * 0.99, 2.0))
    body = FORMATS[name].encode(rows[::-1] if name == "coinbase" else rows, Asked("candles", "BTC-USD", step))
    answer = httpx.Response(200, json=body)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as told:
        exchange = EXCHANGES[name](told, "https://exchange.invalid", clock=lambda: NOON + 240.0)
        page = await exchange.candles("BTC-USD", limit=100, step=step)
    assert page.candles.rows() == fake.closed(step=step)[-100:].rows()


@every_exchange
async def test_a_row_that_cannot_be_read_is_not_taken_for_the_forming_one_where_a_closed_one_is_missing(name, client):
    with FakeExchanges(candles_ending(), NOON + 240) as fake:
        rows = [*fake.rows("BTC-USD")[-200:-2], (None, *fake.rows("BTC-USD")[-1][1:])]
        answer = httpx.Response(200, json=FORMATS[name].encode(rows, Asked("candles", "BTC-USD", HOUR)))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as told:
        exchange = EXCHANGES[name](told, "https://exchange.invalid", clock=lambda: NOON + 240.0)
        with pytest.raises(ExchangeError, match="not candles"):
            await exchange.candles("BTC-USD", limit=100)


@every_exchange
async def test_without_a_date_header_the_clock_of_this_machine_counts(name, fake, client):
    fake.dated = False
    exchange = EXCHANGES[name](client, fake.urls[name], clock=lambda: NOON + HOUR + 1.0)
    page = await exchange.candles("BTC-USD", limit=10)
    assert page.now == NOON + HOUR + 1
    assert page.candles.time[-1] == NOON  # what forms by the server's clock is closed by ours


@every_exchange
async def test_history_is_read_forward_from_a_start(name, fake, client):
    for step in STEPS:
        start = NOON - 700 * step
        page = await open_exchange(name, fake, client).candles("BTC-USD", limit=250, start=start, step=step)
        assert page.candles.rows() == fake.closed(step=step).since(start)[:250].rows()


@every_exchange
async def test_as_many_rows_come_as_one_request_gives(name, fake, client):
    for calls, step in enumerate(STEPS, 1):
        page = await open_exchange(name, fake, client).candles("BTC-USD", limit=5000, step=step)
        assert len(page.candles) == EXCHANGES[name].max_rows - 1  # and the forming one
        assert fake.calls[name] == calls


@every_exchange
async def test_an_unknown_symbol_is_refused_before_any_call(name, fake, client):
    with pytest.raises(UnsupportedSymbol, match=r"symbols\.toml"):
        await open_exchange(name, fake, client).candles("NOPE-USD", limit=10)
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
