"""The embedded model says what results hold: nothing of it is left out, whatever is asked, when, in which pieces."""

from datetime import UTC, datetime, time
from functools import cache
from itertools import cycle

import pytest
from langchain_core.messages import HumanMessage, ToolMessage
from pydantic import BaseModel

from assistant.grounding.grounding import Checked, Grounding, Refused, leaving_out, refusing
from assistant.offline_model import CHUNK
from assistant.understanding.frame import Ask, Intent, Language, Question
from tests.support.conversations.cases import cases
from tests.support.conversations.composed import YEAR
from tests.support.conversations.fake_chat_model import embedded
from tests.support.conversations.said import OnDay
from tests.support.fakes import FakeBackend
from tools.langchain_tools import to_langchain
from tools.registry import bind_tools

SIZES = (CHUNK, 1, 2, 3, 5, 7, 11, 29, 1_000)
MINUTES = (0, 45)  # past noon
REACHES = (24, 1)  # hours that the model looks ahead
TIMES = {
    "en": ["btc at 5.30 pm", "btc at 5:30 pm EST", "btc tomorrow at 9:30 CET", "eth in two days", "btc friday at 9:30"],
    "es": ["¿Dónde estará BTC a las 17:30?", "¿BTC mañana a las 9:30?", "¿BTC a las 5:30 p. m.?"],
    "de": ["Wie steht BTC um 17.30 Uhr?", "Wie steht BTC morgen um 9:30 Uhr?", "Fällt der Bitcoin heute Nacht?"],
    "fr": ["Où sera le BTC à 17h30 ?", "Où sera le BTC demain à 9h30 ?"],
    "pt": ["Onde estará o BTC às 17h30?", "Onde estará o BTC amanhã às 9h30?"],
    "zh": ["比特币17:30会怎样？", "比特币明天上午9点半会怎样？"],
}  # fmt: skip


@cache
def stage(now, reach):
    """The embedded model at that time, the same with its tools, and these by name."""
    model = embedded().model_copy(update={"clock": now.timestamp})
    tools = to_langchain(bind_tools(OnDay(FakeBackend(longest=reach), now.date())))
    return model, model.bind_tools(tools), {tool.name: tool for tool in tools}


async def left_out(turns, now, reach, size):
    """What of the answer to the last turn would be left out, were it streamed in pieces of that size."""
    model, with_tools, tools = stage(now, reach)
    grounding = Grounding([{"role": "user", "content": turn} for turn in turns], model.read(turns))
    messages = [HumanMessage(turn) for turn in turns]
    while calls := (reply := await with_tools.ainvoke(messages)).tool_calls:
        results = [await tools[call["name"]].ainvoke(call) for call in calls]
        messages += [reply, *results]
        for result in results:
            assert isinstance(result, ToolMessage)
            grounding.learn(result.text, result.artifact if isinstance(result.artifact, BaseModel) else None)
    pieces = [reply.text[start : start + size] for start in range(0, len(reply.text), size)]
    checked = [each for piece in pieces for each in grounding.check(piece)]
    checked += grounding.end()
    assert "".join(each.text for each in checked) == reply.text != ""
    return [(turns, each) for each in checked if each.objection]


@pytest.mark.parametrize("language", Language)
async def test_nothing_that_the_embedded_model_answers_is_left_out(language):
    days, sizes, reaches = cycle(YEAR[5::37]), cycle(SIZES), cycle(REACHES)
    found = []
    for number, case in enumerate(cases(language)):
        now = datetime.combine(next(days), time(12, MINUTES[number // 2 % 2]), UTC)
        found += await left_out(case.turns, now, next(reaches), next(sizes))
    assert found == []


@pytest.mark.parametrize("language", Language)
async def test_a_time_that_is_said_back_in_other_words_than_a_visitors_is_not_left_out(language):
    for day in (YEAR[28], YEAR[333], YEAR[365]):
        for text in TIMES[language]:
            for minute in MINUTES:
                assert await left_out([text], datetime.combine(day, time(12, minute), UTC), 24, CHUNK) == []


@pytest.mark.parametrize("sentence", ["By 22:30 UTC on 29 November.", "Within 48 hours.", "It is 29 November 2026."])
def test_what_a_visitor_named_in_other_words_may_be_said_back(sentence):
    assert _checked(sentence).objection is None


@pytest.mark.parametrize("sentence", ["By 22:00 UTC.", "On 28 November.", "Within 47 hours.", "It may pass $99,999."])
def test_what_a_visitor_did_not_name_and_any_price_may_not(sentence):
    assert _checked(sentence).objection


def _checked(sentence):
    target = datetime(2026, 11, 29, 22, 30, tzinfo=UTC)
    asks = (Ask(Intent.FORECAST, hours=11, target=target, threshold=99_999.0), Ask(Intent.CANDLES, hours=48))
    grounding = Grounding([], Question(asks))
    (checked,) = (*grounding.check(sentence), *grounding.end())
    return checked


def test_a_sentence_that_may_not_be_said_is_left_out_or_refused(caplog):
    wrong = Checked("It is $1. ", "a figure of kind money that no tool gave")
    assert leaving_out(wrong) == "" and "left out: a figure of kind money" in caplog.text
    with pytest.raises(Refused, match="money"):
        refusing(wrong)
    assert leaving_out(Checked("So. ", None)) == refusing(Checked("So. ", None)) == "So. "
    caplog.clear()
