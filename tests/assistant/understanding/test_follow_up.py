from datetime import UTC, datetime

import pytest

from assistant.lookups import MOST_CALLS, first_calls
from assistant.understanding.follow_up import read_question
from assistant.understanding.frame import Ask, Intent, Language, Question
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.languages import Examples
from tests.support.conversations.cases import NOW, cases

LEAST_RIGHT = {language: 0.98 if language is Language.ENGLISH else 0.95 for language in Language}
MIDNIGHT = datetime(2026, 3, 20, tzinfo=UTC)
LEAST_CASES = {language: 200 if language is Language.ENGLISH else 60 for language in Language}


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier.load()


def plain(question):
    return question.casefold().strip("?!.¿¡ ")


@pytest.mark.parametrize("language", Language)
def test_no_case_is_an_example(language):
    examples = {plain(q) for questions in Examples.load(language).questions.values() for q in questions}
    single = {plain(case.turns[0]) for case in cases(language) if len(case.turns) == 1}
    assert len(cases(language)) >= LEAST_CASES[language]
    assert len(single & examples) <= 0.15 * len(single), single & examples


@pytest.mark.parametrize("language", Language)
def test_nearly_all_cases_ask_the_right_tools_with_the_right_arguments(classifier, language):
    asked = cases(language)
    read = [(case, first_calls(read_question(case.turns, classifier, NOW))) for case in asked]
    wrong = [(case.turns, got) for case, got in read if got != case.calls]
    assert len(wrong) <= (1 - LEAST_RIGHT[language]) * len(asked), wrong


@pytest.mark.parametrize("language", Language)
def test_the_language_of_a_question_is_that_of_its_case(classifier, language):
    asked = [case for case in cases(language) if len(case.turns) == 1 and case.calls]
    wrong = [case.turns for case in asked if read_question(case.turns, classifier, NOW).language is not language]
    assert len(wrong) <= 0.06 * len(asked), wrong


@pytest.mark.parametrize(
    ("turns", "ask"),
    [
        (["eth price", "what will it be in 3 hours?"], Ask(Intent.FORECAST, ("ETH-USD",), 3)),
        (["eth in 30 minutes", "and btc?"], Ask(Intent.FORECAST, ("BTC-USD",), 1, 30)),
        (["eth in 15 minutes", "and in 30?"], Ask(Intent.FORECAST, ("ETH-USD",), 1, 30)),
        (["eth in 15 minutes", "and in 2 hours?"], Ask(Intent.FORECAST, ("ETH-USD",), 2)),
        (["btc next hour", "and by midnight?"], Ask(Intent.FORECAST, hours=12, target=MIDNIGHT)),
        (["btc in 45 minutes", "and until midnight?"], Ask(Intent.FORECAST, hours=12, target=MIDNIGHT)),
        (["btc by midnight", "and above 70k?"], Ask(Intent.FORECAST, hours=12, target=MIDNIGHT, threshold=70_000)),
        (["btc by midnight", "and eth in half an hour?"], Ask(Intent.FORECAST, ("ETH-USD",), 1, 30)),
        (["should i sell before midnight"], Ask(Intent.ADVICE, (), hours=12, target=MIDNIGHT)),
        (["eth in 6 hours", "and btc?"], Ask(Intent.FORECAST, ("BTC-USD",), 6)),
        (["eth in 6 hours", "btc price"], Ask(Intent.PRICE, ("BTC-USD",))),
        (["and in 6 hours?"], Ask(Intent.FORECAST, hours=6)),
        (["and eth?"], Ask(Intent.PRICE, ("ETH-USD",))),
        (["what is mae", "and rmse?"], Ask(Intent.METRICS, metric="rmse")),
        (["btc next hour", "and over the last 6 hours?"], Ask(Intent.CANDLES, hours=6)),
        (["price of tesla"], Ask(Intent.PRICE, foreign="tesla")),
        (["price of tesla", "and eth?"], Ask(Intent.PRICE, ("ETH-USD",))),
        (["btc in -5 hours"], Ask(Intent.FORECAST, hours=-5)),
        (["btc in 1e9 hours"], Ask(Intent.FORECAST, hours=1_000_000)),
        (["will btc fall below 60k"], Ask(Intent.FORECAST, threshold=60_000, below=True)),
        (
            ["btc in 4 hours", "will it hit 80k?"],
            Ask(Intent.FORECAST, hours=4, threshold=80_000, below=None, touch=True),
        ),
        ([], Ask(Intent.OTHER)),
    ],
)
def test_what_a_message_leaves_unsaid_comes_from_those_before_it(classifier, turns, ask):
    assert read_question(turns, classifier, NOW).asks == (ask,)


