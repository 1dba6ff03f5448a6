"""What tools, chat and API ask for: prices, forecasts, surprises and records, from one place.

    live       price, candles, forecast, anomalies          from the source's newest candles
               quote, five_minutes                          the same as they come, for who looks again and again
    caller     forecast_from, forecast_closes, forecast_batch, anomalies_from, evaluate, next_close
    records    history, kept, track_record                  what was issued live, and what became of it
    the model  report, evaluation, facts

What a caller sends is neither followed nor kept: it changes no later answer.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from forecaster.anomalies import AnomalyReport
from forecaster.errors import InvalidInput
from forecaster.evaluation import RollingOrigin
from forecaster.inference import Draft
from forecaster.ledger import Kept, LedgerPage, TrackRecord
from forecaster.market import Candles, PastClose, Quote, Snapshot
from forecaster.schema import CandleSpan, CandleStep, Forecast, ModelFacts, Price, Report
from forecaster.serving.caller_input import Sent


class ForecastBackend(Protocol):
    """The whole of what a front end may ask. Every method may raise a CryptoSenseError."""

    async def price(self, symbol: str) -> Price:
        """The newest closed price."""
        ...

    async def close_at(self, symbol: str, at: datetime) -> PastClose:
        """The close of the newest candle that had closed at a past moment: of five minutes where there is one."""
        ...

    async def quote(self, symbol: str) -> Quote:
        """The last trade, two seconds old at most where an exchange tells a newer one."""
        ...

    async def five_minutes(self, symbol: str, count: int) -> Snapshot | None:
        """The newest `count` closed five-minute candles; None where they are not to be had from there at all."""
        ...

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """The last trade for another currency, such as EUR; None where nobody is known to quote that."""
        ...

    async def candles(self, symbol: str, hours: int, step: CandleStep = "1h") -> CandleSpan:
        """The closed candles of the newest `hours`: 1 to 300, of five minutes to 60, of days to 6,480."""
        ...

    async def forecast(
        self,
        symbol: str,
        hours: int | None = None,
        *,
        minutes: int | None = None,
        until: datetime | None = None,
    ) -> Forecast:
        """The forecast for each of the next `hours` (1 where nothing is given) after its as_of.

        With `minutes` or `until` instead: for 15, 30, 45 minutes and whole hours before that moment, and for it.
        """
        ...

    async def forecast_from(self, symbol: str, candles: Candles, hours: int, other: Candles | None = None) -> Forecast:
        """The same after a caller's candles; `other` are those of the other symbol, where it has them."""
        ...

    async def forecast_closes(
        self, symbol: str, closes: Sequence[float], hours: int, last_open_time: int | None = None
    ) -> Forecast:
        """The same after hourly closes, oldest first; `last_open_time` (Unix s) opens the hour of the last one."""
        ...

    async def forecast_batch(self, sent: Sequence[Sent], hours: int) -> Iterable[Forecast | Draft | InvalidInput]:
        """The same after each of many such, or why there is none; some are made as they are read: do so in a thread."""
        ...

    async def anomalies(self, symbol: str, hours: int, days: float) -> AnomalyReport:
        """How surprising the newest `hours` were, at a budget of one false alarm in so many `days`."""
        ...

    async def anomalies_from(
        self, symbol: str, candles: Candles, hours: int, days: float, other: Candles | None = None
    ) -> AnomalyReport:
        """The same of a caller's candles."""
        ...

    async def evaluate(self, symbol: str, closes: Sequence[float]) -> RollingOrigin:
        """The model's record on a caller's hourly closes, 120 to 10,000, oldest first."""
        ...

    async def next_close(self, closes: Sequence[float]) -> float:
        """The next close after 60, oldest first."""
        ...

    async def kept(self, forecast_id: str) -> Kept | None:
        """A live forecast as it was issued, with its outcomes so far."""
        ...

    async def history(self, symbol: str | None, since: datetime | None, cursor: str | None, limit: int) -> LedgerPage:
        """Live forecasts with their outcomes, newest first, a page at a time."""
        ...

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        """How live forecasts turned out."""
        ...

    async def report(self) -> Report:
        """The model's record on hours it never saw."""
        ...

    async def evaluation(self) -> bytes | None:
        """Every score behind the report as JSON, where the model brings it."""
        ...

    async def facts(self) -> ModelFacts:
        """What the model learned from and what it takes."""
        ...

    async def close(self) -> None:
        """Give back connections and files."""
        ...
