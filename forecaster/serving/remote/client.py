"""Forecasts on another machine: a CryptoSense there, such as one with a GPU, asked over its REST interface.

What it answers is taken as one of ours or not at all. Live forecasts are kept and graded there.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from forecaster.anomalies import AnomalyReport
from forecaster.errors import BackendError, InvalidInput
from forecaster.evaluation import RollingOrigin
from forecaster.ledger import Kept, LedgerPage, TrackRecord
from forecaster.market import Candles, PastClose, Quote, close_within
from forecaster.schema import CandleSpan, CandleStep, Forecast, Frozen, ModelFacts, Price, Provenance, Report
from forecaster.serving.ahead import Ahead
from forecaster.serving.caller_input import Sent
from forecaster.serving.gathering import HISTORY
from forecaster.serving.observer import Nobody, Observer, tell_model, told
from forecaster.serving.remote.calls import Calls, refusal
from forecaster.serving.remote.quotes import Quotes

WITHIN = 7.5  # seconds of a whole call, so that an answer or an error comes within 8
MOST_CANDLES = 1000  # that one question may bring; no model reads more
LARGEST_BATCH = 64 * 2**20  # bytes of an answer of 1,024 forecasts of 24 hours

Answer = TypeVar("Answer", bound=BaseModel)
Own = TypeVar("Own", bound=Provenance)


class _Problem(BaseModel):
    detail: str


class _Result(Frozen):
    """One of both."""

    forecast: Forecast | None
    problem: _Problem | None


class _Batch(Frozen):
    results: tuple[_Result, ...]


class _NextClose(Frozen):
    predicted_next_hour_price: float


class RemoteBackend:
    """A ForecastBackend on another machine. Every method may raise BackendError, and InvalidInput in its words."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        within: float = WITHIN,
        transport: httpx.AsyncBaseTransport | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`key` is an API key of the service at `url`; `transport` carries requests instead of the network, and
        `observer` is told of every answer, and of the model there."""
        self._calls, self._observer = Calls(url, key, within, transport), observer or Nobody()
        self._quotes = Quotes(self.price)

    async def price(self, symbol: str) -> Price:
        """See ForecastBackend."""
        return self._told(symbol, await self._got(Price, "/v1/price", symbol=symbol))

    async def candles(self, symbol: str, hours: int, step: CandleStep = "1h") -> CandleSpan:
        """See ForecastBackend."""
        named = {} if step == "1h" else {"step": step}  # which earlier versions do not know
        return self._told(symbol, await self._got(CandleSpan, "/v1/candles", symbol=symbol, hours=hours, **named))

    async def close_at(self, symbol: str, at: datetime) -> PastClose:
        """See ForecastBackend: of hours alone."""
        return close_within(await self.candles(symbol, HISTORY), at.timestamp())

    async def quote(self, symbol: str) -> Quote:
        """See ForecastBackend; up to a quarter of a minute old, since the service there counts questions."""
        return await self._quotes.of(symbol)

    async def five_minutes(self, symbol: str, count: int) -> None:
        """None: the service there gives candles of hours."""

    async def quote_in(self, symbol: str, currency: str) -> Quote | None:
        """None: the service there tells prices in US dollars."""
        return None

    async def forecast(
        self,
        symbol: str,
        hours: int | None = None,
        *,
        minutes: int | None = None,
        until: datetime | None = None,
    ) -> Forecast:
        """See ForecastBackend."""
        return await self._forecast({"symbol": symbol}, Ahead.of(hours, minutes, until))

    async def forecast_from(self, symbol: str, candles: Candles, hours: int, other: Candles | None = None) -> Forecast:
        """See ForecastBackend."""
        return await self._forecast(_window(Sent(symbol, candles, other)), Ahead(hours))

    async def forecast_closes(
        self, symbol: str, closes: Sequence[float], hours: int, last_open_time: int | None = None
    ) -> Forecast:
        """See ForecastBackend."""
        return await self._forecast(_window(Sent(symbol, closes=closes, last_open_time=last_open_time)), Ahead(hours))

    async def forecast_batch(self, sent: Sequence[Sent], hours: int) -> list[Forecast | InvalidInput]:
        """See ForecastBackend."""
        windows = [_window(each) for each in sent]
        body = await self._calls.post("/v1/forecast/batch", {"windows": windows, "hours": hours}, LARGEST_BATCH)
        results = _parsed(_Batch, body).results
        if len(results) != len(windows):
            raise _no_answer()
        answers = [_either(result, each.symbol, Ahead(hours)) for result, each in zip(results, sent, strict=True)]
        return [self._issued(each) if isinstance(each, Forecast) else each for each in answers]

    async def anomalies(self, symbol: str, hours: int, days: float) -> AnomalyReport:
        """See ForecastBackend; `days` must be whole."""
        asked = self._got(AnomalyReport, "/v1/anomalies", symbol=symbol, hours=hours, budget_days=f"{days:g}")
        return self._told(symbol, await asked)

    async def anomalies_from(
        self, symbol: str, candles: Candles, hours: int, days: float, other: Candles | None = None
    ) -> AnomalyReport:
        """See ForecastBackend."""
        body = _window(Sent(symbol, candles, other)) | {"hours": hours, "budget_days": float(days)}
        return self._told(symbol, _parsed(AnomalyReport, await self._calls.post("/v1/anomalies", body)))

    async def evaluate(self, symbol: str, closes: Sequence[float]) -> RollingOrigin:
        """See ForecastBackend."""
        body = {"symbol": symbol, "closes": [float(close) for close in closes]}
        return _parsed(RollingOrigin, await self._calls.post("/v1/evaluate", body))

    async def next_close(self, closes: Sequence[float]) -> float:
        """The next close after 60, oldest first."""
        body = await self._calls.post("/predict", {"prices": [float(close) for close in closes]})
        return _parsed(_NextClose, body).predicted_next_hour_price

    async def kept(self, forecast_id: str) -> Kept | None:
        """See ForecastBackend."""
        body = await self._calls.get(f"/v1/forecasts/{quote(forecast_id, safe='')}")
        return None if body is None else _parsed(Kept, body)

    async def history(self, symbol: str | None, since: datetime | None, cursor: str | None, limit: int) -> LedgerPage:
        """See ForecastBackend."""
        moment = None if since is None else since.isoformat()
        return await self._got(LedgerPage, "/v1/forecasts", symbol=symbol, since=moment, cursor=cursor, limit=limit)

    async def track_record(self, symbol: str | None, hours: int | None) -> TrackRecord:
        """See ForecastBackend."""
        return await self._got(TrackRecord, "/v1/track-record", symbol=symbol, hours=hours)

    async def report(self) -> Report:
        """See ForecastBackend."""
        return await self._got(Report, "/v1/metrics-report")

    async def evaluation(self) -> bytes | None:
        """See ForecastBackend."""
        return await self._calls.get("/v1/metrics-report", {"full": "true"})

    async def facts(self) -> ModelFacts:
        """See ForecastBackend."""
        facts = await self._got(ModelFacts, "/v1/model")
        tell_model(self._observer, facts.model)
        return facts

    async def close(self) -> None:
        """Give back connections."""
        await self._calls.close()

    async def _got(self, kind: type[Answer], path: str, **query: str | int | None) -> Answer:
        body = await self._calls.get(path, {name: value for name, value in query.items() if value is not None})
        if body is None:
            raise BackendError("does not know what it was asked (404)")
        return _parsed(kind, body)

    async def _forecast(self, window: Mapping[str, object], ahead: Ahead) -> Forecast:
        body = await self._calls.post("/v1/forecast", {**window, **ahead.wire()})
        return self._issued(_sound(_parsed(Forecast, body), str(window["symbol"]), ahead))

    def _issued(self, forecast: Forecast) -> Forecast:
        tell_model(self._observer, forecast.model)
        return told(self._observer, forecast)

    def _told(self, symbol: str, answer: Own) -> Own:  # an answer about the symbol that was asked for
        if answer.symbol != symbol:
            raise _no_answer()
        return told(self._observer, answer)


def _window(sent: Sent) -> dict[str, object]:
    """A question's symbol, and its candles or closes."""
    if sent.candles is None:
        last = {} if sent.last_open_time is None else {"last_open_time": sent.last_open_time}
        return {"symbol": sent.symbol, "closes": [float(close) for close in sent.closes], **last}
    other = {} if sent.other is None else {"other_candles": _rows(sent.other)}
    return {"symbol": sent.symbol, "candles": _rows(sent.candles), **other}


