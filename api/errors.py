"""Every error a client sees is an RFC 9457 problem: small, and without what the client sent."""

import json
import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from forecaster.errors import CryptoSenseError, InvalidInput, SourceError

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 5  # named in one answer
log = logging.getLogger(__name__)

DETAILS = {
    400: "The request could not be read. /docs shows what is expected.",
    404: "Nothing is served at this address. /docs lists what is.",
    405: "This address does not take that method. /docs lists those it takes.",
    408: "The body did not arrive in time. Send it again.",
    413: "The body is larger than 64 KiB. Send less.",
    415: "The body must be JSON. Send it with the header Content-Type: application/json.",
    422: "The request is not of the expected form. /docs shows one that works.",
    500: "The server failed. Try again; if it happens again, report it with the time at which it happened.",
    503: "The service is not ready. Try again in a second.",
}


class Problem(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = "about:blank"
    title: str = Field(description="the status in words")
    status: int
    detail: str = Field(description="what happened, and what to do next")
    errors: list[dict[str, str]] | None = Field(
        default=None, description="for 422: what is wrong where, as JSON pointers into the body"
    )


def problem(
    status: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """A problem as a response; `more` are extension members."""
    return Response(json.dumps(_body(status, detail) | more), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an endpoint may answer with, for its `responses=`."""
    schema = Problem.model_json_schema()
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema, "example": _body(status)}},
        }
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error that leaves `app` a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CryptoSenseError, _explained)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = error.detail.endswith(".")  # ours are; a framework's detail is a bare phrase
    return problem(error.status_code, error.detail if sentence else None, headers=error.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [{"pointer": _pointer(e["loc"]), "detail": str(e["msg"])} for e in error.errors()[:MOST_ERRORS]]
    return problem(422, errors=wrong)


async def _explained(request: Request, error: Exception) -> Response:
    if isinstance(error, InvalidInput):
        return problem(422, str(error))
    if isinstance(error, SourceError):
        return problem(503, str(error), headers={"Retry-After": "60"})
    log.error("%s %s failed. %s", request.method, request.scope["path"], error)
    return problem(500)


async def _failed(request: Request, error: Exception) -> Response:
    return problem(500)  # the server logs the traceback


def _body(status: int, detail: str | None = None) -> dict[str, object]:
    title = HTTPStatus(status).phrase
    return {"type": "about:blank", "title": title, "status": status, "detail": detail or DETAILS.get(status, title)}


def _pointer(location: Sequence[int | str]) -> str:
    """("body", "prices", 3) -> "#/prices/3"."""
    return "#" + "".join(f"/{step}" for step in location[1:])
