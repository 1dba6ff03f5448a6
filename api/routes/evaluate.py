"""``POST /v1/evaluate``: the model graded on the caller's own closes, as it would have forecast them hour by hour."""

from fastapi import APIRouter, Response
from pydantic import ConfigDict, Field
from pydantic_core import to_json

from api import examples
from api.dependencies import BackendDep, EvaluationsDep
from api.middleware import fresh
from api.routes.forecast import REFUSED, ForecastRoute
from api.wire import Closes, Given, documented
from forecaster.evaluation import FEWEST, MOST, RollingOrigin
from forecaster.schema import Symbol

WAITING = 4  # evaluations under way or waiting; each takes up to some seconds of one core

router = APIRouter(prefix="/v1", tags=["record"], route_class=ForecastRoute)


class EvaluationRequest(Given):
    """Closes to grade on."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.GRADED]})

    symbol: Symbol
    closes: Closes = Field(min_length=FEWEST, max_length=MOST, description="hourly, without a hole, oldest first")


@router.post(
    "/evaluate",
    summary="The model's record on your closes",
    response_model=RollingOrigin,
    responses=documented(*REFUSED, 503),
)
async def evaluate(body: EvaluationRequest, backend: BackendDep, waiting: EvaluationsDep) -> Response:
    """Forecasts each close from the 60 before it, and grades that beside "no change" and rolling quantiles.

    Skill with its interval, Diebold-Mariano's p, direction, CRPS and coverage. Hours on which the model was trained are
    no test; the answer says until when it was.
    """
    waiting.take(1)
    try:
        return fresh(to_json(await backend.evaluate(body.symbol, body.closes)))
    finally:
        waiting.give_back(1)
