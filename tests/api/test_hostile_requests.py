"""Every endpoint that takes a body refuses the same hostile ones, in few bytes and without repeating them."""

import json

import pytest

from api.wire.openai_errors import PATHS
from api.wire.strict_json import LONG
from forecaster.settings import Settings
from tests.support.service.hostile_bodies import HOSTILE, JSON, MARK
from tests.support.service.serving import served, settled


class Unreachable:
    """A predictor that nothing hostile may reach."""

    async def next_close(self, closes):
        raise AssertionError("a hostile body came through")


@pytest.fixture
async def client():
    async with served(Unreachable, Settings(rate_limit="off")) as client:
        await settled(client)
        yield client


async def endpoints(client):
    """(address, a good body) of everything that takes one, as the documentation has it."""
    document = (await client.get("/openapi.json")).json()
    found = []
    for path, operations in document["paths"].items():
        if body := operations.get("post", {}).get("requestBody"):
            schema = body["content"]["application/json"]["schema"]
            if "$ref" in schema:
                schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
            found.append((path, json.dumps(schema["examples"][0]).encode()))
    assert {"/predict", "/v1/chat/completions"} <= {path for path, _ in found}
    return found


def lengthened(good: bytes, length: int) -> bytes:
    """The same object in at least so many bytes."""
    return good.rstrip()[:-1] + b" " * (length - len(good)) + b"}"


@pytest.mark.parametrize("length", [0, LONG + 1])
async def test_the_bodies_that_hostile_ones_are_made_from_are_read(client, length):
    read = 0
    for path, good in await endpoints(client):
        answer = await client.post(path, content=lengthened(good, length), headers=JSON)
        assert answer.status_code not in (400, 408, 415, 422), path
        read += answer.status_code != 413
    assert read >= 3


@pytest.mark.parametrize("length", [0, LONG + 1], ids=["short", "long"])
@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_body_gets_a_small_problem(client, make, length):
    for path, good in await endpoints(client):
        sent = make(lengthened(good, length))
        answer = await client.post(f"{path}?{MARK}", content=sent.content, headers=sent.headers)
        assert answer.status_code in (413, 415, 422), path
        if path.startswith(PATHS):
            assert answer.headers["content-type"] == "application/json"
            assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        else:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        assert len(answer.content) < 1000
        assert MARK not in answer.text
        assert "x-request-id" in answer.headers
