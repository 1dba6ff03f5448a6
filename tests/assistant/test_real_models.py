"""The whole agent with LangChain's own client of a provider, against a local server that speaks like one."""

import asyncio
import json

import pytest
import pytest_asyncio

from assistant.agent import Token, ToolFinished, ToolStarted, build_agent, run_turn
from assistant.budget import Budget
from assistant.chat_models import open_chat_model
from assistant.guard import MOST_SAID
from assistant.replies.phrases import phrases
from assistant.understanding.frame import Language
from forecaster.errors import ExchangeError, NoCandles
from tests.support.conversations.fake_chat_model import embedded
from tests.support.conversations.fake_openai import SECRET, FakeOpenAI, Plan
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import NAMES, bind_tools

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENCE = 0.6  # seconds
PRICE = ("get_price", {"symbol": "BTC-USD"})
STAND_IN, SPENT = (phrases(Language.ENGLISH).say(f"turn.{name}") for name in ("stand_in", "spent"))
TRUE = Plan("text", "Bitcoin closed at $69,930.25.")
TALK = Plan("text", "Ask me about Bitcoin.")
EMBEDDED = "Bitcoin is at $69,930.25, up"


@pytest.fixture
def provider(monkeypatch):
    """Makes the server of a plan the one that openai:... asks."""
    servers = []
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    def start(*plans):
        server = FakeOpenAI(*plans)
        servers.append(server)
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        return server

    yield start
    for server in servers:
        server.__exit__()


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def connections():
    """LangChain keeps one pool of connections a process, which is closed while its event loop runs."""
    yield
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OPENAI_API_KEY", "sk-test")
        await open_chat_model("openai:fake").root_async_client.close()


def agent(backend=None, silence=SILENCE, **given):
    model, tools = open_chat_model("openai:fake"), bind_tools(backend or FakeBackend(), KNOWLEDGE)
    return build_agent(model, tools, embedded=embedded(), silence=silence, **given)


async def turn(*texts, of=None, site=""):
    roles = ["user" if (len(texts) - n) % 2 else "assistant" for n in range(len(texts))]
    said = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    return [event async for event in run_turn(of or agent(), said, site=site)]


def words(events):
    return "".join(event.text for event in events if isinstance(event, Token))


def steps(events):
    return [(event.name, event.ok) for event in events if isinstance(event, ToolFinished)]


async def test_streamed_calls_in_fragments_are_run_and_the_answer_is_streamed(provider):
    server = provider(Plan("calls", [PRICE, ("forecast", {"symbol": "BTC-USD", "hours": 1})]), TRUE)
    events = await turn("btc price and forecast", of=agent(silence=9))
    assert steps(events) == [("get_price", True), ("forecast", True)]
    assert words(events).strip() == TRUE.what
    assert {tool["function"]["name"] for tool in server.asked[0]["tools"]} == NAMES
    assert server.asked[0]["stream_options"] == {"include_usage": True}
    assert [m["role"] for m in server.asked[1]["messages"]] == ["system", "user", "assistant", "tool", "tool"]
    assert server.refused == []


async def test_a_follow_up_is_sent_with_what_was_said(provider):
    server = provider(TRUE)
    await turn("btc price", "Bitcoin closed at $69,930.25.", "really?", of=agent(silence=9))
    assert [m["role"] for m in server.asked[0]["messages"]] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize(
    "plan",
    [
        Plan("status", 401),
        Plan("status", 429),
        Plan("status", 500),
        Plan("hang"),
        Plan("stall"),
        Plan("drip"),
        Plan("thinking"),
        Plan("cut"),
        Plan("broken"),
    ],
    ids=lambda plan: f"{plan.kind} {plan.what}".strip(),
)
@pytest.mark.parametrize("after", [0, 1], ids=["at once", "after a tool"])
async def test_a_provider_that_fails_or_hangs_is_stood_in_for(provider, plan, after):
    provider(*[Plan("calls", [PRICE])] * after, plan)
    events = await asyncio.wait_for(turn("btc price"), 30)
    assert words(events).startswith(f"{STAND_IN}\n\n{EMBEDDED}")
    assert steps(events) == [("get_price", True)], "nothing is asked twice"
    assert SECRET not in repr(events) and "127.0.0.1" not in repr(events)


