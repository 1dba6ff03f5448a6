"""Bitstamp's hourly candles: https://www.bitstamp.net/api/, GET /api/v2/ohlc/{pair}/."""

from collections.abc import Iterable
from typing import Any

from forecaster.market.candles import Row
from forecaster.market.exchanges.base import Exchange, Query, row_of
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
        return (row_of(*(row[column] for column in columns)) for row in body["data"]["ohlc"])
