"""What a language model may not do in a turn, whatever it is told: the embedded model answers then."""

import pytest
from langchain_core.messages import AIMessage

from assistant.agent import Token, ToolFinished, ToolStarted, build_agent, run_turn
from assistant.grounding import Claims
from assistant.guard import MOST_SAID
from tests.support.conversations.fake_chat_model import ScriptedChatModel, calls, embedded
from tests.support.fakes import FakeBackend
from tools.registry import bind_tools

PRICE = calls(("get_price", {"symbol": "BTC-USD"}))
FORECAST = calls(("forecast", {"symbol": "BTC-USD", "hours": 1}))
TRUE = "Bitcoin closed at $69,930.25."
JSON = '{"name": "get_price", "arguments": {"symbol": "BTC-USD"}}'
MARKUP = [  # what models and their servers let through as text
    f"<tool_call>\n{JSON}\n</tool_call>",
    f"<tool_call>{JSON}",
    "<|python_tag|>explain_metrics()",
    '<|python_tag|>{"name": "get_price", "parameters": {"symbol": "BTC-USD"}}',
    JSON,
    f"```json\n{JSON}\n```",
    f"[{JSON}]",
    f"I will call this tool: {JSON}",
    '{\n  "name": "get_price",\n  "parameters": {"symbol": "BTC-USD"}\n}',
    "{'name': 'get_price', 'args': {'symbol': 'BTC-USD'}}",
    '{"symbol": "BTC-USD"}',
    "[get_price(symbol='BTC-USD')]",
    "get_price(symbol='BTC-USD')",
    "Let me call get_price(BTC).",
    '<function=get_price>{"symbol": "BTC-USD"}</function>',
    '[TOOL_CALLS] [{"name": "get_price"}]',
    "<\uff5ctool\u2581calls\u2581begin\uff5c>function<\uff5ctool\u2581sep\uff5c>get_price",
    "functions.get_price to=assistant",
    "Action: get_price\nAction Input: BTC-USD",
    "Hello.<|im_end|>\n<|im_start|>user",
    "[INST] What is the price? [/INST]",
    "</s>",
    "</think>",
    "The visitor asks for the price.</think>",
]
LOOPS = [
    "I am here to help. " * 40,
    "The price is what it is.\n" * 40,
    "btc " * 400,
    "It goes up and it goes down and " * 60,
    "我在这里帮助你。" * 60,
]
FALSE = [
    "I am not well calibrated.",
    "My forecasts are very accurate.",
    "I can see the news.",
    "I have checked the latest headlines on Twitter.",
    "The model reads social media and the order books.",
    "I guarantee it.",
    "I will alert you when it moves.",
    "These forecasts are unreliable.",
    "Ich kann die Nachrichten lesen und sehe die Nachrichten von heute.",
    "Das Modell ist schlecht kalibriert.",
    "Puedo ver las noticias.",
    "Le modèle consulte les réseaux sociaux.",
    "Eu acompanho as notícias.",
    "我可以看新闻。",
]


async def turn(script, question="btc price", backend=None):
    agent = build_agent(ScriptedChatModel(script=script), bind_tools(backend or FakeBackend()), embedded=embedded())
    return [event async for event in run_turn(agent, [{"role": "user", "content": question}])]


def words(events):
    return "".join(event.text for event in events if isinstance(event, Token))


def steps(events):
    return [event.name for event in events if isinstance(event, ToolFinished)]


async def own(question, known={}):  # noqa: B006  # asked once each
    """What the embedded model says alone."""
    if question not in known:
        agent = build_agent(embedded(), bind_tools(FakeBackend()))
        events = [event async for event in run_turn(agent, [{"role": "user", "content": question}])]
        known[question] = words(events)
    return known[question]


@pytest.mark.parametrize(
    "said", ["Prices go up and down.", "Let me look.", "I do not know.", TRUE, "", *MARKUP, *FALSE]
)
async def test_an_answer_without_the_tool_that_it_needs_is_the_embedded_models_alone(said):
    assert words(await turn([AIMessage(said)])) == await own("btc price")


async def test_nothing_is_said_before_the_result_of_a_tool_that_is_needed():
    first = PRICE.model_copy(update={"content": "It is about $99,999, let me see. I can see the news."})
    events = await turn([first, AIMessage(TRUE)])
    assert [type(event) for event in events] == [ToolStarted, ToolFinished, Token] and words(events) == TRUE


async def test_a_call_that_came_to_no_tool_is_no_result():
    script = [calls(("get_price", {"symbol": "no coin"})), calls(("no_such_tool", {})), AIMessage("It is fine.")]
    assert words(await turn(script)) == await own("btc price")


