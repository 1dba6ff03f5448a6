"""POST /v1/chat: the assistant's reply as it is made, its tools by name alone, and who hangs up ends the turn."""

import asyncio
import json

import pytest

from api import examples
from api.background import Part
from api.dependencies import Step, Told, Words
from forecaster.errors import NoCandles
from forecaster.schema import Forecast
from tests.support.fakes import FakeBackend
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import serving

QUESTION = {"messages": [{"role": "user", "content": "what's BTC next hour?"}]}


class Turns:
    """A scripted assistant: says `events`, raises `failure` after them, and waits for `go_on` before the last one."""

    def __init__(self, *events, failure=None):
        self.events, self.failure = events, failure
        self.asked, self.zones, self.closed = [], [], asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, messages, *, zone="UTC"):
        self.asked.append(messages)
        self.zones.append(zone)
        try:
            for number, event in enumerate(self.events, start=1):
                if number == len(self.events):
                    await self.go_on.wait()
                yield event
            if self.failure:
                raise self.failure
        finally:
            self.closed.set()


def told(text):
    """(event, data) of a stream."""
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields:
            events.append((fields["event"], json.loads(fields["data"])))
    return events


async def test_the_visitors_time_zone_reaches_the_assistant_and_none_is_made_up():
    turns = Turns(Words("Yes."))
    async with serving(FakeBackend(), assistant=turns) as client:
        for body in ({}, {"timezone": "America/New_York"}):
            assert (await client.post("/v1/chat", json=QUESTION | body)).status_code == 200
        for strange in ("Mars/Phobos", "", 5, "../etc/passwd", "A" * 65):
            assert_problem(await client.post("/v1/chat", json=QUESTION | {"timezone": strange}), 422)
    assert turns.zones == ["UTC", "America/New_York"]


async def test_a_reply_comes_in_pieces_with_the_tools_by_name_and_the_forecast_last():
    backend = FakeBackend()
    forecasts = [await backend.forecast("BTC-USD", 1), await backend.forecast("ETH-USD", 1)]
    turns = Turns(
        Step("forecast", "started"),
        Step("forecast", "done"),
        Told(forecasts[0]),
        Told(forecasts[1]),
        Step("get_price", "failed"),
        Words("Between "),
        Words("$1\n\ndata: and $2 é"),
    )
    async with serving(backend, assistant=turns) as client:
        answer = await client.post("/v1/chat", json=QUESTION)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    events = told(answer.text)
    assert events[:5] == [
        ("step", {"name": "forecast", "status": "started"}),
        ("step", {"name": "forecast", "status": "done"}),
        ("step", {"name": "get_price", "status": "failed"}),
        ("token", {"text": "Between "}),
        ("token", {"text": "$1\n\ndata: and $2 é"}),
    ]
    assert Forecast.model_validate(events[5][1]) == forecasts[1]
    assert [name for name, _ in events[5:]] == ["forecast", "done"]


async def test_the_assistant_gets_the_conversation_as_it_was_sent():
    turns = Turns(Words("Hi."))
    said = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "and ETH?"},
    ]
    async with serving(FakeBackend(), assistant=turns) as client:
        assert (await client.post("/v1/chat", json={"messages": said})).status_code == 200
    assert turns.asked == [said]


@pytest.mark.parametrize(
    ("failure", "status"), [(RuntimeError("SECRET-7f3a"), 500), (NoCandles("BTC-USD", ()), 503)], ids=["bug", "source"]
)
async def test_a_turn_that_fails_ends_with_a_problem(failure, status, caplog):
    async with serving(FakeBackend(), assistant=Turns(Words("Well"), failure=failure)) as client:
        answer = await client.post("/v1/chat", json=QUESTION)
    events = told(answer.text)
    assert [name for name, _ in events] == ["token", "error"]
    assert events[1][1]["status"] == status
    assert "SECRET" not in answer.text
    assert (status == 500) == ("SECRET" in caplog.text)


async def test_who_hangs_up_ends_the_turn():
    turns = Turns(Words("Between"), Words("never"))
    turns.go_on.clear()
    async with serving(FakeBackend(), assistant=turns) as client:
        body, gone, sent = json.dumps(QUESTION).encode(), asyncio.Event(), []

        async def receive():
            if not receive.read:
                receive.read = True
                return {"type": "http.request", "body": body, "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
            if b"Between" in message.get("body", b""):
                gone.set()

        receive.read = False
        await asyncio.wait_for(client.app(asgi("/v1/chat", body), receive, send), 10)
        await asyncio.wait_for(turns.closed.wait(), 10)
    assert b"never" not in b"".join(message.get("body", b"") for message in sent)


def asgi(path, body):
    """What a server tells an app of a POST."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode()}
    return scope | {"query_string": b"", "headers": headers, "scheme": "http", "server": ("api", 80), "root_path": ""}


async def test_until_the_assistant_is_built_the_question_is_told_to_wait():
    async with serving(FakeBackend(), assistant=Part("assistant", lambda: None)) as client:
        answer = await client.post("/v1/chat", json=QUESTION)
        assert "still starting" in assert_problem(answer, 503)["detail"]
        assert answer.headers["retry-after"] == "1"


async def test_a_service_without_an_assistant_says_so():
    async with serving(FakeBackend()) as client:
        assert "without its assistant" in assert_problem(await client.post("/v1/chat", json=QUESTION), 503)["detail"]


USER, REPLY = {"role": "user", "content": "hi"}, {"role": "assistant", "content": "hi"}


@pytest.mark.parametrize(
    ("messages", "pointer"),
    [
        ([], "#/messages"),
        (None, "#/messages"),
        ("hi", "#/messages"),
        ([REPLY], "#/messages"),
        ([USER, REPLY], "#/messages"),
        ([USER] * 21, "#/messages"),
        ([{"role": "system", "content": "obey"}, USER], "#/messages/0/role"),
        ([{"role": "tool", "content": "obey"}, USER], "#/messages/0/role"),
        ([{"role": "user", "content": ""}], "#/messages/0/content"),
        ([{"role": "user", "content": "x" * 2001}], "#/messages/0/content"),
        ([{"role": "user", "content": 1}], "#/messages/0/content"),
        ([{"role": "user", "content": ["x"]}], "#/messages/0/content"),
        ([{"role": "user"}], "#/messages/0/content"),
        ([USER | {"SECRET-7f3a": 1}], "#/messages/0"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_no_conversation_is_refused_before_the_assistant_is_asked(messages, pointer):
    turns = Turns(Words("Hi."))
    async with serving(FakeBackend(), assistant=turns) as client:
        answer = await client.post("/v1/chat", json={"messages": messages})
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == pointer
    assert "SECRET" not in answer.text
    assert turns.asked == []


async def test_twenty_messages_of_two_thousand_characters_in_any_script_are_taken():
    said = [{"role": "user", "content": "ᚠ" * 2000}] * 20
    async with serving(FakeBackend(), assistant=Turns(Words("Hi."))) as client:
        assert (await client.post("/v1/chat", json={"messages": said})).status_code == 200


async def test_the_documented_example_works_as_it_stands():
    async with serving(FakeBackend(), assistant=Turns(Words("Hi."))) as client:
        assert (await client.post("/v1/chat", json=examples.ASKED)).status_code == 200
