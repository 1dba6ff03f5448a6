"""Kraken's candles and prices: https://docs.kraken.com/api/, GET /0/public/OHLC and its neighbours."""

from collections.abc import Iterable
from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange
from forecaster.market.exchanges.wire import Query, listed, number

CODES = {"XBT": "BTC", "XDG": "DOGE"}  # where it calls a coin otherwise than everybody else


class Kraken(Exchange):
    """Rows with prices as strings, oldest first; the newest 720 and no others, the last one always forming."""

    name = "kraken"
    currencies = ("EUR", "GBP", "CHF", "CAD", "AUD", "JPY")
    max_rows = 720

    def _request(self, pair: str, count: int, start: int | None, step: int) -> tuple[str, Query]:
        query: Query = {"pair": pair, "interval": step // 60}
        if start is not None:
            query["since"] = start - 1  # rows after that moment
        return "/0/public/OHLC", query

    def _sent(self, body: Any) -> list[Any]:
        # The pair comes back under another name, such as XXBTZUSD, beside "last".
        (rows,) = (rows for key, rows in body["result"].items() if key != "last")
        return listed(rows)

    def _cells(self, row: Any) -> Cells:
        time, open_, high, low, close, _, volume, _ = listed(row)
        return time, open_, high, low, close, volume

    def _ticker_request(self, pair: str) -> tuple[str, Query]:
        return "/0/public/Ticker", {"pair": pair}

    def _tick(self, body: Any) -> tuple[float, float | None]:
        (pair,) = body["result"].values()
        return number(pair["c"][0]), None  # it tells no time

    def _products_request(self, symbol: str) -> tuple[str, Query]:
        return "/0/public/AssetPairs", {}

    def _products(self, body: Any) -> Iterable[tuple[str, str]]:
        for pair in body["result"].values():
            code, _, quote = pair.get("wsname", "").partition("/")
            if quote == self.quote and pair.get("status", "online") == "online":
                yield CODES.get(code, code), pair["altname"]
