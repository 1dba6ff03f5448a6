"""How the four exchanges take a request for candles, a price or their pairs, and answer it: seen from their side."""

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any, ClassVar, NamedTuple

Query = dict[str, str]
Rows = list[tuple[Any, ...]]  # (time s, open, high, low, close, volume), oldest first, the last one forming
DAY, HOUR, FIVE_MINUTES = 86_400, 3600, 300
COINS = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "LINK", "LTC", "AVAX", "DOT", "TRX", "BCH", "NEAR", "XTZ")
NEW = "PEPE"  # listed by three exchanges, and known to no catalogue
CANDLES, TICKER, PRODUCTS = "candles", "ticker", "products"


class Asked(NamedTuple):
    """What a request is for."""

    kind: str  # CANDLES, TICKER or PRODUCTS
    symbol: str = ""  # such as BTC-USD
    step: int = HOUR  # of candles, in seconds


class Refused(Exception):
    """The request is wrong in the exchange's own terms."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Format(ABC):
    """One exchange's side of the conversation."""

    coins: tuple[str, ...] = (*COINS, NEW)  # what it lists
    steps: ClassVar[dict[str, int]]  # what it calls them

    def pair(self, coin: str) -> str:
        """What it calls a coin."""
        return f"{coin}-USD"

    @abstractmethod
    def asked(self, path: str, query: Query) -> Asked:
        """What is asked for, or Refused."""

    @abstractmethod
    def select(self, rows: Rows, query: Query, step: int) -> Rows:
        """The rows that the query asks for, in the exchange's order, or Refused."""

    @abstractmethod
    def encode(self, rows: Rows, asked: Asked) -> Any:
        """The rows as the JSON body."""

    @abstractmethod
    def ticker(self, price: Any, time: Any, asked: Asked) -> Any:
        """The last price, and its time in Unix seconds, as the JSON body."""

    @abstractmethod
    def products(self, query: Query) -> Any:
        """What it lists, as the JSON body."""

    @abstractmethod
    def error(self, words: str) -> Any:
        """An error as the JSON body."""

    def named(self, pair: str, status: int, words: str) -> str:
        """Which of our symbols a pair is, or Refused."""
        for coin in self.coins:
            if self.pair(coin) == pair:
                return f"{coin}-USD"
        raise Refused(status, self.error(words))

    def step(self, name: str | None, status: int, words: str) -> int:
        """The seconds of a step, or Refused."""
        if name not in self.steps:
            raise Refused(status, self.error(words))
        return self.steps[name]


class BitstampFormat(Format):
    coins = tuple(coin for coin in COINS if coin not in ("BNB", "TRX"))
    steps: ClassVar = {"86400": DAY, "3600": HOUR, "300": FIVE_MINUTES}

    def pair(self, coin: str) -> str:
        return f"{coin.lower()}usd"

    def asked(self, path: str, query: Query) -> Asked:
        if path == "/api/v2/markets/":
            return Asked(PRODUCTS)
        kind, _, pair = path.removeprefix("/api/v2/").removesuffix("/").partition("/")
        symbol = self.named(pair, 404, "Invalid market")
        if kind == "ticker":
            return Asked(TICKER, symbol)
        if kind != "ohlc" or not 1 <= int(query.get("limit", "0")) <= 1000:
            raise Refused(400, self.error("limit and step are required"))
        return Asked(CANDLES, symbol, self.step(query.get("step"), 400, "limit and step are required"))

    def select(self, rows: Rows, query: Query, step: int) -> Rows:
        limit = int(query["limit"])
        if "end" in query:  # as documented there: with both, end is used
            return [row for row in rows if row[0] <= int(query["end"])][-limit:]
        if "start" in query:
            return [row for row in rows if row[0] >= int(query["start"])][:limit]
        return rows[-limit:]

    def encode(self, rows: Rows, asked: Asked) -> Any:
        columns = ("timestamp", "open", "high", "low", "close", "volume")
        ohlc = [dict(zip(columns, map(text, row), strict=True)) for row in rows]
        return {"data": {"ohlc": ohlc, "pair": asked.symbol.replace("-", "/")}}

    def ticker(self, price: Any, time: Any, asked: Asked) -> Any:
        moment = text(int(time)) if type(time) in (int, float) and abs(time) < 1e18 else time
        same = dict.fromkeys(("open", "high", "low", "vwap", "bid", "ask", "open_24"), "1.00")
        return same | {"timestamp": moment, "last": text(price), "volume": "9.5", "side": "0",
                       "percent_change_24": "0.10", "market_type": "SPOT"}  # fmt: skip

    def products(self, query: Query) -> Any:
        return [
            {"name": f"{coin}/{quote}", "market_symbol": f"{coin}{quote}".lower(), "base_currency": coin,
             "counter_currency": quote, "trading": "Enabled", "market_type": "SPOT"}
            for coin in self.coins
            for quote in ("USD", "EUR")
        ]  # fmt: skip

    def error(self, words: str) -> Any:
        return {"status": "error", "reason": {"__all__": [words]}}