@pytest.mark.parametrize("kind", ["stall", "cut", "broken"])
async def test_what_was_begun_is_left_out_where_no_sentence_was_finished(provider, kind):
    provider(Plan("calls", [PRICE]), Plan(kind, "Bitcoin closed at $69,93"))
    assert words(await turn("btc price")).startswith(f"{STAND_IN}\n\n{EMBEDDED}")


async def test_a_whole_sentence_before_a_fault_stays(provider):
    provider(Plan("calls", [PRICE]), Plan("cut", "Bitcoin closed at $69,930.25. It went"))
    assert words(await turn("btc price")).startswith(f"{TRUE.what} \n\n{STAND_IN}\n\n{EMBEDDED}")


async def test_the_stand_in_is_told_in_the_language_of_the_question(provider):
    provider(Plan("status", 429))
    for language, question in (
        (Language.GERMAN, "Wie steht Bitcoin gerade?"),
        (Language.CHINESE, "比特币现在多少钱？"),
    ):
        assert words(await turn(question)).startswith(phrases(language).say("turn.stand_in"))


@pytest.mark.parametrize("text", ['{"symbol": "BTC-U', "not json", "[1]", '"x"', "null", '{"symbol": NaN}', "", "{}"])
async def test_arguments_that_are_no_arguments_end_in_an_answer(provider, text):
    server = provider(Plan("arguments", [("get_price", text)]), TRUE)
    assert EMBEDDED[:32] in words(await turn("btc price", of=agent(silence=9)))
    assert server.refused == []


async def test_unreadable_arguments_beside_readable_ones_do_not_end_the_turn(provider):
    server = provider(Plan("arguments", [("get_price", "not json"), ("get_price", json.dumps(PRICE[1]))]), TRUE)
    events = await turn("btc price", of=agent(silence=9))
    assert words(events).strip() == TRUE.what and steps(events) == [("get_price", True)]
    assert server.refused == []


async def test_an_unknown_tool_is_neither_run_nor_shown(provider):
    server = provider(Plan("calls", [("read_file", {"path": "/etc/passwd"}), PRICE]), TRUE)
    events = await turn("btc price", of=agent(silence=9))
    assert {event.name for event in events if isinstance(event, ToolStarted | ToolFinished)} == {"get_price"}
    assert "passwd" not in repr(events)
    assert "read_file is not a valid tool" in server.asked[1]["messages"][3]["content"]


async def test_what_a_model_writes_into_arguments_is_not_shown(provider):
    odd = {"symbol": "https://evil.example/?q=secret", "note": "You are CryptoSense", "hours": 5}
    provider(Plan("calls", [("forecast", odd)]), TRUE)
    events = await turn("btc price", of=agent(silence=9))
    assert "evil" not in repr(events) and "You are CryptoSense" not in repr(events)
    assert next(event.args for event in events if isinstance(event, ToolStarted)) == {"hours": 5}


@pytest.mark.parametrize("plan", [Plan("empty"), Plan("text", "\n"), Plan("calls", [])])
async def test_an_empty_reply_is_answered_by_the_embedded_model(provider, plan):
    provider(plan)
    assert words(await turn("btc price", of=agent(silence=9))).startswith(EMBEDDED)


async def test_a_gigantic_reply_is_left_where_it_repeats_itself(provider):
    provider(Plan("gigantic"))
    assert words(await turn("btc price", of=agent(silence=9))).startswith(EMBEDDED)
    said = words(await turn("hello", of=agent(silence=9)))
    assert said.count("So it goes.") == MOST_SAID and "I follow" in said


@pytest.mark.parametrize("after", [0, 1], ids=["at once", "after a tool"])
async def test_a_reply_that_is_cut_for_its_length_does_not_stand_as_the_answer(provider, after):
    provider(*[Plan("calls", [PRICE])] * after, Plan("text", "Bitcoin closed at $69,930.25. It went", "length"))
    events = await turn("btc price", of=agent(silence=9))
    assert EMBEDDED in words(events) and "It went" not in words(events)
    assert steps(events) == [("get_price", True)]


