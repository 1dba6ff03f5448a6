"""``/v1/anomalies``: how surprising the newest hours were, live or in what the caller sends with every new candle."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import ConfigDict, Field
from pydantic_core import to_json

from api import examples
from api.dependencies import BackendDep
from api.middleware import fresh, tagged, until_next_candle
from api.routes.forecast import REFUSED, ForecastRoute
from api.wire import Given, GivenCandles, QueryWhole, Whole, candles_of, documented
from forecaster.anomalies import LARGEST_BUDGET, MOST_HOURS, AnomalyReport
from forecaster.errors import ArtifactError
from forecaster.schema import FIVE_MINUTES, Symbol

router = APIRouter(prefix="/v1", tags=["anomalies"], route_class=ForecastRoute)

BUDGET = "about one false alarm in so many days"


class AnomalyQuery(Given):
    """Which coin, how far back, and how many false alarms are bearable."""

    symbol: Symbol
    hours: QueryWhole = Field(default=24, ge=1, le=MOST_HOURS)
    budget_days: QueryWhole = Field(default=10, ge=1, le=int(LARGEST_BUDGET), description=BUDGET)


class AnomalyRequest(Given):
    """Candles up to the newest one, and how many false alarms are bearable."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.WATCHED]})

    symbol: Symbol
    candles: GivenCandles = Field(description="in any order, at least 66 hours of them")
    other_candles: GivenCandles | None = None
    hours: Whole = Field(default=1, ge=1, le=MOST_HOURS, description="newest hours to judge")
    budget_days: float = Field(default=10, strict=True, ge=1, le=LARGEST_BUDGET, description=BUDGET)


@router.get(
    "/anomalies",
    summary="How surprising the newest hours were",
    response_model=AnomalyReport,
    responses=tagged(422, 503),
)
async def live(query: Annotated[AnomalyQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """Judges each of the newest hours by the forecasts issued before it: hours up to the newest five-minute mark."""
    with _told():
        report = await backend.anomalies(query.symbol, query.hours, query.budget_days)
    return until_next_candle(request, report, FIVE_MINUTES - report.age_seconds % FIVE_MINUTES)


@router.post(
    "/anomalies",
    summary="The same in your candles",
    response_model=AnomalyReport,
    responses=documented(*REFUSED, 503),
)
async def sent(body: AnomalyRequest, backend: BackendDep) -> Response:
    """Judges the caller's newest hours: what a monitor would call with every new candle. Nothing is kept of them."""
    candles = candles_of(body.candles, "candles")
    other = None if body.other_candles is None else candles_of(body.other_candles, "other_candles")
    with _told():
        report = await backend.anomalies_from(body.symbol, candles, body.hours, body.budget_days, other)
    return fresh(to_json(report))


@contextmanager
def _told() -> Iterator[None]:
    """A model that watches nothing is no fault of the request."""
    try:
        yield
    except ArtifactError as error:
        raise HTTPException(503, str(error)) from error
