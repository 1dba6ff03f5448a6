"""Who may ask /mcp: the service's own names, and pages of its own or of allowed sites."""

import pytest
from fastapi import HTTPException
from starlette.datastructures import Headers

from api.middleware.hosts import Hosts
from forecaster.settings import Settings

HERE = Settings(host="chat.lan", public_url="https://chat.example.com", allowed_origins=("https://portfolio.example",))


def refused(settings=HERE, **headers):
    """The status with which headers are refused, or None."""
    try:
        Hosts(settings).check(Headers(headers))
    except HTTPException as error:
        assert error.detail.endswith(".")
        assert not any(value in error.detail for value in headers.values() if value)
        return error.status_code
    return None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "127.0.0.1:1",
        "[::1]",
        "[::1]:8000",
        "LOCALHOST",
        "chat.lan:80",
        "chat.example.com",
        "chat.example.com:443",
        "Chat.Example.com",
    ],
)
def test_a_name_of_this_service_is_taken_with_any_port(host):
    assert refused(host=host) is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "0.0.0.0",
        "localhost:x",
        "localhost@evil.example",
        "localhost:8000:8000",
        "[::]",
        "192.168.0.1",
        "chat.example.com.",
        "a localhost",
        "[::1",
    ],
)
def test_another_name_is_not(host):
    assert refused(host=host) == 421


def test_no_name_is_not_either():
    assert refused() == 421


@pytest.mark.parametrize("bound", ["0.0.0.0", "::"])
def test_listening_everywhere_gives_the_service_no_name(bound):
    settings = Settings(host=bound)
    assert refused(settings, host=f"[{bound}]" if ":" in bound else bound) == 421
    assert refused(settings, host="localhost:8000") is None


def test_an_address_to_listen_on_is_a_name():
    assert refused(Settings(host="10.0.0.5"), host="10.0.0.5:8000") is None
    assert refused(Settings(host="fe80::5"), host="[fe80::5]:8000") is None


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("chat.example.com", "https://chat.example.com"),
        ("localhost:8000", "https://chat.example.com"),  # a proxy in front may ask under a name of its own
        ("localhost:8000", "https://portfolio.example"),
    ],
)
def test_a_page_of_ours_or_of_an_allowed_site_may_ask(host, origin):
    assert refused(host=host, origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://localhost:8001",
        "http://localhost",
        "localhost:8000",
        "://localhost:8000",
        "https://portfolio.example.evil.example",
        "http://portfolio.example",
        "file://localhost:8000",
        "https://",
    ],
)
def test_another_page_may_not(origin):
    assert refused(host="localhost:8000", origin=origin) == 403


@pytest.mark.parametrize(
    "url",
    ["chat.example.com", "https://", "ftp://chat.example.com", "https://chat.example.com?path", "https://a b", "x"],
)
def test_a_public_address_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="write an address such as"):
        Settings(public_url=url)


def test_a_public_address_has_no_slash_at_its_end():
    assert Settings(public_url="https://chat.example.com/").public_url == "https://chat.example.com"
