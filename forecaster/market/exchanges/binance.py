"""Binance's candles and prices: https://developers.binance.com/docs/, GET /api/v3/klines and its neighbours.

Its pairs are quoted in USDT, which is told with every answer.
"""

from collections.abc import Iterable
from typing import Any

from forecaster.errors import ExchangeError
from forecaster.market.exchanges.base import Cells, Exchange
from forecaster.market.exchanges.wire import Query, listed, number
from forecaster.market.symbols import Pair
from forecaster.schema import DAY, FIVE_MINUTES, HOUR

INTERVALS = {DAY: "1d", HOUR: "1h", FIVE_MINUTES: "5m"}


class Binance(Exchange):
    """Rows of 12 fields with prices as strings, oldest first, times in ms, quoted in USDT; at most 1000."""

    name = "binance"
    quote = "USDT"
    currencies = ("EUR", "BRL", "JPY", "TRY", "PLN", "MXN", "ZAR")
    max_rows = 1000
    lists_all = False  # that would be more than 10 MB

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

    def _ticker_request(self, pair: str) -> tuple[str, Query]:
        return "/api/v3/ticker/24hr", {"symbol": pair}

    def _tick(self, body: Any) -> tuple[float, float | None]:
        return number(body["lastPrice"]), number(body["closeTime"]) / 1000

    async def products(self, symbol: str, *, within: float = 5.0) -> dict[str, Pair]:
        """See Exchange; an unknown pair is answered with status 400 there."""
        try:
            return await super().products(symbol, within=within)
        except ExchangeError as error:
            if error.cause == "answered with an error (400)":
                return {}
            raise

    def _products_request(self, symbol: str) -> tuple[str, Query]:
        return "/api/v3/exchangeInfo", {"symbol": symbol.partition("-")[0] + self.quote}

    def _products(self, body: Any) -> Iterable[tuple[str, str]]:
        for pair in listed(body["symbols"]):
            if pair["quoteAsset"] == self.quote and pair["status"] == "TRADING":
                yield pair["baseAsset"], pair["symbol"]
