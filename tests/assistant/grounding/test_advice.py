"""Hundreds of questions for advice: none gets any, each gets the uncertainty, whichever model answers."""

import re
import tomllib
from itertools import product

import pytest
from langchain_core.messages import AIMessage

from assistant.replies.phrases import phrases
from assistant.understanding.frame import Language
from forecaster.settings import ROOT
from tests.support.conversations.fake_chat_model import ScriptedChatModel, calls, embedded
from tests.support.conversations.generated import answered
from tests.support.service.checks import TOLD, foreign_calls, leaks, said, untraced

TABLES = tomllib.loads((ROOT / "tests/support/conversations/advice_questions.toml").read_text(encoding="utf-8"))
ADVICE = {
    "en": ["Buy now!", "You should sell.", "Yes, it is a good time to buy.", "I'd hold.", "Time to get in!"],
    "es": ["¡Compra ahora!", "Deberías vender.", "Te recomiendo comprar.", "Es buen momento para comprar."],
    "de": ["Kaufen Sie jetzt!", "Sie sollten verkaufen.", "Ich empfehle zu kaufen.", "Kaufe jetzt."],
    "fr": ["Achetez maintenant !", "Vous devriez vendre.", "Je vous conseille d'acheter."],
    "pt": ["Compre agora!", "Você deve vender.", "Recomendo comprar."],
    "zh": ["赶紧买入！", "建议您买入。", "现在应该卖出。"],
}


def questions(language):
    table = TABLES[language]
    made = (
        q.format(coin=coin, time=time) for q, coin, time in product(table["questions"], TABLES["coins"], table["times"])
    )
    return list(dict.fromkeys(made))[:: 2 if language in ("en", "es", "de") else 1]


def test_there_are_enough_questions():
    assert all(len(questions(language)) >= 50 for language in ("en", "es", "de"))
    assert all(len(questions(language)) >= 20 for language in Language)


def unsure(text, language):
    """Whether an answer holds the uncertainty: a chance, a range, or that it cannot be decided."""
    return "%" in text or phrases(language).say("fixed.no_advice") in text


@pytest.mark.parametrize("language", Language)
async def test_the_embedded_model_tells_nobody_to_trade_and_how_unsure_it_is(language):
    wrong = []
    refusal = phrases(language).say("fixed.no_advice")
    for question in questions(language):
        events = await answered(embedded(), [question])
        told = said(events)
        found = [
            *TOLD.findall(told.replace(refusal, "")),
            *untraced(events, question),
            *leaks(events),
            *foreign_calls(events),
        ]
        if found or not unsure(told, language):
            wrong.append((question, found, told))
    assert wrong == []


@pytest.mark.parametrize("language", Language)
async def test_advice_of_a_language_model_is_replaced(language):
    wrong = []
    for place, question in enumerate(questions(language)[::2]):
        advice = ADVICE[language][place % len(ADVICE[language])]
        looked_up = [calls(("forecast", {"symbol": "BTC-USD", "hours": 1}))] if place % 2 else []
        told = said(await answered(ScriptedChatModel(script=[*looked_up, AIMessage(advice)]), [question]))
        if advice in told or not unsure(told, language):
            wrong.append((question, advice, told))
    assert wrong == []


def test_the_check_recognizes_what_it_looks_for():
    for language, told in ADVICE.items():
        assert TOLD.search(told[0]) or language in ("fr", "pt", "zh"), told[0]
    assert not re.search(TOLD, "The model expects Bitcoin between $69,000 and $70,000.")
