"""Every kind of fault against every exchange client: an ExchangeError in plain words, never a number."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecaster.errors import ExchangeError
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.exchanges.fake import FakeExchanges
from tests.support.exchanges.faults import ANSWERS, HARMFUL, RAW, WIRE, causes
from tests.support.fakes import NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
TRIED_TWICE = {"500", "503", "close", "cut off"}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeExchanges]:
    with FakeExchanges(candles_ending(), NOON + 240) as fake:
        yield fake


@pytest.fixture
def fake(server: FakeExchanges) -> FakeExchanges:
    server.heal()
    server.calls.clear()
    return server


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(verify=TLS, timeout=60) as client:
        yield client


async def failure(
    name: str, client: httpx.AsyncClient, url: str, within: float = 5.0, step: int = HOUR
) -> ExchangeError:
    exchange = EXCHANGES[name](client, url, clock=lambda: NOON + 240.0)
    with pytest.raises(ExchangeError) as caught:
        await exchange.candles("BTC-USD", limit=300, step=step, within=within)
    assert caught.value.exchange == name
    assert RAW not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("fault", [*ANSWERS, *WIRE, *HARMFUL])
@pytest.mark.parametrize("step", [HOUR, FIVE_MINUTES])
@pytest.mark.parametrize("name", NAMES)
async def test_a_fault_becomes_an_error_in_plain_words(name, step, fault, fake, client):
    fake.fail(name, fault)
    error = await failure(name, client, fake.urls[name], 1.0 if fault in ("hang", "drip") else 5.0, step)
    assert error.cause in causes(name, fault)
    assert fake.calls[name] == (2 if fault in TRIED_TWICE else 1)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7), ("0", 1), ("999999999999", 3600), ("Thu, 19 Mar 2026 12:05:00 GMT", 60), ("soon", 30), ("-5", 30)],
)
async def test_retry_after_is_read_in_seconds_or_as_a_date_and_bounded(asked, seconds, fake, client):
    fake.fail("binance", "429", Retry_After=asked)
    assert (await failure("binance", client, fake.urls["binance"])).retry_after == seconds


async def test_a_second_try_that_succeeds_is_all_the_caller_sees():
    answers = iter([httpx.Response(502), httpx.Response(200, json=binance_rows())])
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(answers))) as client:
        exchange = EXCHANGES["binance"](client, "https://exchange.invalid", clock=lambda: NOON + 1.0)
        assert len((await exchange.candles("BTC-USD", limit=300)).candles) == 300


async def test_an_unreadable_date_counts_as_none():
    answer = httpx.Response(200, json=binance_rows(), headers={"Date": "yesterday"})
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        exchange = EXCHANGES["binance"](client, "https://exchange.invalid", clock=lambda: NOON + 1.0)
        assert (await exchange.candles("BTC-USD", limit=300)).now == NOON + 1


@pytest.mark.parametrize(
    "url",
    ["https://exchange.invalid", "http://127.0.0.1:1", "nonsense", "ftp://127.0.0.1", "http://[::1", "https://"],
)
@pytest.mark.parametrize("name", NAMES)
async def test_a_host_that_cannot_be_reached_is_said_to_be_so(name, url, client):
    assert (await failure(name, client, url)).cause == "could not be reached"


@pytest.mark.parametrize("name", NAMES)
async def test_a_server_that_does_not_speak_tls_cannot_be_reached(name, fake, client):
    error = await failure(name, client, fake.urls[name].replace("http://", "https://"))
    assert error.cause == "could not be reached"


LIMITS = {  # as they are told with status 200, or with one that says nothing of it: (exchange, status, body, seconds)
    "Kraken's lockout": ("kraken", 200, {"error": ["EGeneral:Temporary lockout"]}, 30),
    "Kraken's rate limit": ("kraken", 200, {"error": ["EAPI:Rate limit exceeded"], "result": {}}, 30),
    "Kraken's throttling until": ("kraken", 200, {"error": [f"EService:Throttled:{NOON + 300}"]}, 60),
    "Binance's weight with 200": ("binance", 200, {"code": -1003, "msg": "Too much request weight used."}, 30),
    "Binance's ban with 400": ("binance", 400, {"code": -1003, "msg": f"IP banned until {(NOON + 540) * 1000}."}, 300),
    "Binance's ban with 403": ("binance", 403, {"code": -1003, "msg": "Way too many requests."}, 30),
    "Coinbase's message": ("coinbase", 200, {"message": "Public rate limit exceeded"}, 30),
    "Coinbase's with 403": ("coinbase", 403, {"message": "Slow rate limit exceeded"}, 30),
    "Bitstamp's reason": ("bitstamp", 400, {"status": "error", "reason": "Request rate limit exceeded"}, 30),
    "Bitstamp's code": ("bitstamp", 200, {"status": "error", "reason": "no", "code": "400.002"}, 30),
}


@pytest.mark.parametrize("case", LIMITS)
async def test_a_limit_told_without_its_status_leads_to_the_same_quiet(case):
    name, status, body, seconds = LIMITS[case]
    answer = httpx.Response(status, json=body)
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        error = await failure(name, client, "https://exchange.invalid")
    assert (error.cause, error.retry_after) == (f"asked to be left alone for {seconds} s", seconds)


@pytest.mark.parametrize("body", [{"code": -1121, "msg": "Invalid symbol."}, {"code": -11003, "msg": "no"}])
async def test_other_refusals_ask_for_no_quiet(body):
    for status in (200, 400, 403):
        answer = httpx.Response(status, json=body)
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _, told=answer: told)) as client:
            assert (await failure("binance", client, "https://exchange.invalid")).retry_after is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=30,
)


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=60)
@given(body=json_values)
async def test_no_json_at_all_gets_past_as_anything_but_an_error(name, body):
    answer = httpx.Response(200, content=json.dumps(wrapped(name, body)))
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        assert (await failure(name, client, "https://exchange.invalid")).exchange == name


def wrapped(name: str, value: object) -> object:
    """`value` where the exchange puts its rows."""
    places = {"bitstamp": {"data": {"ohlc": value}}, "kraken": {"error": [], "result": {"XXBTZUSD": value, "last": 0}}}
    return places.get(name, value)


def binance_rows() -> list[list[object]]:
    return [
        [int(time) * 1000, *map(str, prices), (int(time) + HOUR) * 1000 - 1]
        for time, *prices in candles_ending().rows()
    ]
