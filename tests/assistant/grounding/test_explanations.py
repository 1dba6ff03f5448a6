"""Every entry of the knowledge, as it is told in every language: nothing of it is left out."""

import pytest

from assistant.grounding.grounding import Grounding
from assistant.replies.answers import from_results
from assistant.understanding.frame import Ask, Intent, Language, Question
from tests.support.fakes import FakeBackend
from tests.support.knowledge import KNOWLEDGE
from tools.registry import bind_tools


@pytest.mark.parametrize("language", Language)
async def test_nothing_that_is_explained_is_left_out_in_pieces_of_any_size(language):
    explain = next(each for each in bind_tools(FakeBackend(), KNOWLEDGE) if each.tool.name == "explain")
    left_out = []
    for topic in KNOWLEDGE.topics:
        found = (await explain.call({"topic": topic, "language": str(language)})).data
        question = Question((Ask(Intent.EXPLAIN, topic=topic),), language)
        text = from_results(question, [found], [])
        for size in (1, 16, 1000):
            grounding = Grounding([], question)
            grounding.learn("", found)
            told = [each for at in range(0, len(text), size) for each in grounding.check(text[at : at + size])]
            told += grounding.end()
            assert "".join(each.text for each in told) == text != ""
            left_out += [(topic, each) for each in told if each.objection]
    assert left_out == []
