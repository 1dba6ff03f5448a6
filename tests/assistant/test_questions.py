"""More than four thousand questions as visitors type them: which tools they call, with what, and what answers tell."""

import pytest

from assistant.knowledge import Library
from assistant.lookups import first_calls
from assistant.understanding import IntentClassifier, read_question
from tests.support.question_set import FOLDER, load

GOAL = 0.92  # of the calls
SETS = {"the first set": FOLDER} | {
    f"the {name} set": FOLDER / name
    for name in ("second", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
}
THIRD = FOLDER / "third"
SEALED_GOAL = 0.85  # of what nobody looked at while it was mended: docs/decisions.md has the score


@pytest.fixture(scope="module")
def asked():
    """What a question of the set asks for."""
    classifier, knowledge = IntentClassifier.load(), Library.load()

    def calls(question):
        read = read_question(
            question.turns, classifier, question.now, zone=question.timezone, topics=knowledge.topic_of
        )
        return first_calls(read)

    return calls


@pytest.mark.parametrize("folder", SETS.values(), ids=SETS)
def test_nearly_all_questions_call_the_right_tools_with_the_right_arguments(asked, folder):
    questions = load(folder)
    wrong = [(each.id, each.turns, calls) for each in questions if not each.accepts(calls := asked(each))]
    assert len(questions) >= 200 and len(wrong) <= (1 - GOAL) * len(questions), wrong


@pytest.mark.parametrize(("half", "goal"), [("development", GOAL), ("sealed", SEALED_GOAL)])
def test_most_questions_of_the_third_set_are_read_right(asked, half, goal):
    questions = load(THIRD / half)
    right = sum(each.accepts(asked(each)) for each in questions)
    assert len(questions) >= 100 and right >= goal * len(questions)


@pytest.mark.parametrize("language", ["en", "de", "es", "fr", "pt", "zh", "it", "ru", "ja"])
def test_most_questions_of_every_language_are_read_right(asked, language):
    questions = [each for folder in SETS.values() for each in load(folder) if each.language == language]
    right = sum(each.accepts(asked(each)) for each in questions)
    assert right >= 0.85 * len(questions)
