import tomllib
from pathlib import Path

import pytest

from assistant.intents import Examples, IntentClassifier
from assistant.offline_model import first_calls
from assistant.question import Ask, Intent, Question
from assistant.reading import read_question

CASES = tomllib.loads(Path(__file__).with_name("assistant_questions.toml").read_text())["case"]
LEAST_RIGHT = 0.97


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier(Examples.load())


def test_no_case_is_an_example():
    examples = {q.casefold().strip("?!. ") for questions in Examples.load().questions.values() for q in questions}
    single = {case["turns"][0].casefold().strip("?!. ") for case in CASES if len(case["turns"]) == 1}
    assert len(CASES) >= 150
    assert len(single & examples) <= 5, single & examples


def test_nearly_all_cases_ask_the_right_tools_with_the_right_arguments(classifier):
    wrong = []
    for case in CASES:
        expected = [next(iter(call.items())) for call in case["calls"]]
        got = first_calls(read_question(case["turns"], classifier))
        if got != expected:
            wrong.append((case["turns"], got))
    assert len(wrong) <= (1 - LEAST_RIGHT) * len(CASES), wrong


@pytest.mark.parametrize(
    ("turns", "ask"),
    [
        (["eth price", "what will it be in 3 hours?"], Ask(Intent.FORECAST, ("ETH-USD",), 3)),
        (["eth in 6 hours", "and btc?"], Ask(Intent.FORECAST, ("BTC-USD",), 6)),
        (["eth in 6 hours", "btc price"], Ask(Intent.PRICE, ("BTC-USD",))),
        (["and in 6 hours?"], Ask(Intent.FORECAST, hours=6)),
        (["and eth?"], Ask(Intent.PRICE, ("ETH-USD",))),
        (["what is mae", "and rmse?"], Ask(Intent.METRICS, metric="rmse")),
        (["btc next hour", "and over the last 6 hours?"], Ask(Intent.CANDLES, hours=6)),
        (["price of doge"], Ask(Intent.PRICE, foreign="doge")),
        (["price of doge", "and eth?"], Ask(Intent.PRICE, ("ETH-USD",))),
        ([], Ask(Intent.OTHER)),
    ],
)
def test_what_a_message_leaves_unsaid_comes_from_those_before_it(classifier, turns, ask):
    assert read_question(turns, classifier) == Question((ask,))
