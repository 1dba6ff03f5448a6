"""Bitstamp's candles and prices: https://www.bitstamp.net/api/, GET /api/v2/ohlc/{pair}/ and its neighbours."""

from collections.abc import Iterable
from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange
from forecaster.market.exchanges.wire import Query, listed, number


class Bitstamp(Exchange):
    """Objects of strings, oldest first; at most 1000."""

    name = "bitstamp"
    max_rows = 1000

    def _request(self, pair: str, count: int, start: int | None, step: int) -> tuple[str, Query]:
        query: Query = {"step": step, "limit": count}
        if start is not None:  # end wins over start there, so both name the same span
            query |= {"start": start, "end": start + (count - 1) * step}
        return f"/api/v2/ohlc/{pair}/", query

    def _sent(self, body: Any) -> list[Any]:
        return listed(body["data"]["ohlc"])

    def _cells(self, row: Any) -> Cells:
        return row["timestamp"], row["open"], row["high"], row["low"], row["close"], row["volume"]

    def _ticker_request(self, pair: str) -> tuple[str, Query]:
        return f"/api/v2/ticker/{pair}/", {}

    def _tick(self, body: Any) -> tuple[float, float | None]:
        return number(body["last"]), number(body["timestamp"])

    def _products_request(self, symbol: str) -> tuple[str, Query]:
        return "/api/v2/markets/", {}

    def _products(self, body: Any) -> Iterable[tuple[str, str]]:
        for market in listed(body):
            code, _, quote = market["name"].partition("/")
            if quote == self.quote and market.get("trading", "Enabled") == "Enabled":
                yield code, market["market_symbol"]
