import json

from forecaster.schema import Price
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.langchain_tools import to_langchain
from tools.registry import TOOLS, bind_tools


def adapted(backend):
    return {tool.name: tool for tool in to_langchain(bind_tools(backend, KNOWLEDGE))}


async def invoke(tool, args):
    return await tool.ainvoke({"type": "tool_call", "id": "c1", "name": tool.name, "args": args})


def test_every_tool_is_offered_with_its_description_and_arguments():
    offered = adapted(FakeBackend())
    assert list(offered) == [tool.name for tool in TOOLS]
    for tool in TOOLS:
        assert offered[tool.name].description.startswith(tool.description)
        assert offered[tool.name].args == tool.arguments.model_json_schema().get("properties", {})


async def test_the_model_reads_the_text_and_the_data_rides_along():
    message = await invoke(adapted(FakeBackend())["get_price"], {"symbol": "BTC-USD"})
    assert message.status == "success"
    assert json.loads(message.text)["price"] == 69930.25
    assert isinstance(message.artifact, Price)


async def test_a_failure_is_an_error_message_in_the_tools_words():
    message = await invoke(adapted(FakeBackend())["forecast"], {"symbol": "BTC-USD", "hours": 6})
    assert message.status == "error" and message.artifact is None
    assert json.loads(message.text)["error"] == "unsupported_horizon"


async def test_arguments_that_are_not_of_their_type_are_read():
    message = await invoke(adapted(FakeBackend(longest=24))["forecast"], {"symbol": "btc", "hours": "6", "until": None})
    told = json.loads(message.text)
    assert (told["symbol"], told["hours"], told["understood"]) == ("BTC-USD", 6, {"symbol": "BTC-USD"})


async def test_wrong_arguments_are_an_error_message_too():
    message = await invoke(adapted(FakeBackend())["get_price"], {"symbol": "no coin"})
    assert message.status == "error"
    assert json.loads(message.text)["error"] == "invalid_arguments"
