"""Hundreds of made-up conversations: no figure without a tool, no exception, no internals, whichever model answers."""

import pytest

from assistant.agent import Token, ToolFinished
from assistant.replies.phrases import phrases
from tests.support.conversations.generated import KINDS, SECRET, scenes
from tests.support.service.checks import foreign_calls, leaks, said, untraced

SCENES = list(scenes())


def test_there_are_hundreds_of_conversations_and_a_tool_fails_in_most():
    assert len(SCENES) >= 300
    assert sum(scene.failure is not None for scene in SCENES) >= 200


@pytest.mark.parametrize("kind", KINDS)
async def test_no_conversation_holds_a_figure_of_no_tool_or_internals(kind):
    wrong = []
    for scene in (each for each in SCENES if each.kind == kind):
        events = await scene.events()
        unfinished = phrases(scene.language).say("turn.unfinished")
        found = [*untraced(events, scene.question), *leaks(events, [SECRET, "hunter2"]), *foreign_calls(events)]
        if found or not said(events).strip() or unfinished in said(events) or (scene.invented or "–––") in said(events):
            wrong.append((scene.name, found, said(events)))
    assert wrong == []


def test_the_check_finds_what_is_made_up_and_lets_pass_what_a_tool_gave():
    gave = ToolFinished("c", "get_price", True, '{"price":69930.25,"change_24h_pct":0.42}', 0.1, None)
    for true in ("$69,930.25", "about $69,900", "69.930,25 $", "0.4 %", "in 6 hours", "0.42 %"):
        assert untraced([gave, Token(true)], "btc in 6 hours?") == []
    for false in ("$71,234.56", "4.7 %", "in 7 hours", "03:17 UTC", "71.234,56", "2031", "$69,930.99"):
        assert untraced([gave, Token(false)], "btc in 6 hours?") != []


async def test_an_honest_language_model_is_heard():
    for scene in SCENES:
        if scene.kind == "honest" and scene.method == "price" and scene.failure is None:
            assert said(await scene.events()).strip() == "The price is $69,930. It moved by 0.4 %."


async def test_the_embedded_model_says_of_a_failing_tool_what_is_missing():
    for scene in SCENES:
        if scene.kind == "embedded" and type(scene.failure).__name__ == "ArtifactError" and scene.language == "en":
            told = said(await scene.events())
            assert "cannot be answered right now" in told and "altered" not in told  # which is the operator's to know
