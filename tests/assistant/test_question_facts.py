"""Answers to the questions of the sets hold the facts that the tools returned: fixed rules by kind of result."""

import re
from zoneinfo import ZoneInfo

import pytest

from assistant.agent import Token, ToolFinished, build_agent, run_turn
from assistant.knowledge import Library
from assistant.offline_model import OfflineModel
from assistant.replies import Speech
from assistant.understanding import Language
from tests.support.conversations import focused
from tests.support.fakes import NOON, FakeBackend
from tests.support.question_set import FOLDER, load
from tools import ForecastAnswer, TrackRecordAnswer, bind_tools

SETS = {"first": FOLDER, "second": FOLDER / "second", "third": FOLDER / "third" / "development"}
EACH = 4  # every fourth question: one answer takes some 20 ms


@pytest.fixture(scope="module")
def agent():
    knowledge = Library.load()
    model = OfflineModel(clock=lambda: NOON + 240.0)
    return build_agent(model, bind_tools(FakeBackend(longest=24), knowledge), topics=knowledge.topic_of)


def missing(result, answer, zone):
    """What of a tool's result an answer does not tell."""
    lacks = []
    if isinstance(result, ForecastAnswer):
        coin, target = result.forecast.symbol, result.forecast.horizons[-1].target_time
        names = {Speech(language).coin(coin) for language in Language} | {coin.partition("-")[0]}
        if not any(name in answer for name in names):
            lacks.append(f"the coin {coin}")
        clocks = [target.astimezone(ZoneInfo(each)) for each in ("UTC", zone)]
        if not any(re.search(rf"\b0?{each.hour}\D{{1,3}}{each.minute:02}\b", answer) for each in clocks):
            lacks.append(f"the time {target}")
        if len(re.findall(r"\d[\d.,  ]{2,}", answer)) < 1 and "%" not in answer:
            lacks.append("a range or a chance")
    if isinstance(result, TrackRecordAnswer) and result.grades is not None and not re.search(r"\d", answer):
        lacks.append("how many forecasts were graded")
    return lacks


@pytest.mark.parametrize("folder", SETS.values(), ids=SETS)
async def test_an_answer_tells_the_coin_the_time_and_the_figures_of_its_tools(agent, folder):
    wrong = []
    for question in load(folder)[::EACH]:
        said = [{"role": "user", "content": turn} for turn in question.turns]
        events = [event async for event in run_turn(agent, said, zone=question.timezone)]
        answer = "".join(event.text for event in events if isinstance(event, Token))
        results = [event.data for event in events if isinstance(event, ToolFinished) and event.ok]
        lacks = [each for result in results for each in missing(result, answer, question.timezone)]
        if lacks or not answer.strip():
            wrong.append((question.id, question.turns, lacks, answer))
    assert wrong == []


def test_the_rules_find_what_is_left_out():
    result = focused.forecast(hours=10)
    assert missing(result, "Bitcoin at 22:00 UTC: $66,500 to $73,500.", "UTC") == []
    assert len(missing(result, "Nothing is known.", "UTC")) == 3
