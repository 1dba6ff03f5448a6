"""Coinbase Exchange's candles and prices: https://docs.cdp.coinbase.com/exchange, GET /products/{id}/candles and so on.

It gives the newest candles first, and none for a span without a trade.
"""

from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange, iso_time, listed
from forecaster.market.exchanges.wire import Query


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
