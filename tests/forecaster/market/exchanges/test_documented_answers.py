"""Answers as each exchange documents them, with made-up numbers: what is read from candles and from tickers."""

import json

import httpx
import pytest

from forecaster.market.exchanges.base import Page, Tick
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.symbols import Pair
from forecaster.schema import FIVE_MINUTES

NOW = 1_773_924_420  # 2026-03-19 12:47:00 UTC
OPEN = NOW - 120 - 600  # 12:35, of the first of three candles
CANDLES = [(OPEN, 11.5, 12.25, 11.0, 12.0, 3.5), (OPEN + 300, 12.0, 12.5, 11.75, 12.125, 0.25)]  # the third one forms

ASKED = {  # path and query of five-minute candles from 12:35 on, and of the price
    "bitstamp": (
        "/api/v2/ohlc/ltcusd/", {"step": "300", "limit": "11", "start": str(OPEN), "end": str(OPEN + 3000)},
        "/api/v2/ticker/ltcusd/", {},
    ),
    "coinbase": (
        "/products/LTC-USD/candles",
        {"granularity": "300", "start": "2026-03-19T12:35:00Z", "end": "2026-03-19T13:25:00Z"},
        "/products/LTC-USD/ticker", {},
    ),
    "kraken": ("/0/public/OHLC", {"pair": "LTCUSD", "interval": "5", "since": str(OPEN - 1)},
               "/0/public/Ticker", {"pair": "LTCUSD"}),
    "binance": (
        "/api/v3/klines", {"symbol": "LTCUSDT", "interval": "5m", "limit": "11", "startTime": str(OPEN * 1000)},
        "/api/v3/ticker/24hr", {"symbol": "LTCUSDT"},
    ),
}  # fmt: skip
PAGES = {
    "bitstamp": """{"data": {"ohlc": [
        {"close": "12.0", "high": "12.25", "low": "11.0", "open": "11.5", "timestamp": "1773923700", "volume": "3.500"},
        {"close": "12.125", "high": "12.5", "low": "11.75", "open": "12", "timestamp": "1773924000", "volume": "0.25"},
        {"close": "99", "high": "99", "low": "12", "open": "12.1", "timestamp": "1773924300", "volume": "1.0"}],
        "pair": "LTC/USD"}}""",
    "coinbase": """[[1773924300, 12, 99, 12.1, 99, 1.0], [1773924000, 11.75, 12.5, 12.0, 12.125, 0.25],
        [1773923700, 11.0, 12.25, 11.5, 12.0, 3.5]]""",
    "kraken": """{"error": [], "result": {"XLTCZUSD": [
        [1773923700, "11.5", "12.25", "11.0", "12.0", "11.9", "3.50000000", 7],
        [1773924000, "12.0", "12.5", "11.75", "12.125", "12.1", "0.25000000", 2],
        [1773924300, "12.1", "99", "12.0", "99", "50", "1.0", 1]], "last": 1773924000}}""",
    "binance": """[
        [1773923700000, "11.5", "12.25", "11.0", "12.0", "3.5", 1773923999999, "41.5", 7, "1.0", "12.0", "0"],
        [1773924000000, "12.0", "12.5", "11.75", "12.125", "0.25", 1773924299999, "3.0", 2, "0.1", "1.2", "0"],
        [1773924300000, "12.1", "99", "12.0", "99", "1.0", 1773924599999, "99", 1, "0.0", "0.0", "0"]]""",
}
TICKERS = {  # the time of the trade is a second and a half ago, where it is told
    "bitstamp": """{"timestamp": "1773924418", "open": "11.80", "high": "12.90", "low": "11.20", "last": "12.34",
        "volume": "51234.5", "vwap": "12.01", "bid": "12.33", "ask": "12.35", "side": "1", "open_24": "11.75",
        "percent_change_24": "5.02", "market_type": "SPOT"}""",
    "coinbase": """{"ask": "12.35", "bid": "12.33", "volume": "51234.5", "trade_id": 123456789, "price": "12.34",
        "size": "0.5", "time": "2026-03-19T12:46:58.500000123Z", "rfq_volume": "1.5"}""",
    "kraken": """{"error": [], "result": {"XLTCZUSD": {"a": ["12.35000", "1", "1.000"], "b": ["12.33000", "2", "2.000"],
        "c": ["12.34000", "0.50000000"], "v": ["100.5", "51234.5"], "p": ["12.2", "12.01"], "t": [100, 5000],
        "l": ["11.2", "11.2"], "h": ["12.9", "12.9"], "o": "11.80000"}}}""",
    "binance": """{"symbol": "LTCUSDT", "priceChange": "0.59", "priceChangePercent": "5.02", "weightedAvgPrice": "12",
        "prevClosePrice": "11.75", "lastPrice": "12.34000000", "lastQty": "0.5", "bidPrice": "12.33", "bidQty": "2.0",
        "askPrice": "12.35", "askQty": "1.0", "openPrice": "11.75", "highPrice": "12.9", "lowPrice": "11.2",
        "volume": "51234.5", "quoteVolume": "615000.0", "openTime": 1773838018500, "closeTime": 1773924418500,
        "firstId": 1, "lastId": 5000, "count": 5000}""",
}
TIMES = {"bitstamp": NOW - 2, "coinbase": NOW - 1.5, "kraken": NOW, "binance": NOW - 1.5}
LISTS = {
    "bitstamp": [
        {"name": "ABC/USD", "market_symbol": "abcusd", "base_currency": "ABC", "base_decimals": 8,
         "counter_currency": "USD", "counter_decimals": 5, "minimum_order_value": "10.0", "trading": "Enabled",
         "instant_order_counter_decimals": 5, "description": "Abc / U.S. dollar", "market_type": "SPOT"},
        {"name": "OLD/USD", "market_symbol": "oldusd", "base_currency": "OLD", "counter_currency": "USD",
         "trading": "Disabled", "market_type": "SPOT"},
        {"name": "ABC/EUR", "market_symbol": "abceur", "base_currency": "ABC", "counter_currency": "EUR",
         "trading": "Enabled", "market_type": "SPOT"},
    ],
    "coinbase": [
        {"id": "ABC-USD", "base_currency": "ABC", "quote_currency": "USD", "base_increment": "0.1",
         "quote_increment": "0.0001", "display_name": "ABC-USD", "min_market_funds": "1", "margin_enabled": False,
         "post_only": False, "limit_only": False, "cancel_only": False, "status": "online", "status_message": "",
         "trading_disabled": False, "fx_stablecoin": False, "auction_mode": False},
        {"id": "OLD-USD", "base_currency": "OLD", "quote_currency": "USD", "status": "delisted"},
        {"id": "ABC-USDT", "base_currency": "ABC", "quote_currency": "USDT", "status": "online"},
    ],
    "kraken": {"error": [], "result": {
        "ABCUSD": {"altname": "ABCUSD", "wsname": "ABC/USD", "aclass_base": "currency", "base": "ABC",
                   "aclass_quote": "currency", "quote": "ZUSD", "pair_decimals": 5, "lot_decimals": 8,
                   "ordermin": "5", "costmin": "0.5", "tick_size": "0.00001", "status": "online"},
        "OLDUSD": {"altname": "OLDUSD", "wsname": "OLD/USD", "base": "OLD", "quote": "ZUSD", "status": "cancel_only"},
        "XXBTZUSD": {"altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "status": "online"},
        "ABCEUR": {"altname": "ABCEUR", "wsname": "ABC/EUR", "base": "ABC", "quote": "ZEUR", "status": "online"},
    }},
    "binance": {"timezone": "UTC", "serverTime": NOW * 1000, "rateLimits": [], "exchangeFilters": [], "symbols": [
        {"symbol": "ABCUSDT", "status": "TRADING", "baseAsset": "ABC", "baseAssetPrecision": 8, "quoteAsset": "USDT",
         "quotePrecision": 8, "orderTypes": ["LIMIT"], "isSpotTradingAllowed": True, "permissions": []},
    ]},
}  # fmt: skip
FOUND = {
    "bitstamp": {"ABC-USD": Pair("abcusd", "USD")},
    "coinbase": {"ABC-USD": Pair("ABC-USD", "USD")},
    "kraken": {"ABC-USD": Pair("ABCUSD", "USD"), "BTC-USD": Pair("XBTUSD", "USD")},
    "binance": {"ABC-USD": Pair("ABCUSDT", "USDT")},
}
every_exchange = pytest.mark.parametrize("name", EXCHANGES)


class Network:
    """Gives one body and notes the request."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.path, self.query = "", dict[str, str]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.path, self.query = request.url.path, dict(request.url.params)
        return httpx.Response(200, text=self.body, headers={"Content-Type": "application/json"})

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self))


@every_exchange
async def test_five_minute_candles_are_asked_for_and_read_as_documented(name):
    network = Network(PAGES[name])
    async with network.client() as client:
        exchange = EXCHANGES[name](client, "http://exchange", clock=lambda: float(NOW))
        page = await exchange.candles("LTC-USD", limit=10, start=OPEN, step=FIVE_MINUTES)
    assert isinstance(page, Page)
    assert (network.path, network.query) == ASKED[name][:2]
    assert (page.candles.rows(), page.candles.step, page.now) == (CANDLES, FIVE_MINUTES, NOW)


@every_exchange
async def test_the_last_price_and_its_time_are_asked_for_and_read_as_documented(name):
    network = Network(TICKERS[name])
    async with network.client() as client:
        tick = await EXCHANGES[name](client, "http://exchange", clock=lambda: float(NOW)).ticker("LTC-USD")
    assert (network.path, network.query) == ASKED[name][2:]
    assert tick == Tick(12.34, pytest.approx(TIMES[name], abs=1e-3), NOW)


@every_exchange
async def test_pairs_are_read_as_documented_but_for_those_not_traded_or_in_another_currency(name):
    network = Network(json.dumps(LISTS[name]))
    async with network.client() as client:
        found = await EXCHANGES[name](client, "http://exchange", clock=lambda: float(NOW)).products("ABC-USD")
    assert found == FOUND[name]
