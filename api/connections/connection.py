"""One client's connection, long because it is one state machine: what is refused unread, how long one may take.

Stands between the event loop, asyncio's or uvloop's, and uvicorn's protocol, which parses with h11 or httptools, and
depends on none of the four: of the loop it uses what asyncio documents for protocols, and it learns from the app's ASGI
messages what becomes of a request.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from api.connections.request_heads import read_head
from api.middleware import Line
from api.wire import RETRY_AFTER, problem, raw

HEAD_SECONDS = 10.0  # within which a client must have sent a request's head
KEEP_ALIVE = 5.0  # seconds that a connection may be unused
READ = 64 * 1024  # bytes at once
PIECE = 4 * 1024  # bytes passed on at once where only the parser can tell whose they are
AHEAD = 2 * READ  # bytes that a parser may be given of a body before the app has asked for them


@dataclass(frozen=True)
class Shared:
    """What all connections have in common."""

    line: Line
    loop: asyncio.AbstractEventLoop
    buffer: memoryview  # what is in it is taken out before the loop reads on
    entered: Callable[["Connection"], bool]  # told of each client; False where there are too many
    left: Callable[["Connection"], None]  # told of each that is gone


class Connection(asyncio.BufferedProtocol):
    """Turns requests away unread while too many wait, and answers what is not HTTP with a problem like any other.

    To read a request and refuse it as the app does costs a good part of an answer: ten times more requests than can be
    answered would leave no time for answers.

    The parser is given one request at a time, each from its first byte to its last, and no head before it is whole. A
    request whose end only the parser can tell is the last on its connection.
    """

    def __init__(self, shared: Shared, parser: Callable[["Connection"], asyncio.Protocol]) -> None:
        """`parser` makes uvicorn's protocol."""
        self._shared, self._make = shared, parser
        self._parser: asyncio.Protocol | None = None
        self._rest = b""  # received and not yet passed on
        self._missing = 0  # bytes of the request that are still to be passed on
        self._busy = False  # from a request's head until its answer
        self._joined: bool | None = None  # whether it may be worked on; None before it stood in the line
        self._last = self._read_through = False  # of the last request: that it is, and that its body has been read
        self._ahead = 0  # bytes of it that were passed on since the app asked
        self._begun = True  # whether a head has begun to arrive; the first one has as soon as there is a connection
        self._parsing = self._answering = self._lingering = False
        self._listening, self._paused = True, False  # the second is what the parser wants
        self.ends: float | None = None  # when the client is let go if nothing happens, by the loop's clock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Welcome a client, unless there are too many."""
        self.transport = cast(asyncio.Transport, transport)
        if not self._shared.entered(self):
            self.transport.write(FULL)
            self.transport.close()
            return
        self.ends = self._shared.loop.time() + HEAD_SECONDS
        self._parser = self._make(self)
        self._parser.connection_made(cast(asyncio.Transport, _Wire(self.transport, self)))

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._shared.left(self)
        parser, self._parser = self._parser, None
        if parser:
            parser.connection_lost(None)  # whatever the reason: uvicorn forgets its timer only where there is none

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where the loop puts what it reads."""
        return self._shared.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """So many bytes have arrived."""
        if self._parser and not self._lingering:
            data = self._shared.buffer[:nbytes].tobytes()
            self._rest = self._rest + data if self._rest else data
            self._read()

    def pause_writing(self) -> None:
        """The client reads slowly."""
        if self._parser:
            self._parser.pause_writing()

    def resume_writing(self) -> None:
        """The client has caught up."""
        if self._parser:
            self._parser.resume_writing()

    def _read(self) -> None:
        """Pass on what may be, and listen on where more is needed."""
        listen = True
        while self._rest and not self.is_closing():
            if self._paused or (self._busy and not self._missing and not self._last):
                listen = False  # one request after the other
                break
            if self._last:
                listen = self._pass_piece()
                break
            if self._missing:
                self._pass(self._missing)
            elif not self._begin():
                break
        self._listen(listen)

    def _begin(self) -> bool:
        """Begin the next request; False while its head is not whole."""
        self._rest = self._rest.lstrip(b"\r\n")
        try:
            head = read_head(self._rest) if self._rest else None
        except ValueError:
            self.refuse()
            return False
        if head is None:
            if not self._begun:  # a client that sends a byte now and then gets no more time for that
                self._begun, self.ends = True, self._shared.loop.time() + HEAD_SECONDS
            return False
        body, line = head.body or 0, self._shared.line
        if line.is_full() and len(self._rest) >= head.end + body and head.is_refusable:
            line.refuse(id(self))
            self.transport.write(BUSY)
            self._rest = self._rest[head.end + body :]
            self._begun, self.ends = False, self._shared.loop.time() + KEEP_ALIVE
            return True
        self._busy, self._last = True, head.body is None
        self._missing = len(head.text) + body
        if len(head.text) != head.end:
            self._rest = head.text + self._rest[head.end :]
        if self._last:
            self._pass(self._missing)
        return True

    def _pass(self, most: int) -> None:
        """Pass on up to so many bytes."""
        assert self._parser  # or nothing is read any more
        part, self._rest = self._rest[:most], self._rest[most:]
        self._missing = max(0, self._missing - len(part))
        self._ahead += len(part)
        self._parsing = True
        self._parser.data_received(part)
        self._parsing = False
        if self._busy and not self._missing and not self._last:
            self.join()

    def _pass_piece(self) -> bool:
        """Pass on a little, once each time the loop goes round; whether to listen on."""
        if self._read_through:
            self._rest = b""
        elif self._ahead > AHEAD:
            return False
        else:
            self._pass(PIECE)
        if self._rest:
            self._shared.loop.call_soon(self._read)
        return not self._rest

    def _listen(self, listen: bool) -> None:
        listen = listen and not self._paused
        if listen != self._listening and not self.transport.is_closing():
            self._listening = listen
            (self.transport.resume_reading if listen else self.transport.pause_reading)()

    # what the app does with a request

    def asked(self) -> bool:
        """The app has been given a request; whether it is the last one."""
        self.ends = None
        return self._last

    def join(self) -> bool:
        """Stand in the line, once; whether the request may be worked on."""
        if self._joined is None:
            self._joined = self._shared.line.join(id(self), self._shared.loop)
        return self._joined

    def hang_up(self) -> None:
        """Cut off a client that does not read what it is sent."""
        self.transport.abort()

    def consumed(self, more: bool) -> None:
        """The app has been given all that was passed on of the last request's body."""
        self._ahead, self._read_through = 0, not more
        if self._rest:
            self._shared.loop.call_soon(self._read)

    def answering(self) -> None:
        """The answer begins."""
        self._answering = True

    def answered(self) -> None:
        """The answer has been sent."""
        self._busy = self._begun = self._answering = False
        self._joined, self._ahead = None, 0
        self.ends = self._shared.loop.time() + KEEP_ALIVE
        if self._rest:
            self._shared.loop.call_soon(self._read)

    # what the parser does with the connection

    def is_closing(self) -> bool:
        """Whether nothing is read any more."""
        return self._lingering or self._parser is None or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        """Send. What a parser writes while it parses is its refusal: the app answers later."""
        if self._parsing:
            self.refuse()
        elif not self._lingering:
            self.transport.write(data)

    def refuse(self) -> None:
        """Say that this is not HTTP, and hang up."""
        if not self._answering and not self.is_closing():
            self.transport.write(raw(problem(400, headers={"Connection": "close"})))
        self.transport.close()

    def close(self) -> None:
        """Hang up; later if an answer has been sent that its client would lose if it were cut off while sending."""
        if self._last and self._answering and not self._read_through and not self.is_closing():
            self._lingering, self._rest = True, b""
            self.ends = self._shared.loop.time() + KEEP_ALIVE
            self.transport.write_eof()
            self.transport.resume_reading()
        else:
            self.transport.close()

    def pause(self, paused: bool) -> None:
        """Pass on no more, or go on."""
        self._paused = paused
        if self._rest and not paused:
            self._shared.loop.call_soon(self._read)
        else:
            self._listen(not self._rest)


class _Wire:
    """A connection's transport as its parser sees it."""

    def __init__(self, transport: asyncio.Transport, connection: Connection) -> None:
        self.get_extra_info = transport.get_extra_info
        self.write, self.close, self.is_closing = connection.write, connection.close, connection.is_closing
        self.pause_reading, self.resume_reading = partial(connection.pause, True), partial(connection.pause, False)


BUSY = raw(problem(503, headers={"Retry-After": RETRY_AFTER}))
FULL = raw(problem(503, headers={"Retry-After": RETRY_AFTER, "Connection": "close"}))