class CoinbaseFormat(Format):
    coins = tuple(coin for coin in (*COINS, NEW) if coin != "TRX")
    steps: ClassVar = {"86400": DAY, "3600": HOUR, "300": FIVE_MINUTES}

    def asked(self, path: str, query: Query) -> Asked:
        if path == "/products":
            return Asked(PRODUCTS)
        pair, _, kind = path.removeprefix("/products/").partition("/")
        symbol = self.named(pair, 404, "NotFound")
        if kind == "ticker":
            return Asked(TICKER, symbol)
        if kind != "candles":
            raise Refused(404, self.error("NotFound"))
        return Asked(CANDLES, symbol, self.step(query.get("granularity"), 400, "Unsupported granularity"))

    def select(self, rows: Rows, query: Query, step: int) -> Rows:
        if "start" in query and "end" in query:  # one alone: both ignored
            start, end = (datetime.fromisoformat(query[name]).timestamp() for name in ("start", "end"))
            if (end - start) / step + 1 > 300:
                raise Refused(400, self.error("granularity too small for the requested time range"))
            rows = [row for row in rows if start <= row[0] <= end]
        return rows[-300:][::-1]

    def encode(self, rows: Rows, asked: Asked) -> Any:
        return [[time, low, high, open_, close, volume] for time, open_, high, low, close, volume in rows]

    def ticker(self, price: Any, time: Any, asked: Asked) -> Any:
        return {"trade_id": 86326522, "price": text(price), "size": "0.01", "time": iso(time), "bid": "1.00",
                "ask": "1.01", "volume": "9.5"}  # fmt: skip

    def products(self, query: Query) -> Any:
        return [
            {"id": f"{coin}-{quote}", "base_currency": coin, "quote_currency": quote, "status": "online",
             "trading_disabled": False, "display_name": f"{coin}-{quote}"}
            for coin in self.coins
            for quote in ("USD", "GBP")
        ]  # fmt: skip

    def error(self, words: str) -> Any:
        return {"message": words}


class KrakenFormat(Format):
    steps: ClassVar = {"1440": DAY, "60": HOUR, "5": FIVE_MINUTES}
    own: ClassVar = {"BTC": "XBT", "DOGE": "XDG"}

    def pair(self, coin: str) -> str:
        return f"{self.own.get(coin, coin)}USD"

    def key(self, coin: str) -> str:
        """The pair's name in answers."""
        own = self.own.get(coin, coin)
        return f"X{own}ZUSD" if coin in ("BTC", "ETH", "XRP", "LTC") else f"{own}USD"

    def asked(self, path: str, query: Query) -> Asked:
        if path == "/0/public/AssetPairs":
            return Asked(PRODUCTS)
        symbol = self.named(query.get("pair", ""), 200, "EQuery:Unknown asset pair")
        if path == "/0/public/Ticker":
            return Asked(TICKER, symbol)
        if path != "/0/public/OHLC":
            raise Refused(404, self.error("EGeneral:Unknown method"))
        return Asked(CANDLES, symbol, self.step(query.get("interval"), 200, "EGeneral:Invalid arguments"))

    def select(self, rows: Rows, query: Query, step: int) -> Rows:
        return [row for row in rows[-720:] if row[0] > int(query.get("since", "0"))] or rows[-1:]

    def encode(self, rows: Rows, asked: Asked) -> Any:
        key = self.key(asked.symbol.removesuffix("-USD"))
        ohlc = [[time, *map(text, (o, h, lo, c, c, volume)), 41] for time, o, h, lo, c, volume in rows]
        return {"error": [], "result": {key: ohlc, "last": ohlc[-2][0] if len(ohlc) > 1 else 0}}

    def ticker(self, price: Any, time: Any, asked: Asked) -> Any:  # tells no time
        pair = {"a": ["1.01", "1", "1.000"], "b": ["1.00", "1", "1.000"], "c": [text(price), "0.01"],
                "v": ["9.5", "9.5"], "p": ["1.00", "1.00"], "t": [41, 41], "l": ["1.00", "1.00"],
                "h": ["1.01", "1.01"], "o": "1.00"}  # fmt: skip
        return {"error": [], "result": {self.key(asked.symbol.removesuffix("-USD")): pair}}

    def products(self, query: Query) -> Any:
        return {
            "error": [],
            "result": {
                f"{coin}{quote}": {"altname": self.pair(coin).removesuffix("USD") + quote,
                                   "wsname": f"{self.own.get(coin, coin)}/{quote}", "base": coin, "quote": f"Z{quote}",
                                   "status": "online"}
                for coin in self.coins
                for quote in ("EUR", "USD")
            },
        }  # fmt: skip

    def error(self, words: str) -> Any:
        return {"error": [words]}


