"""The endpoints. An alert belongs to the key that made it; for every other key there is none of its id."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import to_json

from api.dependencies import IdempotencyDep
from api.middleware import fresh
from api.routes.alerts.owners import DeskDep, OwnerDep
from api.routes.forecast import REPLAYED, IdempotencyKey
from api.wire import Given, GivenRoute, QueryWhole, documented
from forecaster.alerts import Alert, Fresh, Listing, Wanted

LONGEST_PAGE = 100
UNKNOWN = "This key has no alert of that id. GET /v1/alerts lists those it has."
EXAMPLE: JsonDict = {
    "symbol": "BTC-USD",
    "condition": {"kind": "range", "percent": 95, "hours": 1},
    "webhook": "https://example.com/hooks/7",
}

router = APIRouter(prefix="/v1", tags=["alerts"], route_class=GivenRoute)
AlertId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class AlertRequest(Wanted):
    """What to be told of, and how."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})


class AlertChange(Given):
    """Whether to pause."""

    paused: bool = Field(strict=True)


class AlertQuery(Given):
    """Which page."""

    cursor: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,32}$", description="next_cursor of the page before")
    limit: QueryWhole = Field(default=50, ge=1, le=LONGEST_PAGE)


@router.post(
    "/alerts",
    summary="Be told when something happens",
    response_model=Fresh,
    status_code=201,
    responses={201: {"headers": REPLAYED}, **documented(400, 403, 408, 413, 415, 422)},
)
async def create(
    body: AlertRequest,
    request: Request,
    owner: OwnerDep,
    desk: DeskDep,
    answered: IdempotencyDep,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Watches a condition, and tells a webhook or the holder of `stream_token` once it holds.

    `secret` and `stream_token` are in this answer alone: what is told is signed with the one, and heard with the other.
    """

    async def answer() -> bytes:
        return to_json(await desk.create(owner, Wanted.model_validate(body.model_dump())))

    if idempotency_key is None:
        return _created(await answer())
    told, again = await answered.once(owner, f"alerts {idempotency_key}", await request.body(), answer)
    return _created(told, {"Idempotency-Replayed": "true"} if again else None)


@router.get("/alerts", summary="Your alerts, oldest first", response_model=Listing, responses=documented(403, 422))
async def page(query: Annotated[AlertQuery, Query()], owner: OwnerDep, desk: DeskDep) -> Response:
    """Page by page: send `next_cursor` as `cursor` until there is none."""
    return fresh(to_json(await desk.listing(owner, query.cursor, query.limit)))


@router.get("/alerts/{alert_id}", summary="One alert", response_model=Alert, responses=documented(403, 404, 422))
async def one(alert_id: AlertId, owner: OwnerDep, desk: DeskDep) -> Response:
    """How it stands, and how many deliveries wait."""
    return _found(await desk.get(owner, alert_id))


@router.patch(
    "/alerts/{alert_id}",
    summary="Pause or resume an alert",
    response_model=Alert,
    responses=documented(400, 403, 404, 408, 413, 415, 422),
)
async def change(alert_id: AlertId, body: AlertChange, owner: OwnerDep, desk: DeskDep) -> Response:
    """While it is paused nothing is watched; what was to be delivered before still is."""
    return _found(await desk.pause(owner, alert_id, body.paused))


@router.delete("/alerts/{alert_id}", summary="Delete an alert", status_code=204, responses=documented(403, 404, 422))
async def delete(alert_id: AlertId, owner: OwnerDep, desk: DeskDep) -> Response:
    """Forgets it, and what it has yet to deliver."""
    if not await desk.delete(owner, alert_id):
        raise HTTPException(404, UNKNOWN)
    return Response(status_code=204)


def _found(alert: Alert | None) -> Response:
    if alert is None:
        raise HTTPException(404, UNKNOWN)
    return fresh(to_json(alert))


def _created(body: bytes, headers: dict[str, str] | None = None) -> Response:
    answer = fresh(body, headers)
    answer.status_code = 201
    return answer
