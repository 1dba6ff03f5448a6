"""Why a price moved nobody here knows: an answer says so, tells what the price did, and gives no reason."""

import logging
import re

import pytest

from assistant.agent import Token, ToolFinished, build_agent, run_turn
from assistant.grounding.figures import Kind, figures_in
from assistant.offline_model import OfflineModel
from assistant.replies.phrases import phrases
from assistant.understanding import Language
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools import bind_tools

ASKED = {
    Language.ENGLISH: ("why did btc drop", "why is bitcoin falling today?", "what made btc dump in the last 6 hours?"),
    Language.GERMAN: ("warum ist bitcoin gefallen", "wieso fällt btc heute?"),
    Language.SPANISH: ("¿por qué cayó bitcoin?", "¿por qué baja btc hoy?"),
    Language.FRENCH: ("pourquoi le bitcoin a-t-il baissé ?", "pourquoi btc chute aujourd'hui ?"),
    Language.PORTUGUESE: ("por que o bitcoin caiu?", "por que btc está caindo hoje?"),
    Language.CHINESE: ("比特币为什么跌了", "btc今天为什么下跌？"),
}
REASONS = re.compile(
    r"because|due to|after news|weil|wegen|aufgrund|porque|debido|a causa|parce que|à cause|grâce|devido|por causa"
    r"|因为|由于|\bETF|\bFed\b|regulat|whale|hack|inflation",
    re.IGNORECASE,
)


@pytest.fixture(scope="module")
def agent():
    return build_agent(OfflineModel(clock=lambda: NOON + 240.0), bind_tools(FakeBackend(longest=24), KNOWLEDGE))


async def said(agent, text, caplog):
    events = [event async for event in run_turn(agent, [{"role": "user", "content": text}])]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR]  # no sentence was left out
    results = [(event.name, event.data) for event in events if isinstance(event, ToolFinished)]
    return "".join(event.text for event in events if isinstance(event, Token)), results


@pytest.mark.parametrize(("language", "text"), [(each, text) for each, texts in ASKED.items() for text in texts])
async def test_the_cause_is_not_known_and_what_the_price_did_is_told(agent, language, text, caplog):
    answer, ((tool, _),) = await said(agent, text, caplog)
    unknown = phrases(language).say("fixed.no_cause")
    assert tool == "get_candles" and answer.startswith(unknown)
    rest = answer.removeprefix(unknown)
    assert not REASONS.search(rest) and "?" not in rest
    money = [reading.value for each in figures_in(rest) if each.kind is Kind.MONEY for reading in each.readings]
    assert any(abs(each - LAST_CLOSE) < 0.01 for each in money) and len(money) >= 4  # from, to, low and high
    assert any(each.kind is Kind.PERCENT for each in figures_in(rest))


def test_the_reasons_are_found():
    assert all(REASONS.search(text) for text in ("It fell because of the Fed.", "wegen der Inflation", "由于监管"))


async def test_a_span_of_a_cheap_coin_with_dear_prices_is_told_whole(agent, caplog):
    answer, _ = await said(agent, "how much has xrp changed since midnight", caplog)
    assert answer.startswith("Since 00:00 UTC XRP went down 0.50\u00a0%, from $70,279.9012 to $69,930.2500")
