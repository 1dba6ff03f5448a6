"""Logs: one line a request without what was sent, and the request's id in every line that it causes.

LOG_FORMAT=text is for people: warnings and errors, in words. LOG_FORMAT=json is for machines: one JSON object a
line, and a line for every request. Nothing logs a body, a query string or a whole address of a client.
"""

import json
import logging
import re
import secrets
import sys
import time
from datetime import UTC, datetime
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.clients import anonymised, client_of
from api.middleware.keys import HOLDER
from api.middleware.metrics import Answered, Metrics
from api.route_names import RouteNames
from api.wire import REQUEST_ID, request_id
from forecaster import tracing

HEADER = b"x-request-id"
VALID = re.compile(rb"[A-Za-z0-9._-]{1,64}")  # an id of the client's that is taken over
GONE = 499  # the status of a request whose client left before the answer, as nginx has it

requests = logging.getLogger("api.requests")
_JSON = json.JSONEncoder(default=str)


def install(form: Literal["text", "json"]) -> None:
    """Make the whole process log to stderr in this form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines() if form == "json" else Words())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in ("composition", "forecaster.database.leader"):
        logging.getLogger(name).setLevel(logging.INFO)  # what an owner wants to know once, at start
    requests.setLevel(logging.INFO if form == "json" else logging.NOTSET)


class Words(logging.Formatter):
    """A line for people, with the request's id if there is one."""

    def __init__(self) -> None:
        super().__init__("%(utc)s %(levelname)s %(name)s%(request)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line, and its traceback below."""
        record.utc = _utc(record)
        record.request = f" [{request_id()}]" if request_id() else ""
        return super().format(record)


class JSONLines(logging.Formatter):
    """A JSON object a line: time (UTC), level, logger, message, request_id, a request's fields, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        line: dict[str, object] = {
            "time": _utc(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id() or None,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _JSON.encode({name: value for name, value in line.items() if value is not None})


class RequestLog:
    """Gives each request its id, and notes how it was answered: in the log and in the metrics."""

    def __init__(self, app: ASGIApp, names: RouteNames, metrics: Metrics) -> None:
        self.app = app
        self._names, self._metrics = names, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; its answer carries the id as X-Request-ID."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identifier = _identifier(scope)
        REQUEST_ID.set(identifier.decode())  # never reset: the server logs what fails after this in the same context
        status, size, began = GONE, 0, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, identifier)]
            else:
                size += len(message.get("body", b""))
            await send(message)

        self._metrics.in_flight += 1
        with tracing.request(scope["headers"]) as traced:
            try:
                await self.app(scope, receive, noted)
            finally:
                self._metrics.in_flight -= 1
                seconds = time.perf_counter() - began
                answered = Answered(scope["method"], self._names.of(scope), status, seconds)
                self._metrics.answered(answered)
                told = answered.counted_as
                traced.tell(f"{told} {answered.route}", method=told, route=answered.route, status=status)
                if requests.isEnabledFor(logging.INFO):
                    _write(answered, size, scope)


def _utc(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write(answered: Answered, size: int, scope: Scope) -> None:
    fields = {
        "method": answered.method,
        "route": answered.route,
        "status": answered.status,
        "ms": round(1000 * answered.seconds, 3),
        "bytes": size,
        "client": anonymised(client_of(scope)),
        "key": scope.get(HOLDER),
    }
    requests.info("%s %s %d", answered.method, answered.route, answered.status, extra={"fields": fields})


def _identifier(scope: Scope) -> bytes:
    """The client's own id for its request, if it is one that may be logged; else a new one."""
    for name, value in scope["headers"]:
        if name == HEADER and VALID.fullmatch(value):
            return bytes(value)
    return secrets.token_hex(8).encode()
