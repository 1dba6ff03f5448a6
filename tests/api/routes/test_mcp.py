"""POST /mcp: official clients over a real socket, old ones byte by byte, and what is no message at all."""

import asyncio
import json
import os
import subprocess
import time
from contextlib import contextmanager

import httpx
import jsonschema
import pytest
from mcp import Client

from api.app import create_app
from api.background import State
from forecaster.errors import ConfigurationError
from forecaster.settings import Settings
from tests.support.browser.whole_service import PATIENCE, listening
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tests.support.service.hostile_bodies import HOSTILE, MARK
from tests.support.service.schema_cases import KEY, LOCKED
from tests.support.service.serving import assert_problem, client_from, settled
from tests.support.service.v1 import OPEN
from tests.tools.test_registry import GOOD
from tools.mcp_server import sessions
from tools.registry import TOOLS

HEADERS = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
LIST = PING | {"method": "tools/list"}
MCP1 = "CRYPTOSENSE_MCP1_PYTHON"  # an interpreter with mcp 1.x
MCP1_PYTHON = os.environ.get(MCP1)  # here, since a test sees no setting of the developer's
MCP1_CLIENT = """
import asyncio, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

async def main(url, calls):
    async with streamablehttp_client(url) as (read, write, _), ClientSession(read, write) as session:
        await session.initialize()
        told = {}
        for tool in (await session.list_tools()).tools:
            result = await session.call_tool(tool.name, calls[tool.name])
            told[tool.name] = [result.isError, result.structuredContent, tool.annotations.readOnlyHint]
        resources = [str(each.uri) for each in (await session.list_resources()).resources]
        briefing = (await session.get_prompt("hourly_briefing")).messages[0].content.text
        print(json.dumps([told, resources, briefing]))

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""


def app_of(backend=None, settings=OPEN, protocol=None):
    backend = backend or FakeBackend(longest=24)
    return create_app(lambda: backend, settings, protocol=protocol or (lambda: sessions(backend, KNOWLEDGE)))


@pytest.fixture(scope="module")
def address():
    with listening(app_of()) as found:
        wait_for(found)
        yield found


def wait_for(address):
    end = time.monotonic() + PATIENCE
    while httpx.get(f"{address}/readyz", timeout=60).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def asking(address, **headers):
    with httpx.Client(base_url=address, headers=HEADERS | headers, timeout=PATIENCE) as client:
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_the_official_client_lists_and_calls_every_tool(address, mode):
    async with Client(f"{address}/mcp", mode=mode) as client:
        announced = (await client.list_tools()).tools
        assert [each.name for each in announced] == [tool.name for tool in TOOLS]
        for each in announced:
            result = await client.call_tool(each.name, GOOD[each.name])
            assert not result.is_error
            jsonschema.validate(result.structured_content, each.output_schema)
        assert len((await client.list_resources()).resources) == 2
        assert "get_price" in (await client.get_prompt("hourly_briefing")).messages[0].content.text


async def test_many_clients_at_once_are_each_answered(address):
    async def price():
        async with Client(f"{address}/mcp") as client:
            return (await client.call_tool("get_price", GOOD["get_price"])).structured_content["price"]

    assert len(set(await asyncio.gather(*(price() for _ in range(20))))) == 1


@pytest.mark.skipif(not MCP1_PYTHON, reason=f"{MCP1} names no interpreter with mcp 1.x (pip install 'mcp<2')")
def test_a_client_of_version_1_lists_and_calls_every_tool(address):
    command = [MCP1_PYTHON, "-c", MCP1_CLIENT, f"{address}/mcp", json.dumps(GOOD)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    told, resources, briefing = json.loads(done.stdout)
    assert set(told) == {tool.name for tool in TOOLS}
    assert all(not failed and content and read_only for failed, content, read_only in told.values())
    assert len(resources) == 2 and "get_price" in briefing


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-06-18"])
def test_older_revisions_of_the_protocol_are_spoken_as_their_clients_do(address, revision):
    with asking(address) as client:
        hello = {"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "mcp", "version": "0.1.0"}}
        answer = client.post("/mcp", json=PING | {"id": 0, "method": "initialize", "params": hello})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert "mcp-session-id" not in answer.headers
        welcome = answer.json()
        assert (welcome["jsonrpc"], welcome["id"]) == ("2.0", 0)
        assert welcome["result"]["protocolVersion"] == revision
        assert welcome["result"]["serverInfo"]["name"] == "cryptosense"
        if revision >= "2025-06-18":  # since when clients send it
            client.headers["mcp-protocol-version"] = revision

        noted = client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
        assert (noted.status_code, noted.content) == (202, b"")
        assert client.get("/mcp", headers={"accept": "text/event-stream"}).status_code == 405

        tools = client.post("/mcp", json=LIST).json()["result"]["tools"]
        assert {each["name"] for each in tools} == set(GOOD)
        assert all(each["annotations"]["readOnlyHint"] and each["inputSchema"]["type"] == "object" for each in tools)

        call = {"name": "get_price", "arguments": GOOD["get_price"]}
        answer = client.post("/mcp", json=PING | {"id": "a-2", "method": "tools/call", "params": call}).json()
        assert answer["id"] == "a-2" and answer["result"]["isError"] is False
        [content] = answer["result"]["content"]
        assert content["type"] == "text" and json.loads(content["text"]) == answer["result"]["structuredContent"]


def test_a_plain_client_without_a_handshake_is_answered(address):
    with asking(address, accept="*/*") as client:
        assert client.post("/mcp", json=PING).json() == {"jsonrpc": "2.0", "id": 1, "result": {}}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (PING | {"method": "no/such"}, -32601),
        (PING | {"method": "tools/call", "params": {"name": 5, "arguments": MARK}}, -32602),
        (PING | {"method": "tools/call", "params": {"name": MARK, "arguments": {}}}, -32602),
        (PING | {"method": "tools/call"}, -32602),
        (PING | {"method": "tools/list", "params": {"cursor": 5}}, -32602),
        (PING | {"method": "resources/read", "params": {"uri": f"file:///{MARK}"}}, -32602),
        (PING | {"method": "prompts/get", "params": {"name": MARK}}, -32602),
        (PING | {"method": "initialize", "params": {"protocolVersion": MARK}}, -32602),
        (PING | {"method": "x" * 65}, -32600),
        (PING | {"method": f"{MARK}\n"}, -32600),
        (PING | {"method": 5}, -32600),
        (PING | {"id": None}, -32600),
        (PING | {"id": True}, -32600),
        (PING | {"id": 1.5}, -32600),
        (PING | {"params": [MARK]}, -32600),
        (PING | {"jsonrpc": "1.0"}, -32600),
        ({"id": 1, "method": "ping"}, -32600),
        ({"jsonrpc": "2.0", "id": 1}, -32600),
        ({"jsonrpc": "2.0", "id": 1, "error": MARK}, -32600),
        ([PING, PING], -32600),
        ([], -32600),
        (MARK, -32600),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_cannot_be_answered_is_an_error_of_the_protocol(address, message, code, caplog):
    with asking(address) as client:
        answer = client.post("/mcp", json=message)
    assert answer.headers["content-type"] == "application/json"
    assert answer.status_code == (400 if code == -32600 else 200)
    assert answer.json()["error"]["code"] == code
    assert len(answer.content) < 400
    assert MARK not in answer.text and "pydantic" not in answer.text and "Traceback" not in answer.text
    assert MARK not in caplog.text


@pytest.mark.parametrize("name", [MARK, "2099-01-01", ""])
def test_a_revision_that_nobody_knows_is_refused(address, name):
    with asking(address, **{"mcp-protocol-version": name}) as client:
        answer = client.post("/mcp", json=PING)
    assert answer.status_code == 400 and answer.json()["error"]["code"] < 0


def test_huge_arguments_are_refused_in_few_bytes(address):
    with asking(address) as client:
        for size, status in ((60_000, 200), (70_000, 413)):
            call = {"name": "get_price", "arguments": {"symbol": MARK + "x" * size}}
            answer = client.post("/mcp", json=PING | {"method": "tools/call", "params": call})
            assert answer.status_code == status
            assert len(answer.content) < 500 and MARK not in answer.text


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_body_gets_a_small_error(make):
    sent, app = make(json.dumps(PING).encode()), app_of()
    async with app.router.lifespan_context(app), client_from(app, "localhost") as client:
        await settled(client)
        headers = {"host": "localhost", "accept": "*/*", **sent.headers}
        answer = await client.post("/mcp", content=sent.content, headers=headers)
    assert answer.status_code in (400, 413, 415)
    assert len(answer.content) < 400 and MARK not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 421),
        ({"host": "localhost.evil.example:80"}, 421),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"content-type": "text/plain"}, 415),
    ],
)
def test_foreign_names_and_sites_are_refused(address, headers, status):
    with asking(address, **headers) as client:
        problem = assert_problem(client.post("/mcp", json=PING), status)
        assert "evil" not in json.dumps(problem)


def test_a_page_of_an_allowed_site_may_ask():
    with listening(app_of(settings=Settings(rate_limit="off", allowed_origins=("https://a.example",)))) as address:
        wait_for(address)
        with asking(address, origin="https://a.example") as client:
            answer = client.post("/mcp", json=PING)
            assert answer.headers["access-control-allow-origin"] == "https://a.example"
            assert answer.json()["result"] == {}
            wanted = {"access-control-request-method": "POST", "access-control-request-headers": "mcp-protocol-version"}
            assert client.options("/mcp", headers=wanted).status_code == 200


def test_keys_and_limits_hold():
    settings = LOCKED.model_copy(update={"key_rate_limit": "2/minute"})
    with listening(app_of(settings=settings)) as address:
        wait_for(address)
        with asking(address) as client:
            assert_problem(client.post("/mcp", json=PING), 401)
        with asking(address, authorization=f"Bearer {KEY}") as client:
            assert [client.post("/mcp", json=PING).status_code for _ in range(3)] == [200, 200, 429]


async def test_nothing_is_built_until_somebody_asks_and_then_once():
    made, backend = [], FakeBackend()

    def build():
        made.append(1)
        return sessions(backend, KNOWLEDGE)

    app = app_of(backend, protocol=build)
    async with app.router.lifespan_context(app), client_from(app, "127.0.0.1") as client:
        client.headers.update(HEADERS | {"host": "localhost"})
        await settled(client)
        await client.post("/mcp", json=[])
        await client.get("/llms.txt")
        assert made == []
        answers = await asyncio.gather(*(client.post("/mcp", json=PING) for _ in range(5)))
        assert [answer.status_code for answer in answers] == [200] * 5
        assert made == [1] and app.state.mcp.state is State.READY


async def test_what_cannot_be_built_is_told_and_the_rest_goes_on(caplog):
    def build():
        raise ConfigurationError("SECRET-7f3a is broken.", "Mend it.")

    app = app_of(protocol=build)
    async with app.router.lifespan_context(app), client_from(app, "127.0.0.1") as client:
        client.headers.update(HEADERS | {"host": "localhost"})
        await settled(client)
        for _ in range(2):
            assert "could not start" in assert_problem(await client.post("/mcp", json=PING), 503)["detail"]
        assert (await client.get("/readyz")).status_code == 200
    assert "SECRET-7f3a is broken" in caplog.text


async def test_until_the_model_is_loaded_a_client_is_told_to_wait():
    app = app_of()
    async with client_from(app, "127.0.0.1") as client:  # which has not begun to start
        client.headers.update(HEADERS | {"host": "localhost"})
        answer = await client.post("/mcp", json=PING)
        assert "still starting" in assert_problem(answer, 503)["detail"]


async def test_a_service_that_ends_while_nobody_has_asked_ends_quietly(caplog):
    app = app_of()
    async with app.router.lifespan_context(app):
        pass
    assert caplog.text == ""
