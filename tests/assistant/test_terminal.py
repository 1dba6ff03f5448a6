import json

import pytest

from assistant.agent import ToolStarted, build_agent
from assistant.offline_model import OfflineModel
from assistant.terminal import LONGEST_LINE, Answer, Refusal, ask, ask_lines, run_ask
from forecaster.errors import InvalidInput
from forecaster.schema import Forecast
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools

QUESTION = "what's BTC next hour?"


@pytest.fixture(scope="module")
def agent():
    return build_agent(OfflineModel(), bind_tools(FakeBackend(), KNOWLEDGE))


@pytest.fixture(scope="module")
def far_sighted():
    return build_agent(OfflineModel(), bind_tools(FakeBackend(longest=24), KNOWLEDGE))


async def lines(agent, path, *written):
    path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in written))
    return [answered async for answered in ask_lines(agent, path)]


async def test_an_answer_holds_the_words_the_tools_and_the_forecast(agent):
    seen = []
    answer = await ask(agent, [{"role": "user", "content": QUESTION}], seen.append)
    (call,) = answer.tool_calls
    assert (call.name, call.args, call.ok) == ("forecast", {"symbol": "BTC-USD", "hours": 1}, True)
    assert answer.forecast.last_close == 69930.25 and "$69,930.25" in answer.answer
    assert answer.elapsed_ms >= 0 and isinstance(seen[0], ToolStarted)


async def test_json_is_one_object_on_stdout_and_nothing_else(agent, capsys):
    await run_ask(agent, QUESTION, as_json=True)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert out.count("\n") == 1 and err == ""
    assert list(told) == ["answer", "tool_calls", "forecast", "elapsed_ms"]
    assert told["tool_calls"] == [{"name": "forecast", "args": {"symbol": "BTC-USD", "hours": 1}, "ok": True}]
    assert Forecast.model_validate_json(json.dumps(told["forecast"])).symbol == "BTC-USD"


async def test_a_person_reads_words_on_stdout_and_the_steps_on_stderr(agent, capsys):
    await run_ask(agent, QUESTION)
    out, err = capsys.readouterr()
    assert out.startswith("At 13:00 UTC (in 60 minutes) the model expects Bitcoin between") and out.endswith("\n")
    assert "forecast(symbol BTC-USD, hours 1)" in err


async def test_times_are_told_on_the_clock_of_the_zone_that_is_named(far_sighted, tmp_path, capsys):
    agent = far_sighted
    await run_ask(agent, "btc at 5pm", zone="America/New_York")
    assert "17:00 EDT" in capsys.readouterr().out
    here, there = await lines(
        agent, tmp_path / "zones.jsonl", {"turns": ["btc at 5pm"]}, {"turns": ["btc at 5pm"], "timezone": "Asia/Tokyo"}
    )
    assert "17:00 UTC" in here.answer and "17:00 JST" in there.answer
    with pytest.raises(InvalidInput, match="Europe/Berlin"):
        await run_ask(agent, "btc at 5pm", zone="Mars/Phobos")


async def test_without_a_forecast_there_is_null(agent, capsys):
    await run_ask(agent, "hello", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["forecast"] is None and told["tool_calls"] == []


async def test_each_line_is_answered_for_its_last_turn(agent, tmp_path):
    answers = await lines(agent, tmp_path / "a", {"turns": ["eth price"]}, {"turns": ["eth price", "and in an hour?"]})
    assert [answer.tool_calls[0].name for answer in answers] == ["get_price", "forecast"]
    assert answers[1].tool_calls[0].args == {"symbol": "ETH-USD", "hours": 1} and len(answers[1].tool_calls) == 1


async def test_conversations_do_not_know_of_each_other(agent, tmp_path):
    answers = await lines(agent, tmp_path / "a", {"turns": ["eth price"]}, {"turns": ["price"]})
    assert answers[1].tool_calls[0].args == {"symbol": "BTC-USD"}


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        "[]",
        "null",
        '{"turns": []}',
        '{"turns": [1]}',
        '{"turns": "hi"}',
        '{"turns": ["hi"], "role": "system"}',
        json.dumps({"turns": ["hi"] * 51}),
        json.dumps({"turns": ["x" * LONGEST_LINE]}),
        '{"turns": ["hi"]}' + " " * LONGEST_LINE + "nonsense",
        " " * LONGEST_LINE + "nonsense",
        '{"turns": ["\udcff"]}',
        "[" * 5000,
    ],
)
async def test_a_bad_line_gets_an_error_and_the_next_one_its_answer(agent, tmp_path, bad):
    path = tmp_path / "conversations.jsonl"
    path.write_bytes(bad.encode("utf-8", "surrogateescape") + b'\n{"turns": ["hello"]}\n')
    refused, answer = [answered async for answered in ask_lines(agent, path)]
    assert isinstance(refused, Refusal) and refused.error.startswith("Line 1 is not a conversation.")
    assert isinstance(answer, Answer)


async def test_a_long_turn_gets_a_sentence(agent, tmp_path):
    (answer,) = await lines(agent, tmp_path / "a", {"turns": ["x" * 10_000]})
    assert "longer than 2,000 characters" in answer.answer


async def test_every_answered_line_is_one_line_of_json(agent, tmp_path, capsys):
    path = tmp_path / "a"
    path.write_text('{"turns": ["hello"]}\n\n{"turns": []}\n{"turns": ["line\\nbreak"]}')
    await run_ask(agent, jsonl=path)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["answer" in told for told in printed] == [True, False, True]


async def test_a_file_that_cannot_be_opened_is_named(agent, tmp_path):
    with pytest.raises(InvalidInput, match=r"missing\.jsonl cannot be opened"):
        await run_ask(agent, jsonl=tmp_path / "missing.jsonl")
