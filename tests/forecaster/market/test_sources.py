"""open_source: what each value of CRYPTOSENSE_SOURCE gives, and how `auto` labels what is not real."""

import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from forecaster.errors import DataFileError, InvalidInput, NoCandles, UnsupportedSymbol
from forecaster.market.auto import open_source
from forecaster.market.sources import CandleSource
from forecaster.market.symbols import catalogue
from forecaster.schema import ForecastWarning
from forecaster.settings import ROOT, Settings
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending

OpenSource = Callable[..., CandleSource]
pytestmark = pytest.mark.unhurried


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeExchanges]:
    with FakeExchanges(candles_ending(), NOON + 240) as fake:
        for name, value in fake.settings_env().items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture
async def open_as() -> AsyncIterator[OpenSource]:
    opened: list[CandleSource] = []

    def open_as(source: str, transport: httpx.AsyncBaseTransport | None = None) -> CandleSource:
        opened.append(open_source(Settings.load(source=source), transport))
        return opened[-1]

    yield open_as
    for source in opened:
        await source.close()


@pytest.mark.parametrize("source", ["auto", "live"])
async def test_auto_and_live_give_what_the_first_exchange_serves(source, open_as, fake):
    snapshot = await open_as(source).latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.warnings) == ("bitstamp", (ForecastWarning.CLOCK_SKEW,))  # its clock stands still
    assert snapshot.candles.close[-1] == LAST_CLOSE
    assert fake.calls == {"bitstamp": 1}


async def test_the_exchanges_are_asked_in_the_configured_order(open_as, fake, monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_EXCHANGES", "binance,kraken")
    fake.fail("binance", "451")
    assert (await open_as("live").latest("BTC-USD", 60)).source == "kraken"
    assert fake.calls == {"binance": 1, "kraken": 1}


async def test_auto_falls_back_to_a_tape_that_says_it_is_simulated_and_why(open_as, fake):
    fake.fail("all", "451")
    snapshot = await open_as("auto").latest("ETH-USD", 60)
    assert snapshot.source == "demo"
    assert ForecastWarning.DEMO_DATA in snapshot.warnings
    assert "simulated, not market data" in " ".join(snapshot.notes)
    for name in ("bitstamp", "coinbase", "kraken", "binance"):
        assert f"{name} refused this region (451)" in snapshot.notes[-1]


async def test_auto_has_no_simulated_tape_of_a_coin_that_stands_in_no_entry(open_as, fake):
    assert (await open_as("auto").latest("PEPE-USD", 60)).source == "coinbase"
    fake.fail("all", "451")
    with pytest.raises(NoCandles, match="PEPE-USD"):
        await open_as("auto").latest("PEPE-USD", 60)


async def test_live_says_the_same_and_gives_no_number(open_as, fake):
    fake.fail("all", "451")
    with pytest.raises(NoCandles, match=r"bitstamp refused this region \(451\); coinbase refused"):
        await open_as("live").latest("ETH-USD", 60)


async def test_demo_asks_no_exchange(open_as, fake):
    assert (await open_as("demo").latest("BTC-USD", 60)).source == "demo"
    assert not fake.calls


@pytest.mark.parametrize("source", ["auto", "live", "demo"])
async def test_every_source_refuses_an_unknown_symbol(source, open_as, fake):
    source = open_as(source)
    for answer in (source.latest("NOPE-USD", 60), source.five_minutes("NOPE-USD", 60), source.quote("NOPE-USD")):
        with pytest.raises(UnsupportedSymbol):
            await answer


@pytest.mark.parametrize("symbol", catalogue())
@pytest.mark.parametrize("source", ["auto", "live", "demo"])
async def test_every_source_has_every_coin(source, symbol, open_as, fake):
    source = open_as(source)
    snapshot = await source.hours_ending(symbol, None, 60)
    quote = await source.quote(symbol)
    assert (snapshot.symbol, quote.symbol, len(snapshot.candles)) == (symbol, symbol, 60)
    assert (snapshot.source, snapshot.quote) == (quote.source, quote.quote)
    assert abs(quote.price / snapshot.candles.close[-1] - 1) < 0.02


async def test_auto_falls_back_to_a_simulated_price_and_says_so(open_as, fake):
    fake.fail("all", "451")
    quote = await open_as("auto").quote("SOL-USD")
    assert (quote.source, quote.warnings) == ("demo", (ForecastWarning.DEMO_DATA,))
    assert quote.notes[0] == "simulated, not market data" and "refused this region (451)" in quote.notes[-1]


async def test_a_given_transport_carries_the_requests_under_our_name(open_as, fake):
    seen: list[httpx.Request] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(403)

    with pytest.raises(NoCandles):
        await open_as("live", httpx.MockTransport(refuse)).latest("BTC-USD", 60)
    assert {request.headers["User-Agent"] for request in seen} == {"CryptoSense/0.1"}
    assert not fake.calls


async def test_a_path_is_read_as_a_candle_file(open_as, tmp_path):
    file = tmp_path / "candles.csv"
    rows = [",".join(map(str, row)) for row in candles_ending().rows()]
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    snapshot = await open_as(str(file)).latest("BTC-USD", 60)
    assert (snapshot.source, snapshot.candles.close[-1]) == ("file", LAST_CLOSE)
    source = open_as(str(file))
    quote = await source.quote("BTC-USD")
    assert (quote.source, quote.price, quote.time, quote.age) == ("file", LAST_CLOSE, NOON, 0)
    assert "candles.csv" in quote.notes[0]
    assert (await source.hours_ending("BTC-USD", None, 60)).candles.rows() == snapshot.candles.rows()
    assert (await source.hours_ending("BTC-USD", NOON - 3600, 5)).as_of == NOON - 3600
    with pytest.raises(InvalidInput):
        await source.hours_ending("BTC-USD", NOON - 900, 60)
    with pytest.raises(DataFileError):
        await source.five_minutes("BTC-USD", 12)


def test_importing_the_live_source_loads_neither_pandas_nor_sqlalchemy():
    program = "import sys, forecaster.market; print([m for m in ('pandas', 'sqlalchemy') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert shown.stdout.strip() == "[]"
