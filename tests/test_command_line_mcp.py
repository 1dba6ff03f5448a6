"""app.py mcp and /mcp as processes: the official client, a clean stdout, and an end when stdin closes."""

import json
import signal
import subprocess
import sys

import jsonschema
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from forecaster.settings import ROOT
from tests.support.exchanges.fake import MOVED
from tests.support.fakes import LAST_CLOSE
from tests.support.service.processes import PATIENCE, started, stopped, unexpected, until_ready
from tests.tools.test_registry import GOOD
from tools.registry import TOOLS

COMMAND = [sys.executable, str(ROOT / "app.py"), "mcp"]
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "tests", "version": "1"}}


def assert_silent(code, out, err):
    assert (code, out, unexpected(err)) == (0, "", [])


@pytest.fixture
def environment(exchanges, monkeypatch, tmp_path):
    """What the process gets beside the little that the official client hands on."""
    return {**exchanges.settings_env(), "CRYPTOSENSE_DATABASE_URL": f"sqlite:///{tmp_path / 'mcp.db'}"}


async def assert_every_tool_answers(client):
    announced = (await client.list_tools()).tools
    assert [each.name for each in announced] == [tool.name for tool in TOOLS]
    for each in announced:
        result = await client.call_tool(each.name, GOOD[each.name])
        assert not result.is_error, result.content
        jsonschema.validate(result.structured_content, each.output_schema)
    price = (await client.call_tool("get_price", GOOD["get_price"])).structured_content
    assert (price["last_close"], price["source"]) == (LAST_CLOSE, "bitstamp")
    assert price["price"] == pytest.approx(MOVED * LAST_CLOSE, abs=0.01)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_over_stdio_the_official_client_lists_and_calls_every_tool(environment, tmp_path, mode):
    command, *arguments = COMMAND
    server = StdioServerParameters(command=command, args=arguments, env=environment, cwd=tmp_path)
    with open(tmp_path / "err.txt", "w") as err:
        async with Client(stdio_client(server, errlog=err), mode=mode) as client:
            await assert_every_tool_answers(client)
    assert (tmp_path / "err.txt").read_text() == ""


async def test_over_http_the_official_client_lists_and_calls_every_tool_of_a_process(exchanges):
    with started("serve") as (process, address):
        until_ready(address)
        async with Client(f"{address}/mcp") as client:
            await assert_every_tool_answers(client)
        assert_silent(*stopped(process, signal.SIGINT))


async def test_beside_the_chat_too_and_never_with_simulated_prices(exchanges):
    exchanges.stop()
    with started() as (process, address):
        until_ready(address)
        async with Client(f"{address}/mcp") as client:
            failed = await client.call_tool("get_price", GOOD["get_price"])
            assert failed.is_error and "bitstamp could not" in failed.content[0].text
        assert_silent(*stopped(process, signal.SIGINT))


def test_over_stdio_stdout_holds_messages_alone_and_the_process_ends_with_stdin(exchanges):
    with talking() as process:
        for line in ("{garbage", "", '["a batch"]', "\xff", '{"jsonrpc": "2.0"}'):
            print(line, file=process.stdin, flush=True)
        welcome = asked(process, 1, "initialize", HELLO)
        assert welcome["result"]["serverInfo"]["name"] == "cryptosense"
        assert asked(process, 2, "no/such")["error"]["code"] == -32601
        assert asked(process, 3, "tools/call", {"name": 7, "arguments": "SECRET-7f3a"})["error"]["code"] == -32602
        huge = asked(process, 4, "tools/call", {"name": "get_price", "arguments": {"symbol": "SECRET-7f3a" * 100_000}})
        assert huge["result"]["isError"] and "SECRET" not in json.dumps(huge) and len(json.dumps(huge)) < 500
        price = asked(process, 5, "tools/call", {"name": "get_price", "arguments": GOOD["get_price"]})
        assert price["result"]["structuredContent"]["last_close"] == LAST_CLOSE
        out, err = process.communicate(timeout=PATIENCE)  # which closes stdin
        assert (process.returncode, out, err) == (0, "", "")


def test_over_stdio_without_an_exchange_there_is_no_price_instead_of_a_simulated_one(exchanges):
    exchanges.stop()
    with talking() as process:
        asked(process, 1, "initialize", HELLO)
        failed = asked(process, 2, "tools/call", {"name": "get_price", "arguments": GOOD["get_price"]})
        assert failed["result"]["isError"] and "bitstamp could not" in failed["result"]["content"][0]["text"]
        out, _ = process.communicate(timeout=PATIENCE)
        assert (process.returncode, out) == (0, "")


def test_a_setting_that_cannot_work_ends_it_with_a_clear_message(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", "gone")
    ended = subprocess.run(COMMAND, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "manifest.json" in ended.stderr and "Traceback" not in ended.stderr


def talking():
    pipe = subprocess.PIPE
    return subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, text=True, encoding="utf-8")


def asked(process, number, method, params=None):
    """The answer to a request; whatever else comes first is no message, and fails."""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}}
    print(json.dumps(message), file=process.stdin, flush=True)
    answer = json.loads(process.stdout.readline())
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", number)
    return answer


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_over_stdio_a_signal_ends_it_though_stdin_is_open(exchanges, by):
    with talking() as process:
        asked(process, 1, "initialize", HELLO)
        process.send_signal(by)
        assert process.wait(PATIENCE) == -by
        assert process.communicate() == ("", "")
