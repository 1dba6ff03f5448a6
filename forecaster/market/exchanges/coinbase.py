"""Coinbase Exchange's hourly candles: https://docs.cdp.coinbase.com/exchange, GET /products/{id}/candles.

It gives the newest candles first, and none for an hour without a trade.
"""

from collections.abc import Iterable
from typing import Any

from forecaster.market.candles import Row
from forecaster.market.exchanges.base import Exchange, Query, iso_time, listed, row_of
from forecaster.schema import HOUR


class Coinbase(Exchange):
    """Rows of numbers, newest first, low and high before open; at most 300, and none for an hour without a trade."""

    name = "coinbase"
    max_rows = 300

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"granularity": HOUR}
        if start is not None:  # start without end is ignored there
            query |= {"start": iso_time(start), "end": iso_time(start + (count - 1) * HOUR)}
        return f"/products/{symbol}/candles", query

    def _rows(self, body: Any) -> Iterable[Row]:
        return (row_of(time, open_, high, low, close, volume) for time, low, high, open_, close, volume in listed(body))
