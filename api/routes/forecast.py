"""``POST /v1/forecast``: the distribution of the next closes, live or after what the caller sends; one or many."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, Self

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError, to_json

from api import examples
from api.dependencies import BackendDep, IdempotencyDep
from api.middleware import HOLDER, client_of, counted, fresh, streamed
from api.wire import (
    FEWEST_CLOSES,
    KIB,
    MOST_CANDLES,
    Closes,
    Given,
    GivenCandles,
    GivenRoute,
    Moment,
    OpeningTime,
    Price,
    Problem,
    Whole,
    WholeMinutes,
    candles_of,
    documented,
    results_json,
    with_rows,
)
from forecaster.errors import InvalidInput
from forecaster.inference import HIGHEST, LOWEST, Draft, detailed
from forecaster.schema import Forecast, Symbol
from forecaster.serving import ForecastBackend, Sent

MOST_WINDOWS = 1024
MOST_LEVELS = 50
AT_ONCE = 32  # forecasts that are written together: 0.6 MB of a day each
REFUSED = 400, 408, 413, 415, 422
REPLAYED = {
    "Idempotency-Replayed": {"description": "true where the key had this answer before", "schema": {"const": "true"}}
}

Answer = Forecast | Draft | InvalidInput
Level = Annotated[float, Field(strict=True, ge=LOWEST, le=HIGHEST)]
IdempotencyKey = Annotated[
    str | None,
    Header(pattern=r"^[!-~]{1,64}$", description="the same key with the same body gets the same answer for a day"),
]


class ForecastRoute(GivenRoute):
    """For bodies of 1,000 candles of both symbols."""

    body_limit = 512 * KIB
    quickly = with_rows


class BatchRoute(GivenRoute):
    """For bodies of 1,024 windows of closes, or of 60 candles each."""

    body_limit = 8192 * KIB


class Window(Given):
    """Candles or closes of one symbol, hourly."""

    symbol: Symbol
    candles: GivenCandles | None = Field(default=None, description="in any order, at least 60 hours of them")
    other_candles: GivenCandles | None = Field(
        default=None, description="the other symbol's, which the model reads too"
    )
    closes: Closes | None = Field(
        default=None, min_length=FEWEST_CLOSES, max_length=MOST_CANDLES, description="instead of candles, oldest first"
    )
    last_open_time: OpeningTime | None = Field(
        default=None, description="opening of the last close's hour; without it, the newest full hour is assumed"
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.candles is not None and self.closes is not None:
            raise PydanticCustomError("window", "Send candles or closes, not both.")
        if self.other_candles is not None and self.candles is None:
            raise PydanticCustomError("window", "Send other_candles with candles, or not at all.")
        if self.last_open_time is not None and self.closes is None:
            raise PydanticCustomError("window", "Send last_open_time with closes, or not at all.")
        return self

    def sent(self, *place: str | int) -> Sent | None:
        """What a forecast is made from; None without candles and closes. Raises RequestValidationError."""
        if self.closes is not None:
            return Sent(self.symbol, closes=self.closes, last_open_time=self.last_open_time)
        if self.candles is None:
            return None
        candles, other = candles_of(self.candles, *place, "candles"), self.other_candles
        return Sent(self.symbol, candles, None if other is None else candles_of(other, *place, "other_candles"))


class Wanted(Given):
    """What a forecast is to say."""

    hours: Whole = Field(default=1, ge=1, le=24, description="how far ahead, hour by hour")
    quantiles: list[Level] = Field(
        default=[], max_length=MOST_LEVELS, description="more levels to be told, to four decimals"
    )
    threshold: Price | None = Field(default=None, description="a price; each hour tells the chance of a close above it")

    def of(self, forecast: Forecast) -> Forecast:
        """The forecast with all that."""
        return detailed(forecast, self.quantiles, self.threshold)

    def of_any(self, answer: Answer) -> Answer:
        """The same of what a batch gives."""
        if isinstance(answer, Draft):
            return answer.detailed(self.quantiles, self.threshold)
        return self.of(answer) if isinstance(answer, Forecast) else answer


class ForecastRequest(Wanted, Window):
    """One question."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [examples.LIVE, examples.MINUTES, examples.FROM_CLOSES, examples.FROM_CANDLES]}
    )

    minutes: WholeMinutes | None = Field(
        default=None, description="instead of hours, of a live forecast: how far ahead of its as_of"
    )
    until: Moment | None = Field(default=None, description="instead of both: the moment of the last close")

    @model_validator(mode="after")
    def _ahead(self) -> Self:
        live = sum(each is not None for each in (self.minutes, self.until))
        if live + ("hours" in self.model_fields_set) > 1:
            raise PydanticCustomError("ahead", "Send one of hours, minutes and until.")
        if live and (self.candles is not None or self.closes is not None):
            raise PydanticCustomError("ahead", "Send hours with candles or closes, not minutes or until.")
        return self