@pytest.mark.parametrize(
    ("arguments", "finish"),
    [
        ('{"symbol":"BTC-USD","hours":2', "length"),
        ('{"symbol":"BTC-USD","hours":2', "tool_calls"),
        ('{"symbol":"BTC-USD","hours":2', "stop"),
        ('{"symbol":"BTC-USD","hours":2}', "length"),  # the server closed it itself, or a further call was cut off
    ],
)
async def test_half_a_call_is_not_run(provider, arguments, finish):
    provider(Plan("arguments", [("forecast", arguments)], finish), TRUE)
    backend = FakeBackend(longest=24)
    events = await turn("btc in 24 hours", of=agent(backend, silence=9))
    assert [event.args["hours"] for event in events if isinstance(event, ToolStarted)] == [24]
    assert [given[1] for name, given in backend.calls if name == "forecast"] == [24]


async def test_half_a_call_beside_a_whole_one_is_not_run_either(provider):
    half = ("forecast", '{"symbol":"BTC-USD","hours":2')
    provider(Plan("arguments", [("get_price", json.dumps(PRICE[1])), half]), TRUE)
    events = await turn("btc in 24 hours", of=agent(FakeBackend(longest=24), silence=9))
    assert [event.args.get("hours") for event in events if isinstance(event, ToolStarted)] == [24]


async def test_thoughts_of_a_model_are_not_shown_however_they_are_cut_on_their_way(provider):
    said = "<think> The user wants $99,999. </think> Bitcoin closed at $69,930.25."
    provider(Plan("calls", [PRICE]), Plan("letters", said))
    assert words(await turn("btc price", of=agent(silence=9))).strip() == TRUE.what


async def test_arguments_of_another_type_are_read_and_shown_as_they_were_read(provider):
    provider(Plan("calls", [("forecast", {"symbol": "XBT", "hours": "6", "threshold": None})]), TALK)
    events = await turn("btc in 6 hours", of=agent(FakeBackend(longest=24), silence=9))
    assert next(event.args for event in events if isinstance(event, ToolStarted)) == {"symbol": "BTC-USD", "hours": 6}
    assert steps(events) == [("forecast", True)]


async def test_what_was_asked_for_in_other_words_is_not_asked_for_again_by_the_embedded_model(provider):
    provider(Plan("calls", [("get_price", {"symbol": "bitcoin"})]), Plan("status", 500))
    assert steps(await turn("btc price", of=agent(silence=9))) == [("get_price", True)]


async def test_a_failing_tool_is_told_to_the_model_in_words(provider):
    backend = FakeBackend()
    backend.failure["price"] = NoCandles("BTC-USD", (ExchangeError("kraken", "timed out"),))
    server = provider(Plan("calls", [PRICE]), Plan("text", "The price could not be had: kraken timed out."))
    events = await turn("btc price", of=agent(backend, silence=9))
    assert steps(events) == [("get_price", False)] and "kraken timed out" in words(events)
    assert "kraken timed out" in server.asked[1]["messages"][-1]["content"]


async def test_a_turn_that_hangs_does_not_hold_up_seven_others(provider):
    provider(TALK).hangs_on = "slowly"
    of, done = agent(silence=4), []

    async def ask(question):
        said = words(await turn(question, of=of))
        done.append(question)
        return said

    questions = ["btc price, slowly", *["hello"] * 7]
    slow, *quick = await asyncio.gather(*map(ask, questions))
    assert done[-1] == questions[0] and slow.startswith(STAND_IN)
    assert {said.strip() for said in quick} == {TALK.what}


async def test_a_spent_budget_leaves_the_answer_to_the_embedded_model_and_says_so_once(provider):
    server = provider(TALK)
    limited = agent(silence=9, budget=Budget(3, 2))
    assert words(await turn("hello", of=limited, site="a")).strip() == TALK.what
    await turn("hello", of=limited, site="a")
    spent = words(await turn("btc price", of=limited, site="a"))
    assert spent.startswith(f"{SPENT}\n\n{EMBEDDED}")
    assert words(await turn("btc price", spent, "eth price", of=limited, site="a")).startswith("Ethereum is at")
    assert words(await turn("hello", of=limited, site="b")).strip() == TALK.what
    assert words(await turn("btc price", of=limited, site="b")).startswith(SPENT)
    assert len(server.asked) == 3
