"""How the four exchanges take a request for hourly candles and write the answer, seen from their side."""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any

from forecaster.schema import HOUR

Query = dict[str, str]
Rows = list[tuple[Any, ...]]  # (time s, open, high, low, close, volume), oldest first, the last one forming


class Refused(Exception):
    """The request is wrong in the exchange's own terms."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class Format(ABC):
    """One exchange's side of the conversation."""

    @abstractmethod
    def symbol(self, path: str, query: Query) -> str:
        """Which of our symbols is asked for, or Refused."""

    @abstractmethod
    def select(self, rows: Rows, query: Query) -> Rows:
        """The rows that the query asks for, in the exchange's order, or Refused."""

    @abstractmethod
    def encode(self, rows: Rows, symbol: str) -> Any:
        """The rows as the JSON body."""

    @abstractmethod
    def error(self, words: str) -> Any:
        """An error as the JSON body."""


class BitstampFormat(Format):
    def symbol(self, path: str, query: Query) -> str:
        symbols = {"/api/v2/ohlc/btcusd/": "BTC-USD", "/api/v2/ohlc/ethusd/": "ETH-USD"}
        if path not in symbols:
            raise Refused(404, self.error("Invalid market"))
        return symbols[path]

    def select(self, rows: Rows, query: Query) -> Rows:
        if query.get("step") != "3600" or not 1 <= int(query.get("limit", "0")) <= 1000:
            raise Refused(400, self.error("limit and step are required"))
        limit = int(query["limit"])
        if "end" in query:  # as documented there: with both, end is used
            return [row for row in rows if row[0] <= int(query["end"])][-limit:]
        if "start" in query:
            return [row for row in rows if row[0] >= int(query["start"])][:limit]
        return rows[-limit:]

    def encode(self, rows: Rows, symbol: str) -> Any:
        columns = ("timestamp", "open", "high", "low", "close", "volume")
        ohlc = [dict(zip(columns, map(_text, row), strict=True)) for row in rows]
        return {"data": {"ohlc": ohlc, "pair": symbol.replace("-", "/")}}

    def error(self, words: str) -> Any:
        return {"status": "error", "reason": {"__all__": [words]}}


class CoinbaseFormat(Format):
    def symbol(self, path: str, query: Query) -> str:
        symbols = {f"/products/{symbol}/candles": symbol for symbol in ("BTC-USD", "ETH-USD")}
        if path not in symbols:
            raise Refused(404, self.error("NotFound"))
        return symbols[path]

    def select(self, rows: Rows, query: Query) -> Rows:
        if query.get("granularity") != "3600":
            raise Refused(400, self.error("Unsupported granularity"))
        if "start" in query and "end" in query:  # one alone: both ignored
            start, end = (datetime.fromisoformat(query[name]).timestamp() for name in ("start", "end"))
            if (end - start) / HOUR + 1 > 300:
                raise Refused(400, self.error("granularity too small for the requested time range"))
            rows = [row for row in rows if start <= row[0] <= end]
        return rows[-300:][::-1]

    def encode(self, rows: Rows, symbol: str) -> Any:
        return [[time, low, high, open_, close, volume] for time, open_, high, low, close, volume in rows]

    def error(self, words: str) -> Any:
        return {"message": words}


class KrakenFormat(Format):
    def symbol(self, path: str, query: Query) -> str:
        symbols = {"XBTUSD": "BTC-USD", "ETHUSD": "ETH-USD"}
        if path != "/0/public/OHLC" or query.get("pair") not in symbols:
            raise Refused(200, self.error("EQuery:Unknown asset pair"))
        return symbols[query["pair"]]

    def select(self, rows: Rows, query: Query) -> Rows:
        if query.get("interval") != "60":
            raise Refused(200, self.error("EGeneral:Invalid arguments"))
        return [row for row in rows[-720:] if row[0] > int(query.get("since", "0"))] or rows[-1:]

    def encode(self, rows: Rows, symbol: str) -> Any:
        key = {"BTC-USD": "XXBTZUSD", "ETH-USD": "XETHZUSD"}[symbol]
        ohlc = [[time, *map(_text, (o, h, lo, c, c, volume)), 41] for time, o, h, lo, c, volume in rows]
        return {"error": [], "result": {key: ohlc, "last": ohlc[-2][0] if len(ohlc) > 1 else 0}}

    def error(self, words: str) -> Any:
        return {"error": [words]}


class BinanceFormat(Format):
    def symbol(self, path: str, query: Query) -> str:
        symbols = {"BTCUSDT": "BTC-USD", "ETHUSDT": "ETH-USD"}
        if path != "/api/v3/klines" or query.get("symbol") not in symbols:
            raise Refused(400, self.error("Invalid symbol."))
        return symbols[query["symbol"]]

    def select(self, rows: Rows, query: Query) -> Rows:
        limit = int(query.get("limit", "500"))
        if query.get("interval") != "1h" or not 1 <= limit <= 1000:
            raise Refused(400, self.error("Invalid interval."))
        if "startTime" in query:
            return [row for row in rows if row[0] * 1000 >= int(query["startTime"])][:limit]
        return rows[-limit:]

    def encode(self, rows: Rows, symbol: str) -> Any:
        return [
            [time * 1000, *map(_text, prices), (time + HOUR) * 1000 - 1, "0.0", 41, "0.0", "0.0", "0"]
            for time, *prices in rows
        ]

    def error(self, words: str) -> Any:
        return {"code": -1121, "msg": words}


FORMATS: dict[str, Format] = {
    "bitstamp": BitstampFormat(),
    "coinbase": CoinbaseFormat(),
    "kraken": KrakenFormat(),
    "binance": BinanceFormat(),
}


def _text(value: Any) -> Any:
    """A number as the exchanges write it, in quotes; anything else (a fault) as it is."""
    return str(value) if type(value) in (int, float) else value
