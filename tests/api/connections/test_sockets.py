"""Where the service listens: one address, a name or all of a machine, of both versions of IP, and what it prints."""

import os
import re
import socket

import httpx
import pytest

import app
from api.connections.sockets import address, listen
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings
from tests.support.service.processes import PATIENCE, started, until_ready

NOWHERE = "is no address or name of this machine. Set --host or CRYPTOSENSE_HOST to 127.0.0.1"


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture
def ipv6():
    """Needs a machine that can speak IPv6 with itself."""
    if not has_ipv6():
        told = "This machine has no IPv6 (::1)."
        pytest.fail(told) if os.environ.get("CI") == "true" else pytest.skip(told)


def reached(listeners, host):
    """Whether a client of `host` finds one of the listeners."""
    try:
        socket.create_connection((host, listeners[0].getsockname()[1]), timeout=PATIENCE).close()
    except OSError:
        return False
    return True


def test_answers_are_sent_without_waiting_for_acknowledgements():
    with listen("127.0.0.1", 0) as listeners:
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in listeners)


@pytest.mark.parametrize(
    ("host", "shown", "ways"),
    [
        ("127.0.0.1", "127.0.0.1", {"127.0.0.1"}),
        ("0.0.0.0", "localhost", {"127.0.0.1"}),
        ("::", "localhost", {"127.0.0.1", "::1"}),
        ("0:0::0", "localhost", {"127.0.0.1", "::1"}),
        ("::1", "[::1]", {"::1"}),
    ],
)
def test_every_address_is_listened_on_and_the_one_that_is_printed_opens(ipv6, host, shown, ways):
    with listen(host, 0) as listeners:
        ports = {each.getsockname()[1] for each in listeners}
        assert len(ports) == 1
        assert address(listeners) == f"http://{shown}:{ports.pop()}"
        assert {way for way in ("127.0.0.1", "::1") if reached(listeners, way)} == ways
    assert all(each.fileno() == -1 for each in listeners)


def test_a_name_is_every_address_that_it_stands_for():
    found = {place[0] for *_, place in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    with listen("localhost", 0) as listeners:
        assert {each.getsockname()[0] for each in listeners} <= found
        assert re.fullmatch(r"http://(localhost|127\.0\.0\.1|\[::1\]):\d+", address(listeners))


@pytest.mark.parametrize(
    "host",
    [
        *("nosuchname.invalid", "a..b", "x" * 300, "0.0.0.0:8000", "http://0.0.0.0", "256.1.1.1", "x\0y"),
        *("192.0.2.1", "fe80::1%nosuchzone"),
    ],
)
def test_a_host_that_is_none_of_this_machine_is_told_in_one_line(host):
    with pytest.raises(ConfigurationError) as refused, listen(host, 0):
        pass
    assert NOWHERE in str(refused.value)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_a_port_that_is_taken_at_one_of_the_addresses_is_not_served_at_the_other(ipv6):
    with socket.create_server(("0.0.0.0", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"Port {port} of 0\.0\.0\.0 is in use"), listen("::", port):
            pass
    with listen("::", port) as listeners:
        assert len(listeners) == 2


@pytest.mark.parametrize(("host", "meant"), [("[::1]", "::1"), (" ::1 ", "::1"), ("127.0.0.1", "127.0.0.1")])
def test_a_host_may_be_written_as_in_the_address_of_a_page(host, meant):
    assert Settings(host=host).host == meant


def test_an_empty_host_does_not_open_the_service_to_everybody(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert app.main(["serve", "--host", "", "--port", str(taken.getsockname()[1])]) == 1
    assert "of 127.0.0.1 is in use by another program" in capsys.readouterr().err


def test_on_both_versions_of_ip_a_proxy_is_trusted_by_its_ipv4_address(ipv6, monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_HOST", "::")
    monkeypatch.setenv("CRYPTOSENSE_RATE_LIMIT", "1/hour")
    monkeypatch.setenv("CRYPTOSENSE_TRUSTED_PROXIES", "127.0.0.1")
    with started("serve") as (_, found):
        assert found.startswith("http://localhost:")
        until_ready(found)
        port = found.rpartition(":")[2]
        for host, client, status in (
            ("127.0.0.1", "203.0.113.1", 422),
            ("127.0.0.1", "203.0.113.2", 422),
            ("127.0.0.1", "203.0.113.1", 429),
            ("[::1]", "203.0.113.3", 422),  # not trusted: both are this machine
            ("[::1]", "203.0.113.4", 429),
        ):
            sent = {"x-forwarded-for": client}
            answer = httpx.post(f"http://{host}:{port}/predict", json={}, headers=sent, timeout=PATIENCE)
            assert answer.status_code == status, (host, client)
