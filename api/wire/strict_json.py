"""Reads request bodies: bounded in size and time, and as JSON without the liberties of Python's parser."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, cast

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from api.wire.budgets import HELD, Held
from api.wire.json_text import parsed, parsed_in_pieces

KIB = 1024  # bytes
LONG = 128 * KIB  # a body beyond it would keep every other request waiting for more than some 10 ms
INVALID = "The body is not valid JSON, or holds far more than is expected. /docs shows one that works."
CUT_OFF = "The connection ended before the whole body had arrived. Send it again."
ENCODED = "The body must not be compressed. Send it without Content-Encoding."

_readers = ThreadPoolExecutor(2, "long bodies")  # two, so that one does not wait for one


class StrictRequest(Request):
    """A request with a bounded body, whose ``json()`` takes only what RFC 8259 calls JSON, with each key once."""

    body_limit: int  # bytes
    body_seconds: float
    quickly: Callable[[bytes], Any]
    value: Any = ...  # what the route's handler takes, once it was read in another thread
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
        """The parsed body, or the `value` made of it. Raises HTTPException 422 without quoting it."""
        return _value(await self.body(), parsed, self.quickly) if self.value is ... else self.value

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
    quickly: ClassVar[Callable[[bytes], Any]] = lambda body: None  # the value, or None where others must read it

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler behind those checks."""
        handle = super().get_route_handler()

        async def checked(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            strict.body_limit, strict.body_seconds = self.body_limit, self.body_seconds
            strict.quickly = type(self).quickly
            body = await strict.body()
            if body:
                _require_json(strict)
            cast(Held, request.scope[HELD]).work()
            if len(body) > LONG:
                strict.value = await asyncio.get_running_loop().run_in_executor(_readers, self._read, body)
            return await handle(strict)

        return checked

    def _read(self, body: bytes) -> Any:
        """What the handler would make of the body, which it then takes as it is. Raises RequestValidationError too."""
        value = _value(body, parsed_in_pieces, type(self).quickly)
        if self.body_field is None:
            return value
        made, errors = self.body_field.validate(value, {}, loc=("body",))
        if errors:
            raise RequestValidationError(errors)
        return made


def _value(body: bytes, parse: Callable[[str], Any], quickly: Callable[[bytes], Any]) -> Any:
    value = quickly(body)
    if value is not None:
        return value
    try:
        return parse(body.decode())
    except (ValueError, RecursionError) as error:  # also bad UTF-8, and integers too long to parse
        raise HTTPException(422, INVALID) from error


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise HTTPException(415)
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise HTTPException(415, ENCODED)
