"""``GET /v1/price`` and ``GET /v1/candles``: the price now, and the newest closed candles, as the source gave them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from api.dependencies import BackendDep
from api.middleware import tagged, until_next_candle
from api.wire import Given, GivenRoute, QueryWhole
from forecaster.schema import STEPS, CandleSpan, CandleStep, Price, Symbol
from forecaster.serving import LONGEST_SPANS

router = APIRouter(prefix="/v1", tags=["market"], route_class=GivenRoute)
RESPONSES = tagged(422, 503)
PRICE_HOLDS = 5  # seconds


class PriceQuery(Given):
    """Which coin."""

    symbol: Symbol


class CandleQuery(PriceQuery):
    """Which coin, candles of which step, and how far back."""

    step: CandleStep = Field(default="1h", description="that each candle lasts; a day is one of UTC")
    hours: QueryWhole = Field(
        default=24,
        ge=1,
        le=max(LONGEST_SPANS.values()),
        description="of 5m to 60, of 1h to 300, of 1d to 6480",
    )

    @field_validator("hours")
    @classmethod
    def _offered(cls, hours: int, info: ValidationInfo) -> int:
        longest = LONGEST_SPANS[info.data.get("step", "1h")]
        if hours > longest:
            raise PydanticCustomError("span", f"Input should be less than or equal to {longest} for such candles")
        return hours


@router.get("/price", summary="The price now", response_model=Price, responses=RESPONSES)
async def price(query: Annotated[PriceQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The last trade, the newest hourly close, and the change over the 24 hours until now where it is known."""
    return until_next_candle(request, await backend.price(query.symbol), PRICE_HOLDS)


@router.get("/candles", summary="The newest closed candles", response_model=CandleSpan, responses=RESPONSES)
async def candles(query: Annotated[CandleQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The candles of the newest `hours`, oldest first, with what happened over them; no candle where nobody traded.

    Of days there are those that exchanges give, or else as many as hours at hand make up.
    """
    span = await backend.candles(query.symbol, query.hours, query.step)
    return until_next_candle(request, span, step=STEPS[query.step])
