"""The price now: the ticker's to the cent, a few seconds old, believed only near the newest candle, and labelled."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator

import httpx
import pytest

from forecaster.errors import ExchangeError, NoCandles, UnsupportedSymbol
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.store import CandleStore
from forecaster.market.symbols import catalogue
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from tests.support.exchanges.fake import AMPLE, SCALES, FakeExchanges
from tests.support.exchanges.faults import ANSWERS, FAULTS, RAW, TICKERS, WIRE
from tests.support.exchanges.formats import FORMATS, TICKER
from tests.support.fakes import NOON, candles_ending

NAMES = tuple(EXCHANGES)
TLS = ssl.create_default_context()  # slow to build: once for all tests
TAPE = candles_ending(NOON + 10 * HOUR, hours=1200)
UNBELIEVED = {"close above high", "high below low"}  # a price that can be, but for the candles
TIMES = {"ms for s", "future", "old"}  # of which Kraken's ticker tells none
QUIET = {"429", "429 without a word", "418", "503 for a while", "limit object"}
REFUSED = [fault for fault in TICKERS if fault not in UNBELIEVED]
OpenLive = Callable[..., LiveSource]
every_exchange = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def fake() -> Iterator[FakeExchanges]:
    with FakeExchanges(TAPE, NOON + 47 * 60) as fake:
        yield fake


@pytest.fixture
async def open_live(fake: FakeExchanges) -> AsyncIterator[OpenLive]:
    opened: list[LiveSource] = []

    def open_live(*names: str, **options: object) -> LiveSource:
        client = httpx.AsyncClient(verify=TLS, timeout=60)
        exchanges = [EXCHANGES[name](client, fake.urls[name]) for name in names or NAMES]
        opened.append(LiveSource(exchanges, **{"clock": fake.time, "timer": fake.time, "budget": AMPLE, **options}))
        return opened[-1]

    yield open_live
    for source in opened:
        await source.close()


def tickers(fake: FakeExchanges) -> list[str]:
    """Who was asked for a price."""
    return [name for name, asked in fake.asked if asked.kind == TICKER]


async def refusal(name: str, url: str, within: float = 5.0) -> ExchangeError:
    async with httpx.AsyncClient(verify=TLS, timeout=60) as client:
        with pytest.raises(ExchangeError) as caught:
            await EXCHANGES[name](client, url).ticker("BTC-USD", within=within)
    assert RAW not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("second", [1, 299, 301, 47 * 60])
@every_exchange
async def test_the_price_is_the_tickers_to_the_cent_and_names_its_currency(name, second, open_live, fake):
    fake.now = NOON + second
    quote = await open_live(name).quote("BTC-USD")
    assert (quote.price, quote.source, quote.quote) == (fake.price(), name, EXCHANGES[name].quote)
    assert quote.price != fake.closed(step=FIVE_MINUTES).close[-1]
    assert quote.time == pytest.approx(fake.now - (0 if name == "kraken" else fake.traded), abs=1)
    assert (quote.now, quote.warnings, quote.notes) == (fake.now, (), ())


@pytest.mark.parametrize("symbol", catalogue())
async def test_every_coin_has_a_price_now(symbol, open_live, fake):
    for name in NAMES:
        if symbol.removesuffix("-USD") in FORMATS[name].coins:
            assert (await open_live(name).quote(symbol)).price == fake.price(symbol)
    assert SCALES.keys() >= {"PEPE"}


@pytest.mark.parametrize("fault", [*ANSWERS, *WIRE, *REFUSED])
@every_exchange
async def test_a_fault_of_a_ticker_becomes_an_error_in_plain_words(name, fault, fake):
    if name == "kraken" and fault in TIMES:
        return
    fake.fail(name, fault)
    error = await refusal(name, fake.urls[name], 0.3 if fault in ("hang", "drip") else 5.0)
    assert "candles" not in error.cause or fault == "bad gzip"
    assert (error.retry_after is not None) == (fault in QUIET)


@pytest.mark.parametrize("fault", [*ANSWERS, *WIRE, *TICKERS])
async def test_the_next_exchange_tells_the_price_when_the_first_has_a_fault(fault, open_live, fake):
    source = open_live("bitstamp", "binance", budget=4.0 if fault in ("hang", "drip") else AMPLE)
    await source.five_minutes("BTC-USD", 60)
    fake.fail("bitstamp", fault)
    quote = await source.quote("BTC-USD")
    assert (quote.source, quote.quote, quote.price) == ("binance", "USDT", fake.price())
    assert quote.warnings == ()


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ANSWERS and fault not in WIRE])
async def test_a_fault_of_candles_alone_keeps_no_price_back(fault, open_live, fake):
    if fault in TICKERS:
        return
    fake.fail("all", fault)
    assert (await open_live().quote("BTC-USD")).price == fake.price()


async def test_a_price_far_off_the_newest_candle_is_refused_everywhere(open_live, fake):
    source = open_live()
    await source.five_minutes("BTC-USD", 60)
    fake.moved = 1.5
    quote = await source.quote("BTC-USD")
    assert (quote.price, quote.time) == (fake.closed(step=FIVE_MINUTES).close[-1], NOON + 45 * 60)
    assert quote.warnings == (ForecastWarning.STALE_CANDLES,)
    assert "the newest price at hand is a candle's close of 2 minutes ago at bitstamp" in quote.notes[0]
    assert quote.notes[0].count("told a price more than 20 sigmas from the newest candle") == 4


async def test_a_price_is_told_again_for_five_seconds_and_then_asked_for(open_live, fake):
    source = open_live("bitstamp")
    first = await source.quote("BTC-USD")
    fake.moved = 1.0004
    fake.now += 4.9
    again = await source.quote("BTC-USD")
    assert (again.price, again.time) == (first.price, first.time)
    assert again.now == first.now + 4.9
    fake.now += 0.2
    assert (await source.quote("BTC-USD")).price == fake.price()
    assert len(tickers(fake)) == 2


async def test_who_wants_a_newer_price_gets_one_and_others_are_told_it_too(open_live, fake):
    source = open_live("bitstamp")
    await source.quote("BTC-USD")
    fake.moved = 1.0004
    fake.now += 2.0
    assert (await source.quote("BTC-USD", 1.9)).price == fake.price()
    fake.now += 1.0
    told = await asyncio.gather(source.quote("BTC-USD"), source.quote("BTC-USD", 1.9))
    assert {each.price for each in told} == {fake.price()}
    assert len(tickers(fake)) == 2


async def test_a_hundred_callers_cause_one_call(open_live, fake):
    source = open_live()
    quotes = await asyncio.gather(*(source.quote("BTC-USD") for _ in range(100)))
    assert {quote.price for quote in quotes} == {fake.price()}
    assert tickers(fake) == ["bitstamp"]
    assert fake.calls["bitstamp"] == 2  # and one page of candles to compare it with


async def test_without_candles_the_price_is_told_and_that_it_was_not_compared(open_live, fake):
    fake.fail("bitstamp", "few")
    quote = await open_live("bitstamp").quote("BTC-USD")
    assert (quote.price, quote.notes) == (fake.price(), ("there were no candles to compare the price with",))


async def test_a_coin_that_is_hardly_traded_has_an_old_price_that_says_so(open_live, fake):
    fake.traded = 12 * 60
    quote = await open_live("coinbase").quote("XTZ-USD")
    assert (quote.price, quote.warnings) == (fake.price("XTZ-USD"), (ForecastWarning.STALE_CANDLES,))
    assert quote.notes == ("the last trade known is of 12 minutes ago at coinbase",)
    assert quote.age == 720


async def test_in_an_outage_the_last_price_is_told_with_its_age_and_then_a_newer_close_and_then_none(open_live, fake):
    source = open_live("bitstamp")
    price = (await source.quote("BTC-USD")).price
    fake.fail("all", "451")
    fake.now += 60
    quote = await source.quote("BTC-USD")
    assert (quote.price, quote.warnings) == (price, (ForecastWarning.STALE_CANDLES,))
    assert quote.notes == (
        "the last trade known is of 1 minute ago at bitstamp; nothing newer could be had: "
        "bitstamp refused this region (451)",
    )
    fake.now += 2 * HOUR
    with pytest.raises(NoCandles, match=r"bitstamp refused this region \(451\)"):
        await source.quote("BTC-USD")


async def test_after_a_restart_in_an_outage_the_stored_close_is_told_as_such(open_live, fake, tmp_path):
    url = f"sqlite:///{tmp_path / 'candles.db'}"
    before = CandleStore(url)
    before.save("bitstamp", "BTC-USD", fake.closed())
    before.close()
    fake.fail("all", "451")
    quote = await open_live(store=CandleStore(url)).quote("BTC-USD")
    assert (quote.price, quote.time, quote.quote) == (fake.closed().close[-1], NOON, "USD")
    assert "a candle's close of 47 minutes ago at bitstamp" in quote.notes[0]


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_clock_of_ours_that_is_hours_off_changes_no_price(hours, open_live, fake):
    def clock() -> float:
        return fake.time() + hours * HOUR

    quote = await open_live(clock=clock, timer=clock).quote("BTC-USD")
    assert (quote.price, quote.now, quote.warnings) == (fake.price(), fake.now, (ForecastWarning.CLOCK_SKEW,))


async def test_an_unknown_coin_has_no_price(open_live, fake):
    with pytest.raises(UnsupportedSymbol):
        await open_live().quote("BTC-EUR")
    assert not fake.calls


async def test_closing_in_the_middle_of_a_call_leaves_nothing_behind(open_live, fake):
    fake.fail("all", "hang")
    source = open_live()
    caller = asyncio.create_task(source.quote("BTC-USD"))
    await asyncio.sleep(0.05)
    await source.close()
    with pytest.raises(asyncio.CancelledError):
        await caller
