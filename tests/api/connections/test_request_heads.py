"""Where a request ends, told at a glance, and what is refused before any parser sees it."""

import json

import pytest

from api.connections.request_heads import HEAD_BYTES, read_head
from api.routes.predict import EXAMPLE_PRICES
from benchmarks.client import get, post

BODY = json.dumps({"prices": EXAMPLE_PRICES}).encode()
QUESTION = post("/predict", BODY)


def with_line(line, request=QUESTION):
    return request.replace(b"\r\n", b"\r\n%b\r\n" % line, 1)


@pytest.mark.parametrize(
    "request_", [QUESTION, get("/v1/price?symbol=BTC-USD"), with_line(b"Connection: keep-alive"), get("/v1/a") * 2]
)
def test_a_plain_question_is_known_from_its_first_byte_to_its_last_and_may_be_refused(request_):
    head = read_head(request_)
    text, _, body = request_.partition(b"\r\n\r\n")
    assert (head.text, head.end) == (text + b"\r\n\r\n", len(text) + 4)
    assert head.body == (len(body) if request_.startswith(b"POST") else 0)
    assert head.is_refusable


@pytest.mark.parametrize(
    "request_",
    [
        get("/healthz"),
        get("/metrics"),
        get("/v1/models"),
        post("/v1/chat/completions", b"{}"),
        post("/v1/responses", b"{}"),
        with_line(b"Origin: https://example.com"),
        with_line(b"Connection: close"),
        with_line(b"Connection: Upgrade"),
        QUESTION.replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
    ids=lambda request_: request_[:60],
)
def test_what_has_a_refusal_of_its_own_is_known_and_read(request_):
    head = read_head(request_)
    assert head.body is not None
    assert not head.is_refusable


@pytest.mark.parametrize(
    "line",
    [
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding : chunked",
        b"Expect: 100-continue",
        b"Content-Length: 5",
        b"content-length: +5",
        b"Content-Length : 5",
        b"Content-Length-Of-It: 5",
    ],
)
def test_where_only_a_parser_can_tell_the_end_nothing_is_claimed(line):
    head = read_head(with_line(line))
    assert head.body is None
    assert not head.is_refusable


@pytest.mark.parametrize("sent", [b"G", b"POST", b"POST /predict HT", QUESTION[:60]])
def test_a_head_that_is_not_whole_is_waited_for(sent):
    assert read_head(sent) is None


@pytest.mark.parametrize(
    "sent",
    [
        b"NONSENSE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",  # TLS
        b"GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n",  # folded
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * HEAD_BYTES + b"\r\n\r\n",
    ],
    ids=lambda sent: sent[:40],
)
def test_what_is_not_http_or_judged_differently_by_parsers_is_refused(sent):
    with pytest.raises(ValueError):
        read_head(sent)


def test_no_other_protocol_is_offered_to_the_parser():
    head = read_head(with_line(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"))
    assert head.text == read_head(with_line(b"Connection: Upgrade\r\nSec-WebSocket-Version: 13")).text
    assert head.body == len(BODY)


def test_every_question_is_known_however_it_is_cut():
    for cut in range(len(QUESTION) - len(BODY)):
        assert read_head(QUESTION[:cut] or b"P") is None
    assert read_head(QUESTION[: len(QUESTION) - len(BODY)]) == read_head(QUESTION + b"G")
