"""Binance's candles and prices: https://developers.binance.com/docs/, GET /api/v3/klines and its neighbours.

Its pairs are quoted in USDT, which is told with every answer.
"""

from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange, listed, number
from forecaster.market.exchanges.wire import Query
from forecaster.schema import FIVE_MINUTES, HOUR

INTERVALS = {HOUR: "1h", FIVE_MINUTES: "5m"}


class Binance(Exchange):
    """Rows of 12 fields with prices as strings, oldest first, times in ms, quoted in USDT; at most 1000."""

    name = "binance"
    quote = "USDT"
    max_rows = 1000

    def _request(self, pair: str, count: int, start: int | None, step: int) -> tuple[str, Query]:
        query: Query = {"symbol": pair, "interval": INTERVALS[step], "limit": count}
        if start is not None:
            query["startTime"] = start * 1000
        return "/api/v3/klines", query

    def _sent(self, body: Any) -> list[Any]:
        return listed(body)

    def _cells(self, row: Any) -> Cells:
        time, open_, high, low, close, volume = listed(row)[:6]
        return number(time) / 1000, open_, high, low, close, volume
