"""Kraken's candles and prices: https://docs.kraken.com/api/, GET /0/public/OHLC and its neighbours."""

from typing import Any

from forecaster.market.exchanges.base import Cells, Exchange, listed
from forecaster.market.exchanges.wire import Query


class Kraken(Exchange):
    """Rows with prices as strings, oldest first; the newest 720 and no others, the last one always forming."""

    name = "kraken"
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