def test_several_things_are_asked_in_their_order(classifier):
    asks = read_question(["btc price and forecast for next 3 hours"], classifier, NOW).asks
    assert asks == (Ask(Intent.PRICE), Ask(Intent.FORECAST, hours=3))


def test_a_coin_that_is_not_offered_is_asked_beside_one_that_is(classifier):
    asks = read_question(["BTC and gold price"], classifier, NOW).asks
    assert asks == (Ask(Intent.PRICE), Ask(Intent.PRICE, foreign="gold"))
    assert first_calls(Question(asks)) == [("get_price", {"symbol": "BTC-USD"})]


def test_a_follow_up_with_another_coin_repeats_everything_that_was_asked(classifier):
    asks = read_question(["btc price and forecast for next 3 hours", "and eth?"], classifier, NOW).asks
    assert asks == (Ask(Intent.PRICE, ("ETH-USD",)), Ask(Intent.FORECAST, ("ETH-USD",), 3))


def test_a_time_of_day_is_kept(classifier):
    (ask,) = read_question(["btc at 5pm"], classifier, NOW).asks
    assert ask.hours == 5 and ask.target == NOW.replace(hour=17)


def test_an_unclear_message_has_two_readings_and_asks_nothing(classifier):
    question = read_question(["bitcoin 5"], classifier, NOW)
    assert tuple(ask.intent for ask in question.nearest) == (Intent.FORECAST, Intent.CANDLES)
    assert [ask.intent for ask in question.asks] == [Intent.OTHER] and first_calls(question) == []


def test_no_more_is_looked_up_than_a_turn_may(classifier):
    question = read_question(["both coins in 1, 3, 4, 5, 6, 7 and 8 hours"], classifier, NOW)
    assert len(first_calls(question)) == MOST_CALLS


@pytest.mark.parametrize("text", ["a, " * 600, "and " * 500, "btc? " * 400, "will btc hit 1k and " * 100, "和" * 2000])
def test_the_longest_message_asks_for_no_more(classifier, text):
    assert len(first_calls(read_question([text], classifier, NOW))) <= MOST_CALLS


BTC, ETH = {"symbol": "BTC-USD"}, {"symbol": "ETH-USD"}
FALL = ("forecast", BTC | {"hours": 3, "move": 500.0, "direction": "down"})


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("eth purple?", [("get_price", ETH)]),
        ("btc wobbling in 3 hours?", [("forecast", BTC | {"hours": 3})]),
        ("btc wobbling over the last 6 hours", [("get_candles", BTC | {"hours": 6})]),
        ("bitcoin halving when", []),
        ("how far is eth from 3000, and will btc drop more than $500 in 3 hours?",
         [("get_price", ETH | {"to": 3000.0}), FALL]),
        ("how far is eth from 3000 and btc price", [("get_price", ETH | {"to": 3000.0}), ("get_price", BTC)]),
        ("chance btc is up $20000 in 3h", [("forecast", BTC | {"hours": 3, "move": 20000.0, "direction": "up"})]),
        ("will btc rise $70000 in 3h", [("forecast", BTC | {"hours": 3, "threshold": 70000.0})]),
        ("worst 5 % on 2 eth in 3 hours", [("forecast", ETH | {"hours": 3, "amount": 2.0, "amount_in": "coin"})]),
        ("9 times out of 10, what price does eth stay above in 3h",
         [("forecast", ETH | {"hours": 3, "level": 90.0, "side": "above"})]),
        ("chance of a 4% glorp in btc in 3h",
         [("forecast", BTC | {"hours": 3, "move_pct": 4.0, "direction": "either"})]),
        ("btc price now and 3 hours ago", [("get_price", BTC), ("get_price", BTC | {"at": "2026-03-19T09:00Z"})]),
        ("btccccc priiiice", [("get_price", BTC)]),
    ],
)  # fmt: skip
def test_what_is_named_says_more_than_the_words(classifier, text, calls):
    assert first_calls(read_question([text], classifier, NOW)) == calls


