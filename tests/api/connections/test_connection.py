"""A client's connection: what is refused unread, what must be read first, and clients that never finish.

Held with either parser that uvicorn has; tests/api/test_server.py holds the same of real connections.
"""

import asyncio
import json
import resource
import socket

import httpx
import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from api.app import create_app
from api.connections.connection import AHEAD, HEAD_SECONDS, KEEP_ALIVE
from api.connections.connections import Attended, Connections
from api.connections.request_heads import HEAD_BYTES
from api.middleware.overload import BUSY_AT_ONCE, Line
from api.routes.predict import EXAMPLE_PRICES
from benchmarks.client import get, post
from forecaster.settings import Settings
from tests.support.service.processes import PATIENCE, started, until_ready
from tests.support.service.serving import LastClose, assert_problem
from tests.support.service.stacks import served_by

BODY = json.dumps({"prices": EXAMPLE_PRICES}).encode()
QUESTION = post("/predict", BODY)
CHUNKED_HEAD = post("/predict", b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
CHUNKED = CHUNKED_HEAD + b"1\r\n{\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY) - 1, BODY[1:])
PARSERS = [pytest.param(HttpToolsProtocol, id="httptools"), pytest.param(H11Protocol, id="h11")]
PLACES = 8


class Wire(asyncio.Transport):
    """The server's side of a connection whose client reads everything."""

    def __init__(self):
        super().__init__({"peername": ("127.0.0.1", 5000), "sockname": ("127.0.0.1", 8000)})
        self.sent, self.closed, self.ended, self.listening = b"", False, False, True

    def write(self, data):
        self.sent += data

    def write_eof(self):
        self.ended = True

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        self.listening = False

    def resume_reading(self):
        self.listening = True

    def answers(self):
        """What was sent, as httpx reads it."""
        rest = self.sent
        while rest:
            head, _, rest = rest.partition(b"\r\n\r\n")
            status, *lines = head.split(b"\r\n")
            headers = httpx.Headers([line.split(b": ", 1) for line in lines])
            length = int(headers["content-length"])
            body, rest = rest[:length], rest[length:]
            yield httpx.Response(int(status.split()[1]), headers=headers, content=body)


def sent(connection, data):
    """What a client sends, as the event loop hands it on."""
    while data:
        buffer = connection.get_buffer(-1)
        part, data = data[: len(buffer)], data[len(buffer) :]
        buffer[: len(part)] = part
        connection.buffer_updated(len(part))


async def rounds(count=50):
    """The event loop has gone round so often."""
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.fixture(params=PARSERS)
async def connect(request):
    """Connections of a service with places for PLACES requests."""
    app = create_app(LastClose, Settings(max_concurrent=PLACES, rate_limit="off"))
    line, refused = app.state.line, lambda: app.state.metrics.refused("overload")
    config, state, made = uvicorn.Config(Attended(app), ws="none", log_config=None), ServerState(), []
    connections = Connections(request.param, line, refused, most=20)

    def new():
        wire = Wire()
        connection = connections(config=config, server_state=state, app_state={}, _loop=None)
        connection.connection_made(wire)
        made.append(connection)
        return connection, wire

    async with app.router.lifespan_context(app):
        while app.state.model.state != "ready":
            await asyncio.sleep(0.01)
        yield new
        for connection in made:
            connection.connection_lost(None)


async def answered(*wires, count=1):
    """The status of each wire's answers, once all have so many."""
    while not all(wire.sent.endswith(b"}") and wire.sent.count(b"HTTP/1.1 ") == count for wire in wires):
        await asyncio.sleep(0.001)
    return [[answer.status_code for answer in wire.answers()] for wire in wires]


async def test_as_many_as_there_are_places_may_ask_at_once(connect):
    crowd = [connect() for _ in range(PLACES)]
    for connection, _ in crowd:
        sent(connection, QUESTION)
    assert await answered(*(wire for _, wire in crowd)) == [[200]] * PLACES


async def test_who_comes_beyond_that_is_refused_unread(connect):
    crowd = [connect() for _ in range(PLACES + 1)]
    for connection, _ in crowd:
        sent(connection, QUESTION)
    last, wire = crowd[-1]
    [refused] = wire.answers()
    assert_problem(refused, 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert "x-request-id" not in refused.headers
    assert await answered(*(wire for _, wire in crowd)) == [[200]] * PLACES + [[503]]
    sent(last, QUESTION)  # on the same connection
    assert await answered(wire, count=2) == [[503, 200]]


async def test_a_busy_service_takes_one_question_at_a_time_and_answers_for_its_health_always(connect):
    crowd = [connect() for _ in range(PLACES + 1)]
    for connection, _ in crowd:
        sent(connection, QUESTION)
    await answered(*(wire for _, wire in crowd))
    for connection, wire in crowd:
        wire.sent = b""
        sent(connection, QUESTION)
    late, wire = connect()
    sent(late, get("/healthz"))
    told = await answered(wire, *(wire for _, wire in crowd))
    assert told == [[200]] + [[200]] * BUSY_AT_ONCE + [[503]] * (PLACES + 1 - BUSY_AT_ONCE)


async def test_a_question_in_pieces_is_read_before_it_is_refused(connect):
    crowd = [connect() for _ in range(PLACES)]
    slow, wire = connect()
    sent(slow, QUESTION[:200])
    for connection, _ in crowd:
        sent(connection, QUESTION)
    sent(slow, QUESTION[200:])
    assert await answered(wire) == [[503]]
    [refused] = wire.answers()
    assert "x-request-id" in refused.headers
    sent(slow, QUESTION)
    assert await answered(wire, count=2) == [[503, 200]]


class Rounds:
    """A line of PLACES, and clients that ask each time the loop goes round."""

    def __init__(self):
        self.now = 1_000.0
        self.line = Line(PLACES, lambda: None, clock=lambda: self.now)

    async def let_in(self, clients, seconds=0.05):
        """How many of the clients, each asking once, are not refused; so many seconds pass before the next."""
        told = sum(self.line.join(client, asyncio.get_running_loop()) for client in clients)
        await asyncio.sleep(0)
        self.now += seconds
        return told


CROWD = range(PLACES + 1)


async def test_a_line_that_was_too_long_is_short_while_a_crowd_is_refused():
    rounds = Rounds()
    assert await rounds.let_in(CROWD) == PLACES
    for _ in range(2_000):
        assert await rounds.let_in(CROWD) == BUSY_AT_ONCE


@pytest.mark.parametrize("clients", [PLACES, 2, 1])
async def test_as_many_clients_as_places_are_let_in_again_within_two_seconds(clients):
    rounds = Rounds()
    for _ in range(50):
        await rounds.let_in(CROWD)
    for _ in range(40):  # however fast they ask
        await rounds.let_in(range(clients))
    assert await rounds.let_in(range(clients)) == clients


async def test_a_crowd_that_could_be_answered_is_let_in_again():
    rounds = Rounds()
    for _ in range(50):
        await rounds.let_in(CROWD)
    for first in range(0, 80, 2):  # other clients each time, not more than half of whom are refused
        await rounds.let_in((first, first + 1))
    assert await rounds.let_in(range(PLACES)) == PLACES


async def test_clients_that_all_ask_at_once_and_then_wait_are_answered_in_turn():
    rounds, waiting = Rounds(), 5 * PLACES
    for _ in range(5):
        told = await rounds.let_in(range(waiting), 1.0)  # what Retry-After says
        assert told == PLACES
        waiting -= told


async def test_a_crowd_that_sends_in_chunks_is_read_before_it_is_refused(connect):
    crowd = [connect() for _ in range(PLACES + 1)]
    for connection, _ in crowd:
        sent(connection, CHUNKED)
    told = await answered(*(wire for _, wire in crowd))
    assert sorted(told) == [[200]] * PLACES + [[503]]


async def test_requests_that_are_sent_at_once_are_answered_one_after_the_other(connect):
    connection, wire = connect()
    sent(connection, QUESTION + get("/healthz") + QUESTION.replace(b"/predict", b"/nothing"))
    assert not wire.listening
    assert await answered(wire, count=3) == [[200, 200, 404]]
    assert wire.listening


async def test_a_question_is_answered_however_it_is_cut(connect):
    for cut in range(1, len(QUESTION), 7):
        connection, wire = connect()
        sent(connection, QUESTION[:cut])
        await rounds(2)
        sent(connection, QUESTION[cut:])
        assert await answered(wire) == [[200]]
        connection.connection_lost(None)


async def test_a_request_whose_end_is_told_by_its_body_is_answered_and_the_last(connect):
    for cut in range(1, len(CHUNKED), 7):
        connection, wire = connect()
        sent(connection, CHUNKED[:cut])
        await rounds(2)
        sent(connection, CHUNKED[cut:] + QUESTION)
        assert await answered(wire) == [[200]]
        await rounds()
        [answer] = wire.answers()
        assert answer.headers["connection"] == "close"
        assert wire.closed
        connection.connection_lost(None)


async def test_a_client_that_is_refused_while_it_sends_may_read_why(connect):
    connection, wire = connect()
    sent(connection, CHUNKED_HEAD)
    for _ in range(200):
        sent(connection, b"400\r\n%b\r\n" % (b" " * 1024))
        await asyncio.sleep(0)
    assert await answered(wire) == [[413]]
    assert (wire.ended, wire.closed, wire.listening) == (True, False, True)
    sent(connection, b"400\r\n")
    connection.ends = 0.0
    while not wire.closed:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("parser", PARSERS)
async def test_a_body_that_nobody_reads_is_not_kept(parser):
    ended = asyncio.Event()

    async def waits(scope, receive, send):
        await ended.wait()

    config = uvicorn.Config(Attended(waits), ws="none", lifespan="off", log_config=None)
    connections = Connections(parser, Line(PLACES, lambda: None), lambda: None, most=1)
    connection, wire = connections(config=config, server_state=ServerState(), app_state={}), Wire()
    connection.connection_made(wire)
    sent(connection, CHUNKED_HEAD)
    count, chunk = 0, b"400\r\n%b\r\n" % (b" " * 1024)
    while wire.listening:
        sent(connection, chunk)
        await rounds(2)
        count += len(chunk)
        assert count <= 2 * AHEAD
    connection.connection_lost(None)
    ended.set()
    await rounds()


async def test_a_head_takes_bounded_memory(connect):
    connection, wire = connect()
    sent(connection, get("/healthz")[:-2])
    count = 0
    while not wire.closed:
        sent(connection, b"X-Line: 1\r\n")
        count += 11
        assert count < 2 * HEAD_BYTES
    [refused] = wire.answers()
    assert_problem(refused, 400)


async def test_a_client_that_does_not_finish_its_head_is_let_go(connect):
    now = asyncio.get_running_loop().time
    for begun in (b"", b"POST /predict HT"):
        connection, wire = connect()
        if begun:
            sent(connection, begun)
        first = connection.ends
        assert first <= now() + HEAD_SECONDS
        sent(connection, b"P" if not begun else b"TP/1.1\r\n")  # a little more gives it no more time
        assert connection.ends == first
        connection, wire = connect()
        sent(connection, QUESTION)
        assert await answered(wire) == [[200]]
        assert now() < connection.ends <= now() + KEEP_ALIVE
        sent(connection, b"P")  # of the next
        second = connection.ends
        assert now() + KEEP_ALIVE < second <= now() + HEAD_SECONDS
        sent(connection, b"O")
        assert connection.ends == second


async def test_a_client_is_not_let_go_while_it_is_answered(connect):
    connection, _ = connect()
    sent(connection, QUESTION[:200])
    await rounds(2)
    assert connection.ends is None


async def test_who_takes_too_long_is_let_go_and_nobody_else(connect):
    (slow, slow_wire), (_, wire) = connect(), connect()
    slow.ends = asyncio.get_running_loop().time()
    while not slow_wire.closed:
        await asyncio.sleep(0.01)
    assert not wire.closed


async def test_connections_are_bounded(connect):
    crowd = [connect() for _ in range(20)]
    _, wire = connect()
    [refused] = wire.answers()
    assert_problem(refused, 503)
    assert refused.headers["connection"] == "close"
    assert wire.closed
    assert not any(wire.closed for _, wire in crowd)


@pytest.mark.parametrize("stack", ["httptools on uvloop", "h11 on asyncio"])
def test_more_connections_than_the_process_may_have_leave_it_working_and_silent(stack):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
        with served_by(stack):
            server = started("--source", "demo", "serve")
            process, address = server.__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        until_ready(address)
        with httpx.Client(base_url=address, timeout=PATIENCE) as client:
            assert client.get("/healthz").status_code == 200
            to = ("127.0.0.1", int(address.rpartition(":")[2]))
            crowd = [socket.create_connection(to, timeout=PATIENCE) for _ in range(600)]
            assert client.get("/healthz").status_code == 200
            for each in crowd:
                each.close()
        assert httpx.post(f"{address}/predict", json={"prices": EXAMPLE_PRICES}, timeout=60).status_code == 200
        process.terminate()
        assert process.communicate(timeout=PATIENCE)[1] == ""
    finally:
        server.__exit__(None, None, None)
