"""Every error a client sees is an RFC 9457 problem: small, and without what the client sent."""

import json
import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import allowed, prefix, route_path
from forecaster.errors import CryptoSenseError, DatabaseError, InvalidInput, SourceError

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 5  # named in one answer
RETRY_AFTER_HEADER = {"description": "seconds until another try is worth it", "schema": {"type": "integer"}}
log = logging.getLogger(__name__)
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request that is being answered; empty outside of one."""
    return REQUEST_ID.get()


DETAILS = {
    400: "The request could not be read. /docs shows what is expected.",
    401: "An API key is needed. Send it as Authorization: Bearer KEY, or as X-API-Key: KEY.",
    404: "Nothing is served at this address. /docs lists what is.",
    405: "This address does not take that method. /docs lists those it takes.",
    408: "The body did not arrive in time. Send it again.",
    413: "The body is larger than this address takes. Send less.",
    415: "The body must be JSON. Send it with the header Content-Type: application/json.",
    422: "The request is not of the expected form. /docs shows one that works.",
    429: "Too many requests. Try again in as many seconds as Retry-After says.",
    500: "The server failed. Try again; if it happens again, report it with its request_id.",
    503: "The service is busy or not ready. Try again in a second.",
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
    request_id: str | None = Field(default=None, description="for 500: under which the server's log tells the cause")


def problem(
    status: int, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """A problem as a response; `more` are extension members."""
    headers = {"Cache-Control": "no-store", **(headers or {})}
    return Response(json.dumps(_body(status, detail) | more), status, headers, MEDIA_TYPE)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problems an endpoint may answer with, for its `responses=`. What guards the whole API need not be named."""
    schema = {"$ref": "#/components/schemas/Problem"}  # api/documentation.py puts it there
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": schema, "example": _body(status)}},
            **({"headers": {"Retry-After": RETRY_AFTER_HEADER}} if status in (429, 503) else {}),
        }
        for status in statuses
    }


def raw(answer: Response) -> bytes:
    """A response as it goes over the wire, for where no app is asked."""
    status = b"HTTP/1.1 %d %b\r\n" % (answer.status_code, HTTPStatus(answer.status_code).phrase.encode())
    head = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
    return b"%b%bx-content-type-options: nosniff\r\n\r\n%b" % (status, head, bytes(answer.body))


def failure() -> Response:
    """A 500 that says nothing of its cause, but under which id the log tells it."""
    return problem(500, request_id=request_id())


class Failures:
    """Logs what nobody handled and answers 500.

    Starlette would do that outside of all other middleware, without the headers that every answer carries.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception:
            if started or scope["type"] != "http":
                raise  # an answer that has begun cannot become another: the server logs it and hangs up
            log.exception("A request failed.")
            await failure()(scope, receive, send)


def install(app: FastAPI) -> None:
    """Make every error that leaves `app` a problem."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(CryptoSenseError, _explained)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = error.detail.endswith(".")  # ours are; a framework's detail is a bare phrase
    headers = {"Allow": _methods(request)} if error.status_code == 405 else error.headers
    wrong = getattr(error, "errors", None)  # of those that say where
    more = {"errors": wrong} if wrong else {}
    return problem(error.status_code, error.detail if sentence else None, headers=headers, **more)


def _methods(request: Request) -> str:
    """Every method that the address takes, as RFC 9110 wants it; a framework names those of its first route alone."""
    path = route_path(request.scope)
    here = (each for each in iter_route_contexts(request.app.routes) if each.path_regex.match(path))
    return allowed(method for each in here for method in each.methods or ())


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    wrong = [{"pointer": _pointer(e["loc"]), "detail": str(e["msg"])} for e in error.errors()[:MOST_ERRORS]]
    return problem(422, errors=wrong)


async def _explained(request: Request, error: Exception) -> Response:
    if isinstance(error, InvalidInput):
        return problem(422, str(error))
    if isinstance(error, SourceError):
        return problem(503, str(error), headers={"Retry-After": "60"})
    if isinstance(error, DatabaseError):
        return problem(503, str(error), headers={"Retry-After": str(error.retry_after)})
    log.error("A request failed. %s", error)
    return failure()


async def _failed(request: Request, error: Exception) -> Response:
    return failure()  # only for what fails in the middleware itself; the server logs the traceback


def _body(status: int, detail: str | None = None) -> dict[str, object]:
    title = HTTPStatus(status).phrase
    detail = detail or DETAILS.get(status, title).replace("/docs", f"{prefix()}/docs")
    return {"type": "about:blank", "title": title, "status": status, "detail": detail}


def _pointer(location: Sequence[int | str]) -> str:
    """("body", "prices", 3) -> "#/prices/3"."""
    return "#" + "".join(f"/{step}" for step in location[1:])
