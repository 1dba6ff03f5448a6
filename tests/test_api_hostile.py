"""Every endpoint that takes a body refuses the same hostile ones, in few bytes and without repeating them."""

import json

import pytest

from forecaster.settings import Settings
from tests.hostile_bodies import HOSTILE, JSON, MARK
from tests.serving import served, settled


class Unreachable:
    """A predictor that nothing hostile may reach."""

    def predict_next_close(self, closes):
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
    assert any(path == "/predict" for path, _ in found)
    return found


async def test_the_bodies_that_hostile_ones_are_made_from_are_read(client):
    for path, good in await endpoints(client):
        answer = await client.post(path, content=good, headers=JSON)
        assert answer.status_code not in (400, 408, 413, 415, 422), path


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_body_gets_a_small_problem(client, make):
    for path, good in await endpoints(client):
        sent = make(good)
        answer = await client.post(f"{path}?{MARK}", content=sent.content, headers=sent.headers)
        assert answer.status_code in (413, 415, 422), path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert len(answer.content) < 1000
        assert MARK not in answer.text
        assert "x-request-id" in answer.headers
