"""The server on a real connection: what is not HTTP, clients that hang up, proxies, and an end that drains."""

import signal
import socket
import time

import httpx
import pytest

from api.routes.predict import EXAMPLE_PRICES
from tests.processes import PATIENCE, Process, started, stopped, until_ready
from tests.serving import assert_problem

PREDICTION = {"prices": EXAMPLE_PRICES}


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


@pytest.fixture(scope="module")
def address():
    with started("serve") as (_, address):
        until_ready(address)
        yield address


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
    assert httpx.get(f"{address}/healthz").status_code == 200


@pytest.mark.parametrize(
    "sent", [POST + b'Content-Length: 50\r\n\r\n{"prices":', POST[:30], b""], ids=["body", "head", "nothing"]
)
def test_a_client_that_hangs_up_leaves_a_server_that_works_and_says_nothing(sent):
    with started("serve") as (process, address):
        until_ready(address)
        for _ in range(20):
            wire = Wire(address)
            wire.send(sent)
            wire.socket.close()
        assert httpx.post(f"{address}/predict", json=PREDICTION).status_code == 200
        assert stopped(process, signal.SIGTERM) == (0, "", "")


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


def test_a_request_in_flight_at_sigterm_is_answered_while_nobody_new_is_let_in():
    body = httpx.Request("POST", "http://localhost", json=PREDICTION).content
    with started("serve") as (process, address):
        until_ready(address)
        wire = Wire(address)
        wire.send(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body[:100])
        httpx.get(f"{address}/healthz", timeout=PATIENCE)  # answered after: the server has read what was sent
        process.send_signal(signal.SIGTERM)
        until_refused(wire, process)
        wire.send(body[100:])
        answer = wire.rest()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"predicted_next_hour_price" in answer
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, err) == (0, "")
