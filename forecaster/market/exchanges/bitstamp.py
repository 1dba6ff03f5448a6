"""Bitstamp's candles and prices: https://www.bitstamp.net/api/, GET /api/v2/ohlc/{pair}/ and its neighbours."""

from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange, listed
from forecaster.market.exchanges.wire import Query


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
