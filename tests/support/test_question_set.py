"""The set of questions is what its README says: format, words, counts; and what it accepts."""

import re
from collections import Counter

import pytest

from tests.support.question_set import FOLDER, FREE, SILENT, Call, load

QUESTIONS = load()
LANGUAGES = ("en", "de", "es", "fr", "pt", "zh", "it", "ru", "ja")
ARGUMENTS = FREE | SILENT.keys() | {
    "amount", "at", "between", "end", "level", "minutes", "move_pct", "start", "threshold", "topic", "until"
}  # fmt: skip
TOOLS = {"forecast", "get_price", "get_candles", "compare", "explain", "detect_anomalies", "track_record"}
NOW = QUESTIONS[0].now
README = (FOLDER / "README.md").read_text("utf-8")
FACTS = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))


def test_there_are_four_hundred_and_none_twice():
    assert len(QUESTIONS) == 400
    assert len({each.id for each in QUESTIONS}) == 400
    assert len({each.turns for each in QUESTIONS}) == 400


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.id)
def test_each_question_keeps_to_the_format(question):
    assert question.id.startswith(f"{question.kind}-")
    assert question.language in LANGUAGES
    assert question.language_of_answer == ("en" if question.language in ("it", "ru", "ja") else question.language)
    assert question.turns and all(question.turns)
    assert question.facts and {word for group in question.facts for word in group} <= FACTS
    for call in (call for option in question.options for call in option):
        assert call.tool in TOOLS
        assert call.args.keys() <= ARGUMENTS
        assert call.tool != "explain" or "topic" in call.args
    for option in question.options:
        assert question.accepts([(call.tool, plain(call)) for call in option])


def test_the_readme_has_the_words_and_the_counts():
    assert {word for each in QUESTIONS for group in each.facts for word in group} == FACTS
    kinds, cells = Counter(each.kind for each in QUESTIONS), Counter((each.kind, each.language) for each in QUESTIONS)
    for kind, count in kinds.items():
        counts = " | ".join(str(cells[kind, language]) for language in LANGUAGES)
        assert f"| {kind} | {counts} | {count} |" in README


@pytest.mark.parametrize(
    ("args", "right"),
    [
        ({"symbol": "BTC-USD", "hours": 3}, True),
        ({"symbol": "BTC-USD", "minutes": 180, "touch": False}, True),
        ({"symbol": "BTC-USD", "until": "2026-11-29T17:40+01:00"}, True),
        ({"symbol": "BTC-USD"}, False),
        ({"symbol": "ETH-USD", "hours": 3}, False),
        ({"symbol": "BTC-USD", "hours": 3, "threshold": 18.0}, False),
    ],
)
def test_a_moment_may_be_said_in_three_ways_and_nothing_else_may_be_added(args, right):
    assert Call("forecast", {"symbol": "BTC-USD", "hours": 3}).accepts("forecast", args, NOW) is right


def test_a_pair_of_moments_accepts_what_lies_between():
    tonight = Call("forecast", {"until": ["2026-11-29T18:00Z", "2026-11-30T00:00Z"]})
    assert tonight.accepts("forecast", {"symbol": "BTC-USD", "hours": 8}, NOW)
    assert not tonight.accepts("forecast", {"symbol": "BTC-USD", "hours": 1}, NOW)


def plain(call: Call) -> dict[str, object]:
    """The arguments as a model would give them: of a pair of moments the first."""
    pair = ("until", "at", "start", "end")
    return {name: value[0] if name in pair and isinstance(value, list) else value for name, value in call.args.items()}
