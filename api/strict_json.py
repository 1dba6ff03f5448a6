"""Reads request bodies: bounded in size and time, and as JSON without the liberties of Python's parser."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, NoReturn, cast

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.overload import HELD, Held

KIB = 1024  # bytes
CUT_OFF = "The connection ended before the whole body had arrived. Send it again."
ENCODED = "The body must not be compressed. Send it without Content-Encoding."


class StrictRequest(Request):
    """A request with a bounded body, whose ``json()`` takes only what RFC 8259 calls JSON, with each key once."""

    body_limit: int  # bytes
    body_seconds: float
    _read: bytes | None = None

    async def body(self) -> bytes:
        """The whole body.

        Raises HTTPException 413 when it is too large, 408 when it is too slow, 400 when it breaks off, and 503 when
        bodies fill the memory that is set aside for them.
        """
        if self._read is None:
            try:
                async with asyncio.timeout(self.body_seconds):
                    self._read = await self._bounded()
            except TimeoutError as error:
                raise HTTPException(408) from error
            except ClientDisconnect as error:
                raise HTTPException(400, CUT_OFF) from error
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
        if announced.isdecimal() and int(announced) > self.body_limit:
            raise self._too_large()
        body, held = bytearray(), cast(Held, self.scope[HELD])
        async for chunk in self.stream():  # a chunked body announces no length
            body += chunk
            if len(body) > self.body_limit:
                raise self._too_large()
            held.body(len(chunk))
        return bytes(body)

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"The body is larger than {self.body_limit // KIB} KiB. Send less.")


class StrictJSONRoute(APIRoute):
    """A route that takes its body as `StrictRequest` does, and only as plain JSON.

    What it does counts as work from the moment its body is there. A group of routes that needs larger bodies makes a
    subclass with other limits its `route_class`.
    """

    body_limit: ClassVar[int] = 64 * KIB  # bytes
    body_seconds: ClassVar[float] = 10.0  # within which a body must have arrived

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind those checks."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            strict.body_limit, strict.body_seconds = self.body_limit, self.body_seconds
            if await strict.body():
                _require_json(strict)
            cast(Held, request.scope[HELD]).work()
            return await handle(strict)

        return checked


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise HTTPException(415)
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise HTTPException(415, ENCODED)


def _no_constant(name: str) -> NoReturn:
    """NaN, Infinity and -Infinity: Python reads them, JSON does not know them."""
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which a key occurs twice could be read in two ways."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made
