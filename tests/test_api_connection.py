"""A client's connection: what is refused unread, what must be read first, and clients that never finish."""

import asyncio
import json
import resource
import socket

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from api.app import create_app
from api.connection import Connection, is_whole_request
from api.overload import BUSY_AT_ONCE, Line
from api.routes.predict import EXAMPLE_PRICES
from benchmarks.client import get, post
from forecaster.settings import Settings
from tests.processes import PATIENCE, started, until_ready
from tests.serving import LastClose, assert_problem

QUESTION = post("/predict", json.dumps({"prices": EXAMPLE_PRICES}).encode())
PLACES = 8


class Wire(asyncio.Transport):
    """The server's side of a connection whose client reads everything."""

    def __init__(self):
        super().__init__()
        self.sent, self.closed = b"", False

    def write(self, data):
        self.sent += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass

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


@pytest.fixture
async def connect():
    """Connections of a service with places for PLACES requests."""
    app = create_app(LastClose, Settings(max_concurrent=PLACES, rate_limit="off"))
    app.state.most_connections = 20
    config, state, made = uvicorn.Config(app, log_config=None), ServerState(), []
    config.load()

    def new():
        wire = Wire()
        connection = Connection(config, state, {})
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
        connection.data_received(QUESTION)
    assert await answered(*(wire for _, wire in crowd)) == [[200]] * PLACES


async def test_who_comes_beyond_that_is_refused_unread(connect):
    crowd = [connect() for _ in range(PLACES + 1)]
    for connection, _ in crowd:
        connection.data_received(QUESTION)
    last, wire = crowd[-1]
    [refused] = wire.answers()
    assert_problem(refused, 503)
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-content-type-options"] == "nosniff"
    assert last.cycle is None
    assert await answered(*(wire for _, wire in crowd)) == [[200]] * PLACES + [[503]]
    last.data_received(QUESTION)  # on the same connection
    assert await answered(wire, count=2) == [[503, 200]]


async def test_a_busy_service_takes_one_question_at_a_time_and_answers_for_its_health_always(connect):
    crowd = [connect() for _ in range(PLACES + 1)]
    for connection, _ in crowd:
        connection.data_received(QUESTION)
    await answered(*(wire for _, wire in crowd))
    for connection, wire in crowd:
        wire.sent = b""
        connection.data_received(QUESTION)
    late, wire = connect()
    late.data_received(get("/healthz"))
    told = await answered(wire, *(wire for _, wire in crowd))
    assert told == [[200]] + [[200]] * BUSY_AT_ONCE + [[503]] * (PLACES + 1 - BUSY_AT_ONCE)


async def test_a_question_in_pieces_is_read_before_it_is_refused(connect):
    crowd = [connect() for _ in range(PLACES)]
    slow, wire = connect()
    slow.data_received(QUESTION[:200])
    for connection, _ in crowd:
        connection.data_received(QUESTION)
    slow.data_received(QUESTION[200:])
    assert await answered(wire) == [[503]]
    [refused] = wire.answers()
    assert "x-request-id" in refused.headers
    slow.data_received(QUESTION)
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


@pytest.mark.parametrize(
    "request_",
    [QUESTION, get("/v1/price?symbol=BTC-USD"), QUESTION.replace(b"\r\n", b"\r\nConnection: keep-alive\r\n", 1)],
    ids=["post", "get", "keep-alive"],
)
def test_a_plain_request_is_known_from_its_first_byte_to_its_last(request_):
    assert is_whole_request(request_)
    assert not is_whole_request(request_[:-1])
    assert not is_whole_request(request_ + b"G")


@pytest.mark.parametrize(
    "request_",
    [
        b"",
        b"NONSENSE\r\n\r\n",
        get("/healthz"),
        get("/metrics"),
        get("/v1/models"),
        post("/v1/chat/completions", b"{}"),
        QUESTION.replace(b"\r\n", b"\r\nOrigin: https://example.com\r\n", 1),
        QUESTION.replace(b"HTTP/1.1", b"HTTP/1.0"),
        QUESTION.replace(b"\r\n", b"\r\nConnection: close\r\n", 1),
        QUESTION.replace(b"\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", 1),
        QUESTION.replace(b"\r\n", b"\r\nTransfer-Encoding: chunked\r\n", 1),
        QUESTION.replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1),
        QUESTION.replace(b"\r\n", b"\r\nContent-Length: 5\r\n", 1),
        QUESTION.replace(b"Content-Length: ", b"Content-Length: +"),
        QUESTION.replace(b"Content-Length: ", b"Content-Length : "),
        QUESTION.replace(b"Content-Length: ", b"X: "),
        QUESTION.replace(b"Content-Length: ", b"X: a\r\n Content-Length: "),
        get("/v1/price").replace(b"localhost\r\n", b"localhost\n\nX: a\r\n"),
        QUESTION + QUESTION,
    ],
    ids=lambda request_: request_[:60],
)
def test_what_is_not_plain_is_read(request_):
    assert not is_whole_request(request_)


async def test_a_client_that_does_not_finish_its_head_is_let_go(connect):
    for sent in (b"", b"POST /predict HT"):
        connection, wire = connect()
        if sent:
            connection.data_received(sent)
        first = connection.timeout_keep_alive_task
        connection.data_received(b"P" if not sent else b"TP/1.1\r\n")  # a little more gives it no more time
        assert connection.timeout_keep_alive_task.when() == first.when()
        connection.timeout_keep_alive_handler()
        assert wire.closed
        connection, wire = connect()
        connection.data_received(QUESTION)
        assert await answered(wire) == [[200]]


async def test_connections_are_bounded(connect):
    crowd = [connect() for _ in range(20)]
    _, wire = connect()
    [refused] = wire.answers()
    assert_problem(refused, 503)
    assert refused.headers["connection"] == "close"
    assert wire.closed
    assert not any(wire.closed for _, wire in crowd)


def test_more_connections_than_the_process_may_have_leave_it_working_and_silent():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (400, hard))
    try:
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
        assert httpx.post(f"{address}/predict", json={"prices": EXAMPLE_PRICES}).status_code == 200
        process.terminate()
        assert process.communicate(timeout=PATIENCE)[1] == ""
    finally:
        server.__exit__(None, None, None)
