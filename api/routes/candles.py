"""``GET /v1/candles`` and ``GET /v1/price``: the newest closed candles, as the source gave them."""

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


class PriceQuery(Given):
    """Which coin."""

    symbol: Symbol


class CandleQuery(PriceQuery):
    """Which coin, and how far back."""

    hours: QueryWhole = Field(default=24, ge=1, le=LONGEST_SPAN)


@router.get("/price", summary="The newest closed price", response_model=Price, responses=RESPONSES)
async def price(query: Annotated[PriceQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The close of the newest finished hourly candle, and its change over 24 hours where they are at hand."""
    return until_next_candle(request, await backend.price(query.symbol))


@router.get("/candles", summary="The newest closed candles", response_model=CandleSpan, responses=RESPONSES)
async def candles(query: Annotated[CandleQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The candles of the newest `hours`, oldest first, with what happened over them; no candle where nobody traded."""
    return until_next_candle(request, await backend.candles(query.symbol, query.hours))
