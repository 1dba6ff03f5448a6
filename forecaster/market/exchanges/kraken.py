"""Kraken's hourly candles: https://docs.kraken.com/api/, GET /0/public/OHLC."""

from collections.abc import Iterable
from typing import Any, ClassVar

from forecaster.errors import ExchangeError
from forecaster.market.candles import Row
from forecaster.market.exchanges.base import Exchange, Query, row_of
from forecaster.schema import HOUR


class Kraken(Exchange):
    """Rows with prices as strings, oldest first; the newest 720 and no others, the last one always forming."""

    name = "kraken"
    max_rows = 720
    pairs: ClassVar[dict[str, str]] = {"BTC-USD": "XBTUSD", "ETH-USD": "ETHUSD"}

    def _request(self, symbol: str, count: int, start: int | None) -> tuple[str, Query]:
        query: Query = {"pair": self.pairs[symbol], "interval": HOUR // 60}
        if start is not None:
            query["since"] = start - 1  # rows after that moment
        return "/0/public/OHLC", query

    def _rows(self, body: Any) -> Iterable[Row]:
        # The pair comes back under another name, such as XXBTZUSD, beside "last".
        (rows,) = (rows for key, rows in body["result"].items() if key != "last")
        return (row_of(time, open_, high, low, close, volume) for time, open_, high, low, close, _, volume, _ in rows)

    def _refusal(self, answer: dict[str, Any]) -> ExchangeError:
        words = str(answer.get("error"))
        limited = any(sign in words for sign in ("Too many requests", "Rate limit", "Throttled"))
        return self._asked_for_quiet() if limited else super()._refusal(answer)
