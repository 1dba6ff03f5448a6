"""Another currency: asked of the exchanges that quote it, in their order; a pair that one lacks costs it nothing."""

import httpx
import pytest

from forecaster.errors import ExchangeError
from forecaster.market.auto import AutoSource
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.market.simulated import DemoSource
from tests.support.exchanges.fake import AMPLE
from tests.support.fakes import NOON, Clock

STAMP = {"Date": "Thu, 19 Mar 2026 12:00:00 GMT"}
GIVEN = {
    "/api/v2/ticker/btceur/": {"last": "60000.5", "timestamp": str(NOON - 2)},
    "/products/BTC-EUR/ticker": {"price": "60001.5", "time": "2026-03-19T11:59:58Z"},
    "/0/public/Ticker?pair=XBTCHF": {"error": [], "result": {"XBTCHF": {"c": ["58000.0", "1"]}}},
    "/api/v3/ticker/24hr?symbol=BTCBRL": {"lastPrice": "350000.0", "closeTime": (NOON - 2) * 1000},
}


class Market:
    """Answers by path what is given, 404 what is not, and whatever a test says instead."""

    def __init__(self):
        self.asked: list[str] = []
        self.given = dict(GIVEN)
        self.status = 404

    def __call__(self, request):
        path = request.url.raw_path.decode()
        self.asked.append(path)
        found = self.given.get(path)
        return httpx.Response(self.status if found is None else 200, json=found or {}, headers=STAMP)


@pytest.fixture
def market():
    return Market()


@pytest.fixture
async def live(market):
    clock = Clock(float(NOON))
    client = httpx.AsyncClient(transport=httpx.MockTransport(market))
    exchanges = [EXCHANGES[name](client, "http://exchange.test", clock) for name in EXCHANGES]
    source = LiveSource(exchanges, clock=clock, budget=AMPLE)
    yield source
    await source.close()


async def test_the_first_exchange_that_quotes_it_tells_the_price(live):
    quote = await live.quote_in("BTC-USD", "EUR")
    assert (quote.price, quote.quote, quote.source) == (60_000.5, "EUR", "bitstamp")


async def test_an_exchange_that_lacks_the_pair_is_passed_over_and_stays_in_service(live, market):
    del market.given["/api/v2/ticker/btceur/"]
    quote = await live.quote_in("BTC-USD", "EUR")
    assert (quote.price, quote.source) == (60_001.5, "coinbase")
    market.given["/api/v2/ticker/ethusd/"] = {"last": "2000", "timestamp": str(NOON - 2)}
    market.given["/api/v2/ticker/etheur/"] = {"last": "1800", "timestamp": str(NOON - 2)}
    assert (await live.quote_in("ETH-USD", "EUR")).source == "bitstamp"


@pytest.mark.parametrize(("currency", "source", "price"), [("CHF", "kraken", 58_000), ("BRL", "binance", 350_000)])
async def test_each_exchange_is_asked_for_its_own_currencies_alone(currency, source, price, live, market):
    quote = await live.quote_in("BTC-USD", currency)
    assert (quote.source, quote.quote, quote.price) == (source, currency, price)
    assert len(market.asked) == 1


async def test_a_currency_that_nobody_quotes_is_asked_of_nobody(live, market):
    assert await live.quote_in("BTC-USD", "NGN") is None
    assert market.asked == []


async def test_a_pair_that_all_of_them_lack_is_not_asked_for_again_and_again(live, market):
    market.given.clear()
    for _ in range(3):
        assert await live.quote_in("BTC-USD", "GBP") is None
    assert len(market.asked) == 3  # bitstamp, coinbase, kraken: once each


async def test_a_price_is_told_again_for_a_few_seconds(live, market):
    for _ in range(3):
        await live.quote_in("BTC-USD", "EUR")
    assert len(market.asked) == 1


async def test_exchanges_that_fail_are_named(live, market):
    market.given.clear()
    market.status = 403
    with pytest.raises(ExchangeError, match="refused access"):
        await live.quote_in("BTC-USD", "EUR")


async def test_no_other_currency_is_ever_simulated(live, market):
    market.given.clear()
    assert await AutoSource(live, DemoSource()).quote_in("BTC-USD", "EUR") is None
    assert await DemoSource().quote_in("BTC-USD", "EUR") is None