class BinanceFormat(Format):
    steps: ClassVar = {"1d": DAY, "1h": HOUR, "5m": FIVE_MINUTES}

    def pair(self, coin: str) -> str:
        return f"{coin}USDT"

    def asked(self, path: str, query: Query) -> Asked:
        symbol = self.named(query.get("symbol", ""), 400, "Invalid symbol.")
        if path == "/api/v3/exchangeInfo":
            return Asked(PRODUCTS)
        if path == "/api/v3/ticker/24hr":
            return Asked(TICKER, symbol)
        if path != "/api/v3/klines" or not 1 <= int(query.get("limit", "500")) <= 1000:
            raise Refused(400, self.error("Invalid interval."))
        return Asked(CANDLES, symbol, self.step(query.get("interval"), 400, "Invalid interval."))

    def select(self, rows: Rows, query: Query, step: int) -> Rows:
        limit = int(query.get("limit", "500"))
        if "startTime" in query:
            return [row for row in rows if row[0] * 1000 >= int(query["startTime"])][:limit]
        return rows[-limit:]

    def encode(self, rows: Rows, asked: Asked) -> Any:
        return [
            [
                time and time * 1000,
                *map(text, prices),
                ((time or 0) + asked.step) * 1000 - 1,
                "0.0",
                41,
                "0.0",
                "0.0",
                "0",
            ]
            for time, *prices in rows
        ]

    def ticker(self, price: Any, time: Any, asked: Asked) -> Any:
        moment = int(time * 1000) if type(time) in (int, float) and abs(time) < 1e18 else time
        same = dict.fromkeys(("openPrice", "highPrice", "lowPrice", "bidPrice", "askPrice", "prevClosePrice"), "1.0")
        return same | {"symbol": self.pair(asked.symbol.removesuffix("-USD")), "lastPrice": text(price),
                       "volume": "9.5", "openTime": 0, "closeTime": moment, "count": 41}  # fmt: skip

    def products(self, query: Query) -> Any:
        pair = query["symbol"]
        coin = pair.removesuffix("USDT")
        return {"timezone": "UTC", "symbols": [{"symbol": pair, "status": "TRADING", "baseAsset": coin,
                                                "quoteAsset": "USDT", "isSpotTradingAllowed": True}]}  # fmt: skip

    def error(self, words: str) -> Any:
        return {"code": -1121, "msg": words}


FORMATS: dict[str, Format] = {
    "bitstamp": BitstampFormat(),
    "coinbase": CoinbaseFormat(),
    "kraken": KrakenFormat(),
    "binance": BinanceFormat(),
}


def text(value: Any) -> Any:
    """A number as the exchanges write it, in quotes; anything else (a fault) as it is."""
    return str(value) if type(value) in (int, float) else value


def iso(time: Any) -> Any:
    """Unix seconds as Coinbase writes them; anything else (a fault) as it is."""
    if type(time) not in (int, float) or not 0 <= time < 250_000_000_000:
        return time
    return datetime.fromtimestamp(time, UTC).isoformat().replace("+00:00", "Z")