class Question(Window):
    """One of many windows."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.candles is None and self.closes is None:
            raise PydanticCustomError("window", "Send candles or closes with each window.")
        return self


class BatchRequest(Wanted):
    """Many questions of the same kind."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.BATCH]})

    windows: list[Question] = Field(min_length=1, max_length=MOST_WINDOWS, fail_fast=True)

    def sent(self) -> list[Sent]:
        """What the forecasts are made from. Raises RequestValidationError."""
        sent = [each.sent("windows", number) for number, each in enumerate(self.windows)]
        return [each for each in sent if each]  # all of them: a Question has candles or closes


class Result(BaseModel):
    """One of both."""

    forecast: Forecast | None
    problem: Problem | None = Field(description="why there is no forecast of this window")


class BatchAnswer(BaseModel):
    """The results in the order of the windows."""

    results: list[Result]


router = APIRouter(prefix="/v1", tags=["forecast"], route_class=ForecastRoute)
batch_router = APIRouter(prefix="/v1", tags=["forecast"], route_class=BatchRoute)


@router.post(
    "/forecast",
    summary="The next hours' distribution",
    response_model=Forecast,
    responses={200: {"headers": REPLAYED}, **documented(*REFUSED)},
)
async def forecast(
    body: ForecastRequest,
    request: Request,
    backend: BackendDep,
    answered: IdempotencyDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Forecasts the closes of `symbol` in 1 to 24 hours: quantiles, the chance of a rise, and the model's record.

    With `candles` or `closes` the forecast is made from them, has the source `caller`, and is not kept. With neither,
    the service fetches the newest candles; that forecast is kept and graded: `GET /v1/forecasts/{id}`. With `minutes`
    or `until` it tells the closes in 15, 30 and 45 minutes and in each hour before that moment, and of that moment.
    """

    async def answer() -> bytes:
        return to_json(body.of(await _issued(body, backend)))

    if idempotency_key is None:
        return fresh(await answer())
    owner = request.scope.get(HOLDER) or counted(client_of(request.scope))
    told, again = await answered.once(owner, idempotency_key, await request.body(), answer)
    return fresh(told, {"Idempotency-Replayed": "true"} if again else None)


@batch_router.post(
    "/forecast/batch", summary="Up to 1,024 forecasts", response_model=BatchAnswer, responses=documented(*REFUSED)
)
async def batch(body: BatchRequest, backend: BackendDep) -> Response:
    """Forecasts after each of up to 1,024 windows of the caller's candles or closes, as `POST /v1/forecast` does.

    A window that cannot be forecast from, such as one with too long a gap, gets a problem in its place.
    """
    results = await backend.forecast_batch(await asyncio.to_thread(body.sent), body.hours)
    return await streamed(_told(body, results))


async def _issued(body: ForecastRequest, backend: ForecastBackend) -> Forecast:
    sent = body.sent()
    if sent is None:
        if body.minutes is None and body.until is None:
            return await backend.forecast(body.symbol, body.hours)
        return await backend.forecast(body.symbol, minutes=body.minutes, until=body.until)
    if sent.candles is None:
        return await backend.forecast_closes(sent.symbol, sent.closes, body.hours, sent.last_open_time)
    return await backend.forecast_from(sent.symbol, sent.candles, body.hours, sent.other)


def _told(wanted: Wanted, results: Iterable[Answer]) -> Iterator[bytes]:
    """A BatchAnswer, some results at a time."""
    before, left = b'{"results":[', iter(results)
    while some := [wanted.of_any(each) for each in islice(left, AT_ONCE)]:
        yield results_json(before, some)
        before = b","
    yield b"]}"
