"""Errors as OpenAI's clients read them, at the addresses that are made for those clients."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import route_path
from api.wire.errors import DETAILS, MEDIA_TYPE, RETRY_AFTER_HEADER

MODEL = "cryptosense"
PATHS = ("/v1/chat/completions", "/v1/models", "/v1/responses", "/v1/completions", "/v1/embeddings")
PROBLEM = (b"content-type", MEDIA_TYPE.encode())
CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


class OpenAIError(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class OpenAIProblem(BaseModel):
    """An error, as OpenAI's API has it."""

    error: OpenAIError


def error_body(status: int, message: str, param: str | None = None, code: str | None = None) -> dict[str, Any]:
    """The body of an error."""
    kind = "server_error" if status >= 500 else "rate_limit_error" if status == 429 else "invalid_request_error"
    error = OpenAIError(message=message, type=kind, param=param, code=code or CODES.get(status))
    return OpenAIProblem(error=error).model_dump()


def documented_openai(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that an endpoint may answer with, for its `responses=`."""
    return {
        status: {
            "model": OpenAIProblem,
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"example": error_body(status, DETAILS[status])}},
            **({"headers": {"Retry-After": RETRY_AFTER_HEADER}} if status in (429, 503) else {}),
        }
        for status in statuses
    }


class OpenAIErrors:
    """Turns every problem that leaves those addresses, whoever found it, into an error of that form."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or not route_path(scope).startswith(PATHS):
            await self.app(scope, receive, send)
            return
        start: Message | None = None  # of a problem whose body is awaited
        body = b""

        async def translated(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and PROBLEM in message["headers"]:
                start = message
                return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                sent = json.dumps(_translated(json.loads(body))).encode()
                await send({**start, "headers": _headers(start["headers"], len(sent))})
                await send({"type": "http.response.body", "body": sent})

        await self.app(scope, receive, translated)


def _translated(problem: Mapping[str, Any]) -> dict[str, Any]:
    wrong = {_name(each["pointer"]): each["detail"].rstrip(".") for each in problem.get("errors", ())}
    words = " ".join([problem["detail"], *(f"{name or 'body'}: {detail}." for name, detail in wrong.items())])
    return error_body(problem["status"], words, next(iter(wrong), None) or None)


def _name(pointer: str) -> str:
    """#/messages/0/content -> messages.0.content"""
    return pointer.removeprefix("#").removeprefix("/").replace("/", ".")


def _headers(own: Sequence[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in own if name not in (b"content-type", b"content-length")]
    return [*kept, (b"content-type", b"application/json"), (b"content-length", str(length).encode())]
