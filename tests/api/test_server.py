"""The server on a real connection: what is not HTTP, clients that hang up, proxies, and an end that drains.

Whichever parser and event loop uvicorn finds, the promises are the same.
"""

import signal
import socket
import time

import httpx
import pytest

from api.connections.connection import READ
from api.routes.predict import EXAMPLE_PRICES
from tests.support.service.processes import PATIENCE, Process, started, unexpected, until_ready
from tests.support.service.serving import assert_problem
from tests.support.service.stacks import STACKS, served_by, stack_of

PREDICTION = {"prices": EXAMPLE_PRICES}
JSON = {"content-type": "application/json"}
BODY = httpx.Request("POST", "http://localhost", json=PREDICTION).content


class Wire:
    """A connection on which a test sends bytes as it likes."""

    def __init__(self, address):
        self._to = ("127.0.0.1", int(address.rpartition(":")[2]))
        self.socket = socket.create_connection(self._to, timeout=PATIENCE)

    def send(self, data):
        self.socket.sendall(data)

    def rest(self):
        """Everything until the server hangs up."""
        received = b""
        while part := self.socket.recv(65536):
            received += part
        self.socket.close()
        return received

    def refused(self):
        """Whether nobody listens any more."""
        try:
            socket.create_connection(self._to, timeout=PATIENCE).close()
        except (ConnectionRefusedError, ConnectionResetError):
            return True
        return False


POST = b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module", params=STACKS)
def address(request):
    with served_by(request.param), started("serve") as (process, address):
        until_ready(address)
        assert stack_of(process) == request.param
        yield address


@pytest.fixture
def client(address):
    with httpx.Client(base_url=address, timeout=PATIENCE) as client:
        yield client


def test_a_connection_is_used_for_one_request_after_the_other(address):
    wire = Wire(address)
    wire.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 50)
    wire.send(POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
    received = wire.rest()
    assert received.count(b"HTTP/1.1 200 OK\r\n") == 51
    assert b"predicted_next_hour_price" in received.rpartition(b"HTTP/1.1")[2]


def test_a_body_is_read_in_chunks_and_after_a_client_was_told_to_continue(address, client):
    assert client.post("/predict", content=iter([BODY[:9], BODY[9:]]), headers=JSON).status_code == 200
    wire = Wire(address)
    wire.send(POST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY))
    assert wire.socket.recv(100).startswith(b"HTTP/1.1 100")
    wire.send(BODY)
    assert wire.rest().startswith(b"HTTP/1.1 200")


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(client):
    large = b" " * 1_000_000
    for body in (large, iter([large[:1000]] * 1000)):
        assert_problem(client.post("/predict", content=body, headers=JSON), 413)
        assert client.get("/healthz").status_code == 200


def test_a_body_of_many_reads_is_answered_whole(client):
    windows = [{"symbol": "BTC-USD", "closes": [float(price) for price in EXAMPLE_PRICES]}] * 400
    answer = client.post("/v1/forecast/batch", json={"windows": windows})
    assert int(answer.request.headers["content-length"]) > 3 * READ
    assert (answer.status_code, len(answer.json()["results"])) == (200, 400)


def test_an_address_says_which_methods_it_takes(client):
    for method in ("DELETE", "PUT", "PATCH", "OPTIONS"):
        answer = client.request(method, "/predict")
        assert_problem(answer, 405)
        assert answer.headers["allow"] == "POST"


def test_another_protocol_is_not_taken_up(client):
    for protocol in ("websocket", "h2c"):
        headers = {"connection": "upgrade", "upgrade": protocol, "sec-websocket-key": "AAAA"}
        assert client.get("/healthz", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # without a host
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: two\r\n\r\n{}",
        POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        POST + b"Transfer-Encoding: gzip\r\n\r\n{}",
        POST + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # TLS
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Line: 1\r\n" * 2000,
    ],
    ids=lambda sent: sent[-30:],
)
def test_what_is_not_http_gets_a_problem_and_an_end(address, sent):
    wire = Wire(address)
    wire.send(sent)
    if not sent.endswith(b"\n"):
        wire.socket.shutdown(socket.SHUT_WR)
    head, _, body = wire.rest().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    answer = httpx.Response(400, content=body, headers=[line.split(b": ", 1) for line in head.split(b"\r\n")[1:]])
    assert_problem(answer, 400)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["connection"] == "close"
    assert httpx.get(f"{address}/healthz", timeout=60).status_code == 200


@pytest.mark.parametrize(
    ("trusted", "forwarded", "statuses"),
    [
        ("", ["203.0.113.1", "203.0.113.2"], [422, 429]),  # believed from nobody: both are this machine
        ("127.0.0.1", ["203.0.113.1", "203.0.113.2", "203.0.113.1"], [422, 422, 429]),
        ("127.0.0.0/8", ["198.51.100.7, 203.0.113.1", "198.51.100.8, 203.0.113.1"], [422, 429]),  # made up before it
        ("10.0.0.1", ["203.0.113.1", "203.0.113.2"], [422, 429]),
    ],
)
def test_a_forwarded_address_is_believed_only_from_a_trusted_proxy(monkeypatch, trusted, forwarded, statuses):
    monkeypatch.setenv("CRYPTOSENSE_RATE_LIMIT", "1/hour")
    monkeypatch.setenv("CRYPTOSENSE_TRUSTED_PROXIES", trusted)
    with started("serve") as (_, address):
        until_ready(address)
        answers = [
            httpx.post(f"{address}/predict", json={}, headers={"x-forwarded-for": each}, timeout=PATIENCE)
            for each in forwarded
        ]
    assert [answer.status_code for answer in answers] == statuses


def until_refused(wire: Wire, process: Process) -> None:
    end = time.monotonic() + PATIENCE
    while not wire.refused():
        assert time.monotonic() < end
        assert process.poll() is None


@pytest.mark.parametrize("stack", STACKS)
def test_clients_that_hang_up_leave_a_server_that_works_says_nothing_and_answers_who_is_in_at_sigterm(stack):
    with served_by(stack), started("serve") as (process, address):
        until_ready(address)
        for sent in (POST + b'Content-Length: 50\r\n\r\n{"prices":', POST[:30], b"") * 20:
            wire = Wire(address)
            wire.send(sent)
            wire.socket.close()
        wire = Wire(address)
        wire.send(POST + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:100])
        assert httpx.post(f"{address}/predict", json=PREDICTION, timeout=60).status_code == 200
        process.send_signal(signal.SIGTERM)  # the server has read what was sent before it answered another
        until_refused(wire, process)
        wire.send(BODY[100:])
        answer = wire.rest()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"predicted_next_hour_price" in answer
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, unexpected(err)) == (0, [])
