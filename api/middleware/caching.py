"""How long an answer holds, in HTTP's words: until the next candle closes, a minute, or not at all (RFC 9110, 9111).

An answer that tells its age is another one every second, and means the same until a candle closes: its tag is weak.
Starlette tags files alone.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from pydantic_core import to_json

from api.middleware.keys import HOLDER
from api.wire import documented
from forecaster.schema import HOUR, Provenance

JSON = "application/json"
NO_STORE = {"Cache-Control": "no-store"}
TAGGED = {
    "ETag": {"description": "send it as If-None-Match", "schema": {"type": "string"}},
    "Cache-Control": {"description": "how long the answer holds", "schema": {"type": "string"}},
}


def tagged(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The headers of an answer that holds for a while, and the problems there may be, for `responses=`."""
    own: dict[int | str, dict[str, Any]] = {
        200: {"headers": TAGGED},
        304: {"description": "What If-None-Match names still holds."},
    }
    return own | documented(*statuses)


def fresh(body: bytes, headers: dict[str, str] | None = None) -> Response:
    """An answer to what one caller sent, for nobody to keep."""
    return Response(body, media_type=JSON, headers=NO_STORE | (headers or {}))


async def streamed(parts: Iterator[bytes]) -> Response:
    """The same, made in a thread, each part while the one before is sent. Raises where the first cannot be made."""
    loop, context = asyncio.get_running_loop(), copy_context()  # one for all parts, in which spans stay open

    def begin() -> asyncio.Future[bytes]:
        return loop.run_in_executor(None, context.run, lambda: next(parts, b""))

    async def sent(part: bytes) -> AsyncIterator[bytes]:
        while part:
            begun = begin()
            yield part
            part = await begun

    return StreamingResponse(sent(await begin()), media_type=JSON, headers=NO_STORE)


def until_next_candle(request: Request, answer: Provenance, most: int = HOUR, step: int = HOUR) -> Response:
    """An answer from the newest candle, as long as by its source's clock no newer one has closed; `most` seconds.

    Candles last `step` seconds.
    """
    same = to_json(answer, exclude={"age_seconds"})
    return _held(request, to_json(answer), min(max(step - answer.age_seconds, 0), most), f'W/"{_digest(same)}"')


def for_seconds(request: Request, answer: BaseModel | bytes, seconds: int) -> Response:
    """An answer that holds for so long."""
    body = answer if isinstance(answer, bytes) else to_json(answer)
    return _held(request, body, seconds, f'"{_digest(body)}"')


def _held(request: Request, body: bytes, seconds: int, tag: str) -> Response:
    scope = "private" if request.scope.get(HOLDER) else "public"
    headers = {
        "ETag": tag,
        "Cache-Control": f"{scope}, max-age={seconds}",
        "Vary": "Authorization, X-API-Key",
    }
    if names(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=JSON, headers=headers)


def names(if_none_match: str, tag: str) -> bool:
    """Whether the tags of an If-None-Match hold one that compares weakly equal."""
    sent = [each.strip().removeprefix("W/") for each in if_none_match.split(",")]
    return "*" in sent or tag.removeprefix("W/") in sent


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:32]
