"""``GET /v1/model`` and ``GET /v1/metrics-report``: which model answers, and what it scored on hours it never saw."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

from api.dependencies import BackendDep
from api.middleware import for_seconds, tagged
from api.wire import Given, GivenRoute
from forecaster.anomalies import AnomalyRecord
from forecaster.evaluation import Against, Reliability
from forecaster.schema import ModelFacts, Report

HOLDS = 3600  # seconds: a model changes when the service is started anew
NO_EVALUATION = "The loaded model brings no full evaluation. Ask without full=true."

router = APIRouter(prefix="/v1", tags=["model"], route_class=GivenRoute)


class ReportQuery(Given):
    """How much of it."""

    full: Literal["true", "false"] = Field(default="false", description="every score behind the report, some 350 kB")


class Table(BaseModel):
    """Scores of every forecaster, a row for each symbol, horizon, period and kind of input."""

    columns: list[str] = Field(description="what each cell of a row is")
    rows: list[list[str | float | list[float] | None]] = Field(
        description="cells in the order of the columns; shares and widths by band are lists: 50, 80, 95 %"
    )


class FullReport(BaseModel):
    """Every score behind the report."""

    graded: Table
    reliability: list[Reliability]
    against: list[Against]
    anomalies: AnomalyRecord | None


@router.get("/model", summary="The model that answers", response_model=ModelFacts, responses=tagged(503))
async def model(request: Request, backend: BackendDep) -> Response:
    """What it learned from, what it takes, how far it looks, and the warnings that its forecasts may carry."""
    return for_seconds(request, await backend.facts(), HOLDS)


@router.get(
    "/metrics-report",
    summary="The model's record on unseen hours",
    response_model=Report | FullReport,
    responses=tagged(404, 422, 503),
)
async def metrics_report(query: Annotated[ReportQuery, Query()], request: Request, backend: BackendDep) -> Response:
    """The report that answers quote; with `full=true` all scores by forecaster, symbol, horizon and period."""
    if query.full == "false":
        return for_seconds(request, await backend.report(), HOLDS)
    evaluation = await backend.evaluation()
    if evaluation is None:
        raise HTTPException(404, NO_EVALUATION)
    return for_seconds(request, evaluation, HOLDS)
