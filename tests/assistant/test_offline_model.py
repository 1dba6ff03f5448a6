import json

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage

from assistant.offline_model import NAME, OfflineModel
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.langchain_tools import to_langchain
from tools.registry import bind_tools


@pytest.fixture(scope="module")
def model():
    return OfflineModel()


def offered(model, backend=None):
    return model.bind_tools(to_langchain(bind_tools(backend or FakeBackend(), KNOWLEDGE)))


def joined(chunks):
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    return whole


async def test_a_question_becomes_a_tool_call(model):
    reply = await offered(model).ainvoke([SystemMessage("..."), HumanMessage("what's eth next hour?")])
    (call,) = reply.tool_calls
    assert (call["name"], call["args"]) == ("forecast", {"symbol": "ETH-USD", "hours": 1})
    assert reply.text == "" and reply.response_metadata["model_name"] == NAME


async def test_a_result_becomes_an_answer(model):
    tools = {tool.name: tool for tool in to_langchain(bind_tools(FakeBackend(), KNOWLEDGE))}
    asked = await offered(model).ainvoke("btc price")
    result = await tools["get_price"].ainvoke(asked.tool_calls[0])
    reply = await offered(model).ainvoke([HumanMessage("btc price"), asked, result])
    assert reply.tool_calls == [] and "$69,930.25" in reply.text


@pytest.mark.parametrize("question", ["what's btc next hour?", "what can you do?"])
async def test_what_is_streamed_is_what_is_said_at_once(model, question):
    streamed = [chunk async for chunk in offered(model).astream(question)]
    assert [chunk async for chunk in offered(model).astream(question)]
    assert joined(list(offered(model).stream(question))).text == joined(streamed).text
    whole, said = joined(streamed), await offered(model).ainvoke(question)
    assert whole.text == said.text
    assert [(call["name"], call["args"]) for call in whole.tool_calls] == [
        (call["name"], call["args"]) for call in said.tool_calls
    ]


async def test_a_stream_has_small_pieces_one_id_and_ends_with_the_usage(model):
    streamed = [chunk async for chunk in offered(model).astream("what can you do?")]
    assert all(isinstance(chunk, AIMessageChunk) and len(chunk.text) <= 16 for chunk in streamed)
    assert len({chunk.id for chunk in streamed}) == 1
    assert [chunk.chunk_position for chunk in streamed[:-1]] == [None] * (len(streamed) - 1)
    assert streamed[-1].chunk_position == "last"
    assert streamed[-1].usage_metadata["output_tokens"] == len(joined(streamed).text) // 4


async def test_a_tool_that_is_not_offered_is_not_asked(model):
    assert (await model.ainvoke("what's btc next hour?")).tool_calls == []


def failed(call_id, **told):
    return ToolMessage(json.dumps({"error": "x", "message": "Not so."} | told), tool_call_id=call_id, status="error")


def asked(*calls):
    return AIMessage("", tool_calls=[{"name": n, "args": a, "id": i} for n, a, i in calls])


async def test_a_horizon_beyond_the_model_is_asked_again_within_its_reach(model):
    first = asked(("forecast", {"symbol": "ETH-USD", "hours": 12}, "c1"))
    reply = await offered(model).ainvoke([HumanMessage("eth in 12 hours"), first, failed("c1", longest_hours=6)])
    assert [(c["name"], c["args"]) for c in reply.tool_calls] == [("forecast", {"symbol": "ETH-USD", "hours": 6})]


async def test_a_coin_without_a_forecast_gets_its_price(model):
    first = asked(("forecast", {"symbol": "ETH-USD", "hours": 1}, "c1"))
    reply = await offered(model).ainvoke([HumanMessage("eth next hour"), first, failed("c1", supported=["BTC-USD"])])
    assert [(c["name"], c["args"]) for c in reply.tool_calls] == [("get_price", {"symbol": "ETH-USD"})]


async def test_a_call_that_failed_is_not_made_twice(model):
    first = asked(("forecast", {"symbol": "BTC-USD", "hours": 1}, "c1"))
    reply = await offered(model).ainvoke([HumanMessage("btc next hour"), first, failed("c1", longest_hours=1)])
    assert reply.tool_calls == [] and "Not so." in reply.text


@pytest.mark.parametrize("text", ["", "Tool call limit exceeded.", "[]", '{"no": "message"}'])
async def test_a_failure_in_other_words_is_not_repeated(model, text):
    first = asked(("get_price", {"symbol": "BTC-USD"}, "c1"))
    result = ToolMessage(text, tool_call_id="c1", status="error")
    reply = await offered(model).ainvoke([HumanMessage("btc price"), first, result])
    assert reply.text == "I could not get the price of Bitcoin. One thing could not be looked up."


async def test_the_assistants_own_earlier_words_are_not_taken_for_questions(model):
    said = [HumanMessage("btc price"), AIMessage("Ask me about ETH in 6 hours!"), HumanMessage("and in 2 hours?")]
    (call,) = (await offered(model).ainvoke(said)).tool_calls
    assert call["args"] == {"symbol": "BTC-USD", "hours": 2}


async def test_a_time_of_day_counts_from_the_clock():
    noon = offered(OfflineModel(clock=lambda: 1_773_921_600.0))  # 2026-03-19 12:00 UTC
    (call,) = (await noon.ainvoke("where will btc be at 5pm?")).tool_calls
    assert call["args"] == {"symbol": "BTC-USD", "until": "2026-03-19T17:00Z"}


@pytest.mark.parametrize(
    ("question", "name", "args"),
    [
        ("chance of btc above 100k tomorrow", "forecast", {"symbol": "BTC-USD", "hours": 24, "threshold": 100_000.0}),
        ("how did your last 10 eth forecasts do", "track_record", {"symbol": "ETH-USD", "last": 10}),
        ("anything unusual in the last 48 hours", "detect_anomalies", {"symbol": "BTC-USD", "hours": 48}),
        ("btc in 5000 hours", "forecast", {"symbol": "BTC-USD", "hours": 24}),
        ("why?", "explain", {"topic": "record"}),
    ],
)
async def test_every_tool_gets_the_arguments_that_it_takes(model, question, name, args):
    (call,) = (await offered(model).ainvoke(question)).tool_calls
    assert (call["name"], call["args"]) == (name, args)
