"""The tools as another assistant sees them: what they announce, what they answer, and what goes wrong."""

import json

import jsonschema
import pytest
from mcp import Client, MCPError

from forecaster.errors import ArtifactError
from forecaster.schema import Report
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tests.tools.test_registry import GOOD, TalkativeBackend
from tools.mcp_server import BRIEFING, DISCLAIMER, REPORT, build_server
from tools.registry import TOOLS
from tools.tool import LONGEST_TEXT

MODES = ("auto", "legacy")  # the newest revision of the protocol, and those before


def speaking(backend, mode="auto"):
    return Client(build_server(backend, KNOWLEDGE), mode=mode)


@pytest.mark.parametrize("mode", MODES)
async def test_every_tool_is_announced_as_what_it_is(mode):
    async with speaking(FakeBackend(), mode) as client:
        announced = (await client.list_tools()).tools
    assert [each.name for each in announced] == [tool.name for tool in TOOLS]
    for each in announced:
        assert each.title and each.description
        assert each.annotations.read_only_hint and not each.annotations.destructive_hint
        jsonschema.Draft202012Validator.check_schema(each.input_schema)
        jsonschema.Draft202012Validator.check_schema(each.output_schema)
        assert each.input_schema["additionalProperties"] is False


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("talkative", [False, True])
async def test_every_tool_answers_in_little_text_which_is_its_structured_content_and_as_announced(mode, talkative):
    backend = TalkativeBackend(longest=24) if talkative else FakeBackend(longest=24)
    async with speaking(backend, mode) as client:
        for each in (await client.list_tools()).tools:
            result = await client.call_tool(each.name, GOOD[each.name])
            [content] = result.content
            assert not result.is_error
            assert len(content.text.encode()) <= LONGEST_TEXT
            assert json.loads(content.text) == result.structured_content
            jsonschema.validate(result.structured_content, each.output_schema)


@pytest.mark.parametrize("mode", MODES)
async def test_arguments_of_another_type_are_read_and_what_was_understood_is_said(mode):
    async with speaking(FakeBackend(longest=24), mode) as client:
        schemas = {each.name: each.output_schema for each in (await client.list_tools()).tools}
        result = await client.call_tool("forecast", {"symbol": "BTC/USDT", "hours": "6", "threshold": None})
    assert not result.is_error and result.structured_content["hours"] == 6
    assert result.structured_content["understood"] == {"symbol": "BTC-USD"}
    jsonschema.validate(result.structured_content, schemas["forecast"])
    assert "understood" in schemas["forecast"]["properties"]


async def test_the_record_and_the_disclaimer_are_resources():
    async with speaking(FakeBackend()) as client:
        listed = (await client.list_resources()).resources
        assert {str(each.uri) for each in listed} == {REPORT, DISCLAIMER}
        [report] = (await client.read_resource(REPORT)).contents
        [disclaimer] = (await client.read_resource(DISCLAIMER)).contents
    assert Report.model_validate_json(report.text) == await FakeBackend().report()
    assert "no financial advice" in disclaimer.text


async def test_the_briefing_names_tools_that_there_are_and_the_coins_that_were_asked_for():
    async with speaking(FakeBackend()) as client:
        assert [each.name for each in (await client.list_prompts()).prompts] == [BRIEFING]
        both = (await client.get_prompt(BRIEFING)).messages[0].content.text
        one = (await client.get_prompt(BRIEFING, {"symbol": "ETH-USD"})).messages[0].content.text
    assert "BTC-USD and ETH-USD" in both and "BTC-USD" not in one
    assert sum(tool.name in both for tool in TOOLS) >= 4


@pytest.mark.parametrize("mode", MODES)
async def test_wrong_arguments_are_told_to_the_model_without_being_repeated(mode):
    backend = FakeBackend()
    async with speaking(backend, mode) as client:
        for arguments in ({"symbol": "SECRET-7f3a"}, {}, {"symbol": 7}, {"symbol": "BTC-USD", "SECRET-7f3a": 1}):
            result = await client.call_tool("get_price", arguments)
            assert result.is_error and result.structured_content is None
            assert "invalid_arguments" in result.content[0].text and "SECRET" not in result.content[0].text
    assert backend.calls == []


@pytest.mark.parametrize("mode", MODES)
async def test_what_does_not_exist_is_refused_with_what_does(mode):
    async with speaking(FakeBackend(), mode) as client:
        for asked, known in (
            (client.call_tool("SECRET-7f3a"), "get_price"),
            (client.read_resource("file:///SECRET-7f3a"), DISCLAIMER),
            (client.get_prompt("SECRET-7f3a"), BRIEFING),
            (client.get_prompt(BRIEFING, {"symbol": "SECRET-7f3a"}), "BTC-USD"),
        ):
            with pytest.raises(MCPError) as refused:
                await asked
            assert refused.value.error.code == -32602
            assert known in str(refused.value) and "SECRET" not in str(refused.value)


class BrokenBackend(FakeBackend):
    """Has a bug."""

    async def report(self):
        raise RuntimeError("password=hunter2")


@pytest.mark.parametrize("mode", MODES)
async def test_a_bug_is_logged_and_its_text_is_not_sent(mode, caplog):
    async with speaking(BrokenBackend(), mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(REPORT)
        failed = await client.call_tool("explain", {"topic": "mae"})
    assert refused.value.error.code == -32603 and "hunter2" not in str(refused.value)
    assert failed.is_error and "hunter2" not in failed.content[0].text
    assert caplog.text.count("hunter2") >= 2


async def test_what_the_backend_says_of_its_failure_is_sent():
    backend = FakeBackend()
    backend.failure["report"] = ArtifactError("There is no report.", "Train a model.")
    async with speaking(backend) as client:
        with pytest.raises(MCPError, match="There is no report"):
            await client.read_resource(REPORT)