async def test_what_needs_no_tool_may_be_answered_without_one():
    for question in ("hello", "thanks", "who are you?"):
        assert words(await turn([AIMessage("Ask me about Bitcoin.")], question)) == "Ask me about Bitcoin."


@pytest.mark.parametrize("loop", LOOPS, ids=lambda text: text[:20])
@pytest.mark.parametrize("question", ["btc price", "hello"])
async def test_one_sentence_said_three_times_ends_the_turn(loop, question):
    for before in ([], [PRICE])[: 1 if question == "hello" else 2]:
        said = words(await turn([*before, AIMessage(loop)], question))
        assert said.count(loop[: len(loop) // 40].strip()) <= MOST_SAID
        assert said.endswith(await own(question))


async def test_a_sentence_may_be_said_twice_and_lines_without_words_as_often_as_they_are():
    text = "Bitcoin: see above.\n---\nEther: see above.\n---\nBitcoin: see above.\n---\nSolana: see above."
    assert words(await turn([PRICE, AIMessage(text)])) == text


@pytest.mark.parametrize("markup", MARKUP, ids=lambda text: text[:30])
@pytest.mark.parametrize("before", ["", f"{TRUE} "], ids=["alone", "after a sentence"])
async def test_markup_and_calls_as_text_are_never_shown(markup, before):
    for question, script in (("btc price", [PRICE]), ("hello", [])):
        said = words(await turn([*script, AIMessage(before + markup)], question))
        assert not any(mark in said for mark in "<|{}[]`") and "get_price" not in said and "Action" not in said
        assert said.endswith(await own(question))


@pytest.mark.parametrize(
    "said",
    [
        f"<think>The user wants $99,999.</think>{TRUE}",
        f"<think>\nWell. I am not well calibrated.\n\n</think>\n\n{TRUE}",
        f"<Thinking>{{'name': 'x'}}</Thinking>{TRUE}",
        f"<think></think><think>Again.</think>{TRUE}",
    ],
)
async def test_thoughts_are_left_out_and_the_answer_after_them_stands(said):
    events = await turn([PRICE, AIMessage(said)])
    assert words(events).strip() == TRUE and steps(events) == ["get_price"]


async def test_thoughts_whose_beginning_a_server_leaves_out_are_left_out_once_that_is_known():
    first = PRICE.model_copy(update={"content": "The visitor wants a price, so I look it up.</think>"})
    events = await turn([first, AIMessage(f"So I have it: $69,930.25, which is fine.</think>{TRUE}")])
    assert words(events) == TRUE


async def test_thoughts_without_an_end_are_no_answer():
    assert words(await turn([PRICE, AIMessage(f"<think>{TRUE} And")])) == await own("btc price")


@pytest.mark.parametrize("false", FALSE)
async def test_false_prose_about_the_service_is_not_said(false):
    for question, script in (("btc price", [PRICE]), ("hello", [])):
        said = words(await turn([*script, AIMessage(false)], question))
        assert false not in said and said.endswith(await own(question))


@pytest.mark.parametrize(
    "true",
    [
        "I cannot see the news.",
        "I do not read social media, only candles.",
        "I can't guarantee it.",
        "Ask me how accurate the forecasts are.",
        "Do you want to know how well calibrated I am?",
        "Nachrichten kenne ich nicht.",
        "No veo las noticias.",
        "Je ne vois pas les actualités.",
        "Não vejo notícias.",
        "我看不到新闻。",
        "Bitcoin is in the news today, people say.",
        "A forecast is better than none.",
    ],
)
async def test_true_prose_about_the_service_is_said(true):
    assert words(await turn([AIMessage(true)], "hello")) == true


async def test_a_judgement_of_the_forecasts_stands_where_the_record_of_a_result_bears_it_out():
    result = next(e.data for e in await turn([FORECAST], "btc next hour") if isinstance(e, ToolFinished))
    skill = result.forecast.skill.model_copy(update={"value": 0.02})
    record = {"coverage": {"50": 0.51, "80": 0.805, "95": 0.95}, "skill": skill}
    claims = Claims()
    assert claims.objection("I am well calibrated.") and claims.objection("The model beats chance.")
    claims.learn(result.model_copy(update={"forecast": result.forecast.model_copy(update=record)}))
    assert claims.objection("I am well calibrated.") is None
    assert claims.objection("The model beats chance.") is None
    assert claims.objection("I am not well calibrated.")
    assert claims.objection("The forecasts are worse than no change.")
    assert claims.objection("This model is hardly, if not by chance, better than a coin.") is None
    assert claims.objection("I can see the news."), "no record bears that out"


async def test_what_the_embedded_model_says_is_held_to_none_of_this():
    for question in ("how good are you?", "are you well calibrated?", "can you see the news?", "btc in 24 hours"):
        assert (await own(question)).strip()
