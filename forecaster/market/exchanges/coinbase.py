"""Coinbase Exchange's candles and prices: https://docs.cdp.coinbase.com/exchange, GET /products/{id}/candles and so on.

It gives the newest candles first, and none for a span without a trade.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange
from forecaster.market.exchanges.wire import Query, iso_time, listed, number


class Coinbase(Exchange):
    """Rows of numbers, newest first, low and high before open; at most 300, and none for a span without a trade."""

    name = "coinbase"
    max_rows = 300

    def _request(self, pair: str, count: int, start: int | None, step: int) -> tuple[str, Query]:
        query: Query = {"granularity": step}
        if start is not None:  # start without end is ignored there
            query |= {"start": iso_time(start), "end": iso_time(start + (count - 1) * step)}
        return f"/products/{pair}/candles", query

    def _sent(self, body: Any) -> list[Any]:
        return listed(body)

    def _cells(self, row: Any) -> Cells:
        time, low, high, open_, close, volume = listed(row)
        return time, open_, high, low, close, volume

    def _ticker_request(self, pair: str) -> tuple[str, Query]:
        return f"/products/{pair}/ticker", {}

    def _tick(self, body: Any) -> tuple[float, float | None]:
        time = datetime.fromisoformat(body["time"])
        return number(body["price"]), (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()

    def _products_request(self, symbol: str) -> tuple[str, Query]:
        return "/products", {}

    def _products(self, body: Any) -> Iterable[tuple[str, str]]:
        for product in listed(body):
            if product["quote_currency"] == self.quote and product["status"] == "online":
                yield product["base_currency"], product["id"]
