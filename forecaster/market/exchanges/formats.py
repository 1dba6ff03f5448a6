"""The four exchanges: how each is asked for hourly candles, and where the numbers stand in its answer."""

from collections.abc import Iterable
from typing import Any, ClassVar

from forecaster.errors import ExchangeError
from forecaster.market.candles import Row, utc
from forecaster.market.exchanges.base import Exchange, Query, number
from forecaster.schema import HOUR


class Bitstamp(Exchange):
    """Objects of strings, oldest first; at most 1000."""

    name = "bitstamp"
    max_rows = 1000

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"step": HOUR, "limit": count}
        if start is not None:  # end wins over start there, so both name the same span
            query |= {"start": start, "end": start + (count - 1) * HOUR}
        return f"/api/v2/ohlc/{symbol.replace('-', '').lower()}/", query

    def _rows(self, body: Any) -> Iterable[Row]:
        columns = ("timestamp", "open", "high", "low", "close", "volume")
        return (_row(*(row[column] for column in columns)) for row in body["data"]["ohlc"])


class Coinbase(Exchange):
    """Rows of numbers, newest first, low and high before open; at most 300, and none for an hour without a trade."""

    name = "coinbase"
    max_rows = 300

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"granularity": HOUR}
        if start is not None:  # start without end is ignored there
            query |= {"start": _iso(start), "end": _iso(start + (count - 1) * HOUR)}
        return f"/products/{symbol}/candles", query

    def _rows(self, body: Any) -> Iterable[Row]:
        return (_row(time, open_, high, low, close, volume) for time, low, high, open_, close, volume in _list(body))


class Kraken(Exchange):
    """Rows with prices as strings, oldest first; the newest 720 and no others, the last one always forming."""

    name = "kraken"
    max_rows = 720
    pairs: ClassVar[dict[str, str]] = {"BTC-USD": "XBTUSD", "ETH-USD": "ETHUSD"}

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"pair": self.pairs[symbol], "interval": HOUR // 60}
        if start is not None:
            query["since"] = start - 1  # rows after that moment
        return "/0/public/OHLC", query

    def _rows(self, body: Any) -> Iterable[Row]:
        # The pair comes back under another name, such as XXBTZUSD, beside "last".
        (rows,) = (rows for key, rows in body["result"].items() if key != "last")
        return (_row(time, open_, high, low, close, volume) for time, open_, high, low, close, _, volume, _ in rows)

    def _refusal(self, answer: dict[str, Any]) -> ExchangeError:
        words = str(answer.get("error"))
        limited = any(sign in words for sign in ("Too many requests", "Rate limit", "Throttled"))
        return self._asked_for_quiet() if limited else super()._refusal(answer)


class Binance(Exchange):
    """Rows of 12 fields with prices as strings, oldest first, times in ms, quoted in USDT; at most 1000."""

    name = "binance"
    quote = "USDT"
    max_rows = 1000

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"symbol": symbol.replace("-", "") + "T", "interval": "1h", "limit": count}
        if start is not None:
            query["startTime"] = start * 1000
        return "/api/v3/klines", query

    def _rows(self, body: Any) -> Iterable[Row]:
        return (_row(number(row[0]) / 1000, *row[1:6]) for row in _list(body))


EXCHANGES: dict[str, type[Exchange]] = {kind.name: kind for kind in (Bitstamp, Coinbase, Kraken, Binance)}


def _row(time: Any, open_: Any, high: Any, low: Any, close: Any, volume: Any) -> Row:
    return number(time), number(open_), number(high), number(low), number(close), number(volume)


def _list(body: Any) -> list[Any]:
    if not isinstance(body, list):
        raise TypeError("not a list")
    return body


def _iso(seconds: int) -> str:
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")