def _rows(candles: Candles) -> list[dict[str, float]]:
    names = ("open_time", "open", "high", "low", "close", "volume")
    return [dict(zip(names, row, strict=True)) for row in candles[-MOST_CANDLES:].rows()]


def _parsed(kind: type[Answer], body: bytes) -> Answer:
    try:
        return kind.model_validate_json(body, strict=True)
    except ValidationError as error:
        raise _no_answer() from error


def _sound(forecast: Forecast, symbol: str, ahead: Ahead) -> Forecast:
    """A forecast of what was asked for, whose quantiles ascend."""
    if forecast.symbol != symbol or not ahead.answered(forecast):
        raise _no_answer()
    for each in forecast.horizons:
        prices = [each.quantiles[level] for level in sorted(each.quantiles, key=_level)]
        if not all(0 < low <= high for low, high in pairwise(prices)):
            raise _no_answer()
    return forecast


def _level(name: str) -> float:
    try:
        return float(name)
    except ValueError as error:
        raise _no_answer() from error


def _either(result: _Result, symbol: str, ahead: Ahead) -> Forecast | InvalidInput:
    if result.forecast is not None:
        return _sound(result.forecast, symbol, ahead)
    if result.problem is None:
        raise _no_answer()
    return refusal(result.problem.detail)


def _no_answer() -> BackendError:
    return BackendError("sent something that is not an answer")
