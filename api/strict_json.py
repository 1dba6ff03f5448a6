"""Reads request bodies: bounded in size and time, and as JSON without the liberties of Python's parser."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

BODY_LIMIT = 64 * 1024  # bytes
BODY_SECONDS = 10.0  # within which a body must have arrived


class StrictRequest(Request):
    """A request with a bounded body, whose ``json()`` takes only what RFC 8259 calls JSON, with each key once."""

    _read: bytes | None = None

    async def body(self) -> bytes:
        """The whole body. Raises HTTPException 413 when it is too large and 408 when it is too slow."""
        if self._read is None:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    self._read = await self._bounded()
            except TimeoutError as error:
                raise HTTPException(408) from error
        return self._read

    async def json(self) -> Any:
        """The parsed body. Raises HTTPException 422 without quoting it."""
        try:
            text = (await self.body()).decode()
            return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_unique)
        except (ValueError, RecursionError) as error:  # also bad UTF-8, and integers too long to parse
            raise HTTPException(422, "The body is not valid JSON. /docs shows one that works.") from error

    async def _bounded(self) -> bytes:
        announced = self.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > BODY_LIMIT:
            raise HTTPException(413)
        body = bytearray()
        async for chunk in self.stream():  # a chunked body announces no length
            body += chunk
            if len(body) > BODY_LIMIT:
                raise HTTPException(413)
        return bytes(body)


class StrictJSONRoute(APIRoute):
    """A route that takes its body as `StrictRequest` does, and only with a JSON content type."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind those checks."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            media_type = strict.headers.get("content-type", "").partition(";")[0]
            if await strict.body() and media_type.strip().lower() != "application/json":
                raise HTTPException(415)
            return await handle(strict)

        return checked


def _no_constant(name: str) -> NoReturn:
    """NaN, Infinity and -Infinity: Python reads them, JSON does not know them."""
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which a key occurs twice could be read in two ways."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made
