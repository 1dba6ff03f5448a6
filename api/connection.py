"""One client's connection: HTTP/1.1 as uvicorn reads it, and what is refused before it is read."""

import asyncio
import re
from http import HTTPStatus
from typing import Any, cast

import h11
import uvicorn
from fastapi import FastAPI
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.errors import problem
from api.metrics import Metrics
from api.overload import LATE, RETRY_AFTER, Line

HEAD_SECONDS = 10.0  # within which a client must have sent a request's head
READ = 64 * 1024  # bytes at once; to set asyncio's 256 KiB aside for each read takes longer than all the rest of it

# questions whose refusal has nothing of its own: OpenAI's addresses have another form, and pages of others need CORS
_OURS = re.compile(rb"(?:GET|POST) (?:/predict|/v1(?!/chat/completions|/models))[!-~]* HTTP/1\.1\r\n")
_UNUSUAL = re.compile(rb"\n(?:transfer-encoding|expect|upgrade|origin|connection:(?![ \t]*keep-alive\r))", re.I)
_LENGTH = re.compile(rb"\ncontent-length:[ \t]*(\d{1,9})[ \t]*\r", re.I)


class Connection(H11Protocol):
    """Turns requests away unread while too many wait, and answers what is not HTTP with a problem like any other.

    To read a request and refuse it as the app does costs a good part of an answer: ten times more requests than can be
    answered would leave no time for answers.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        state = cast(FastAPI, config.app).state
        self._line, self._most = cast(Line, state.line), cast(int, state.most_connections)
        self._metrics = cast(Metrics, state.metrics)
        self._joined: object = None  # the newest request that stood in the line
        self._head_by: float | None = None  # when a head must be there that has begun, by the loop's clock

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own
        """Welcome a client, unless there are too many."""
        super().connection_made(transport)
        transport.max_size = READ  # type: ignore[attr-defined]
        if len(self.connections) > self._most:
            self._metrics.refused("overload")
            transport.write(FULL)
            transport.close()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on, or refuse."""
        if self._line.is_full() and self._is_between_requests() and is_whole_request(data):
            self._turn_away()
            return
        super().data_received(data)
        if self.conn.their_state is h11.IDLE:
            self._await_head()
            return
        self._head_by, request = None, self.cycle
        if request is not None and not request.more_body and request is not self._joined:
            self._joined = request
            if not self._line.join(id(self), self.loop):
                cast(dict[str, object], request.scope)[LATE] = True  # whoever answers it refuses it

    def send_400_response(self, msg: str) -> None:
        """Say that this is not HTTP, and hang up."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(raw(problem(400, headers={"Connection": "close"})))
        self.transport.close()

    def _await_head(self) -> None:
        """Hang up if it does not come; a client that sends a byte now and then gets no more time for that."""
        if self.timeout_keep_alive_task is None:
            self._head_by = self._head_by or self.loop.time() + HEAD_SECONDS
            self.timeout_keep_alive_task = self.loop.call_at(self._head_by, self.timeout_keep_alive_handler)

    def _is_between_requests(self) -> bool:
        idle = self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE
        return idle and not self.conn.trailing_data[0]

    def _turn_away(self) -> None:
        self._line.refuse(id(self))
        self.transport.write(BUSY)
        self._unset_keepalive_if_required()
        self._head_by = None
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)


def is_whole_request(data: bytes) -> bool:
    """Whether this is one request to the API from its first byte to its last, and plain enough to tell at a glance.

    Of any other it is not certain where it ends, so it must be read.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    head += end
    if not end or not _OURS.match(head) or _UNUSUAL.search(head):
        return False
    lengths = _LENGTH.findall(head)
    plain = head.count(b"\n") == head.count(b"\r\n") and head.lower().count(b"content-length") == len(lengths) < 2
    return plain and len(body) == int(lengths[0] if lengths else 0)


def raw(answer: Response) -> bytes:
    """A response as it goes over the wire, for where no app is asked."""
    status = b"HTTP/1.1 %d %b\r\n" % (answer.status_code, HTTPStatus(answer.status_code).phrase.encode())
    head = b"".join(b"%b: %b\r\n" % header for header in answer.raw_headers)
    return b"%b%bx-content-type-options: nosniff\r\n\r\n%b" % (status, head, bytes(answer.body))


BUSY = raw(problem(503, headers={"Retry-After": RETRY_AFTER}))
FULL = raw(problem(503, headers={"Retry-After": RETRY_AFTER, "Connection": "close"}))
