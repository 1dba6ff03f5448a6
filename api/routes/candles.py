"""``GET /v1/price`` and ``GET /v1/candles``: the price now, and the newest closed candles, as the source gave them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from api.dependencies import BackendDep
from api.middleware import tagged, until_next_candle
from api.wire import Given, GivenRoute, QueryWhole
from forecaster.schema import CandleSpan, Price, Symbol
from forecaster.serving import LONGEST_SPAN

router = APIRouter(prefix="/v1", tags=["market"], route_class=GivenRoute)
RESPONSES = tagged(422, 503)
PRICE_HOLDS = 5  # seconds


class PriceQuery(Given):
    """Which coin."""

    symbol: Symbol


class CandleQuery(PriceQuery):
    """Which coin, and how far back."""

    hours: QueryWhole = Field(default=24, ge=1, le=LONGEST_SPAN)


@router.get("/price", summary="The price now", response_model=Price, responses=RESPONSES)
async def price(query: Annotated[PriceQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The last trade, the newest hourly close, and the change over the 24 hours until now where it is known."""
    return until_next_candle(request, await backend.price(query.symbol), PRICE_HOLDS)


@router.get("/candles", summary="The newest closed candles", response_model=CandleSpan, responses=RESPONSES)
async def candles(query: Annotated[CandleQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The candles of the newest `hours`, oldest first, with what happened over them; no candle where nobody traded."""
    return until_next_candle(request, await backend.candles(query.symbol, query.hours))
