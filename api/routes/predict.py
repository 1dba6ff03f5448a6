"""``POST /predict``: the original contract, to the letter. 60 closes in, the next one out."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from api.dependencies import PredictorDep, loaded_predictor
from api.wire import StrictJSONRoute, documented
from forecaster.market import rounded

WINDOW = 60  # hourly closes
EXAMPLE_PRICES = [
    *(61842.5, 61790.0, 61905.25, 62010.0, 61988.75, 62120.5, 62075.0, 61940.25, 61865.5, 61720.0),
    *(61655.75, 61580.0, 61612.5, 61700.25, 61745.0, 61690.5, 61820.0, 61915.75, 61880.25, 61960.0),
    *(62045.5, 62150.25, 62210.0, 62180.75, 62095.0, 61990.5, 61935.25, 61870.0, 61905.5, 61985.75),
    *(62060.0, 62005.25, 61920.5, 61840.0, 61775.75, 61710.5, 61660.0, 61595.25, 61540.5, 61605.0),
    *(61680.75, 61725.5, 61790.25, 61755.0, 61700.5, 61630.25, 61570.0, 61525.75, 61490.5, 61455.0),
    *(61510.25, 61580.5, 61620.0, 61675.75, 61640.5, 61590.25, 61615.0, 61660.5, 61685.25, 61650.0),
]

Price = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


class PredictRequest(BaseModel):
    """The last 60 hourly closes. Other fields are ignored, as they always were."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"prices": [*EXAMPLE_PRICES]}]})

    prices: list[Price] = Field(
        min_length=WINDOW,
        max_length=WINDOW,
        description="exactly 60 hourly closes in USD, oldest first, each a positive number",
    )


class PredictResponse(BaseModel):
    """What the model expects of the next hour."""

    predicted_next_hour_price: float = Field(
        description="in USD, to cents; below 10 to six significant digits", examples=[61635.61]
    )


class Direct(APIRoute):
    """Validates the body and calls `predict`; FastAPI's way to the same costs as much as half a forecast."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that a route of this class has."""

        async def handle(request: Request) -> Response:
            try:
                body = PredictRequest.model_validate(await request.json())
            except ValidationError as error:
                wrong = error.errors(include_input=False, include_url=False)
                raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in wrong]) from error
            answer = await predict(body, await loaded_predictor(request))
            return Response(to_json(answer), media_type="application/json")

        return handle


class PredictRoute(StrictJSONRoute, Direct):
    """A body as strict as everywhere, and no more around `predict` than that."""


router = APIRouter(tags=["forecast"], route_class=PredictRoute)


@router.post("/predict", summary="The next hour's price", responses=documented(408, 413, 415, 422, 503))
async def predict(body: PredictRequest, predictor: PredictorDep) -> PredictResponse:
    """Predicts the close of the next hour from the last 60 hourly closes.

    Educational, not financial advice: at one hour the price is close to a coin flip, and
    "no change" is hard to beat.
    """
    return PredictResponse(predicted_next_hour_price=rounded(await predictor.next_close(body.prices)))
