"""Binance's hourly candles: https://developers.binance.com/docs/, GET /api/v3/klines.

Its pairs are quoted in USDT, which is told with every answer.
"""

from collections.abc import Iterable
from typing import Any

from forecaster.market.candles import Row
from forecaster.market.exchanges.base import Exchange, Query, listed, number, row_of


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
        return (row_of(number(row[0]) / 1000, *row[1:6]) for row in listed(body))
