"""Answers to the questions of the sets hold the facts that the tools returned: fixed rules by kind of result."""

import logging
import re
from zoneinfo import ZoneInfo

import pytest

from assistant.agent import Token, ToolFinished, build_agent, run_turn
from assistant.grounding.figures import figures_in
from assistant.knowledge import Library
from assistant.offline_model import OfflineModel
from assistant.replies import Speech
from assistant.understanding import Language
from forecaster.schema import Price
from tests.support.conversations import focused
from tests.support.fakes import NOON, FakeBackend
from tests.support.question_set import FOLDER, load
from tools import ForecastAnswer, PriceAnswer, TrackRecordAnswer, bind_tools

SETS = {"first": FOLDER, "second": FOLDER / "second", "third": FOLDER / "third" / "development"}
EACH = 4  # every fourth question: all of them take three minutes
CLOSE = 0.002  # of a price: so near it must be told


@pytest.fixture(scope="module")
def agent():
    knowledge = Library.load()
    model = OfflineModel(clock=lambda: NOON + 240.0)
    return build_agent(model, bind_tools(FakeBackend(longest=24), knowledge), topics=knowledge.topic_of)


def names_coin(answer, symbol):
    """Whether an answer names a coin, in any language or by its code."""
    return any(name in answer for name in {symbol.partition("-")[0], *(Speech(each).coin(symbol) for each in Language)})


def told_at(time, answer, zone):
    """Whether an answer tells a time, on one clock or the other."""
    clocks = [time.astimezone(ZoneInfo(each)) for each in ("UTC", zone)]
    return any(re.search(rf"\b0?{each.hour}\D{{1,3}}{each.minute:02}\b", answer) for each in clocks)


def of_a_price(found, answer, zone):
    """What of a price an answer does not tell: its coin, the figure that was asked for, when it was."""
    price, asked = (found.price, found) if isinstance(found, PriceAnswer) else (found, None)
    lacks = [] if names_coin(answer, price.symbol) else [f"the coin {price.symbol}"]
    figures = [asked.value, asked.price_in_currency, asked.close_then] if asked else []
    wanted = next((each for each in figures if each is not None), price.price)
    readings = [reading.value for figure in figures_in(answer) for reading in figure.readings]
    if not any(abs(each - wanted) <= CLOSE * wanted for each in readings):
        lacks.append(f"the figure {wanted}")
    times = [asked.close_time] if asked and asked.close_time else [price.time, price.as_of]
    return lacks if any(told_at(each, answer, zone) for each in times) else [*lacks, f"one of the times {times}"]


def missing(result, answer, zone):
    """What of a tool's result an answer does not tell."""
    if isinstance(result, Price | PriceAnswer):
        return of_a_price(result, answer, zone)
    lacks = []
    if isinstance(result, ForecastAnswer):
        coin, target = result.forecast.symbol, result.forecast.horizons[-1].target_time
        if not names_coin(answer, coin):
            lacks.append(f"the coin {coin}")
        if not told_at(target, answer, zone):
            lacks.append(f"the time {target}")
        if len(re.findall(r"\d[\d.,  ]{2,}", answer)) < 1 and "%" not in answer:
            lacks.append("a range or a chance")
    if isinstance(result, TrackRecordAnswer) and result.grades is not None and not re.search(r"\d", answer):
        lacks.append("how many forecasts were graded")
    return lacks


@pytest.mark.parametrize("folder", SETS.values(), ids=SETS)
async def test_an_answer_tells_the_coin_the_time_and_the_figures_of_its_tools(agent, folder, caplog):
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
    left_out = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert left_out == []  # no sentence of the embedded model is one that no tool vouches for


def test_the_rules_find_what_is_left_out():
    result = focused.forecast(hours=10)
    assert missing(result, "Bitcoin at 22:00 UTC: $66,500 to $73,500.", "UTC") == []
    assert len(missing(result, "Nothing is known.", "UTC")) == 3
    price = focused.price(currency="EUR", price_in_currency=64_210.5, rate_source="kraken")
    assert missing(price, "Bitcoin is at 64,210.50 EUR (Kraken, 12:03 UTC).", "UTC") == []
    assert len(missing(price, "It is at $69,930 (21:07 UTC).", "UTC")) == 3