@pytest.mark.parametrize(
    ("turns", "call"),
    [
        (("eth forecast 3h", "whats the chance its over 3k then"),
         ("forecast", ETH | {"hours": 3, "threshold": 3000.0})),
        (("btc en 2 horas", "y la chance de que baje 1%?"),
         ("forecast", BTC | {"hours": 2, "move_pct": 1.0, "direction": "down"})),
        (("compare btc and eth over 12h", "and their volatility?"),
         ("compare", {"symbols": ["BTC-USD", "ETH-USD"], "by": "volatility", "hours": 12})),
        (("what's 2 eth worth", "and in 4 hours?"),
         ("forecast", ETH | {"hours": 4, "amount": 2.0, "amount_in": "coin"})),
        (("odds btc over 65k in 5h", "same for eth at 3000"), ("forecast", ETH | {"hours": 5, "threshold": 3000.0})),
    ],
)  # fmt: skip
def test_the_next_question_keeps_what_it_leaves_out(classifier, turns, call):
    assert first_calls(read_question(turns, classifier, NOW)) == [call]


@pytest.mark.parametrize("more", ["by how much", "how much", "and by how much?"])
def test_how_far_it_goes_is_asked_of_the_forecast_before(classifier, more):
    question = read_question(("will btc fall in 4 hours", more), classifier, NOW)
    assert first_calls(question) == [("forecast", {"symbol": "BTC-USD", "hours": 4})]


@pytest.mark.parametrize(
    "text", ["if i sell 0.4 eth how many euros is that", "wenn ich 0,4 eth verkaufe, wie viel euro bekomme ich"]
)
def test_what_selling_brings_is_a_price_and_no_advice(classifier, text):
    call = ("get_price", {"symbol": "ETH-USD", "currency": "EUR", "amount": 0.4, "amount_in": "coin"})
    assert first_calls(read_question((text,), classifier, NOW)) == [call]


@pytest.mark.parametrize(
    "turns", [("how volatile is eth", "and compared to btc?"), ("wie volatil ist eth", "und im vergleich zu btc?")]
)
def test_another_coin_is_set_beside_the_one_before(classifier, turns):
    calls = first_calls(read_question(turns, classifier, NOW))
    assert calls == [("compare", {"symbols": ["ETH-USD", "BTC-USD"], "by": "volatility"})]


def test_a_clock_after_a_past_price_is_past_too(classifier):
    noon = NOW.replace(hour=13)
    calls = first_calls(read_question(("what was btc at noon", "and at 10"), classifier, noon))
    assert calls == [("get_price", {"symbol": "BTC-USD", "at": f"{noon:%Y-%m-%d}T10:00Z"})]


def test_a_coin_after_an_explanation_asks_for_its_price_and_for_no_nameless_topic(classifier):
    sure = type("Sure", (), {"topic": "volatility", "score": 1.0})()
    topics = {"what is volatility": sure}.get
    question = read_question(("what is volatility", "and for btc?"), classifier, NOW, topics=topics)
    assert all(name != "explain" or "topic" in args for name, args in first_calls(question))
