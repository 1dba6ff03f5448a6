import pytest

from assistant.understanding.frame import Intent, Language
from assistant.understanding.intents import IntentClassifier
from assistant.understanding.languages import Examples

TOLD_OTHERWISE = {Intent.FOLLOWUP, Intent.COMPARE, Intent.EXPLAIN, Intent.ALERT}  # by slots and by grammar
CALLABLE = set(Intent) - TOLD_OTHERWISE


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier.load()


@pytest.fixture(scope="module")
def examples():
    return {language: Examples.load(language) for language in Language}


def test_the_examples_of_every_language_cover_every_intent_without_repeating_themselves(examples):
    for each in examples.values():
        assert set(each.questions) == CALLABLE
        every = [question for questions in each.questions.values() for question in questions]
        assert len(every) == len(set(every))
    assert sum(len(questions) for each in examples.values() for questions in each.questions.values()) >= 300


def test_the_classifier_knows_its_own_examples(classifier, examples):
    every = [
        (intent, question, classifier.masked(question, language))
        for language, each in examples.items()
        for intent, questions in each.questions.items()
        for question in questions
    ]
    wrong = [
        (question, got) for intent, question, masked in every if (got := classifier.ranked(masked)[0][0]) is not intent
    ]
    assert len(wrong) <= 0.03 * len(every), wrong


@pytest.mark.parametrize("text", ["", "???", "🚀🚀🚀", "\x00\x07", "12345", "zxcv bnmq"])
def test_a_text_without_a_word_that_is_known_gives_no_clue(classifier, text):
    assert classifier.clueless(classifier.masked(text, Language.ENGLISH))


@pytest.mark.parametrize("text", ["and in 6 hours?", "what about eth", "no, ethereum", "same for btc", "tomorrow?"])
def test_a_message_that_names_only_a_coin_or_a_time_is_elliptic(classifier, text):
    assert classifier.elliptic(classifier.masked(text, Language.ENGLISH))


@pytest.mark.parametrize("text", ["btc price", "will it rise", "thanks", "why?", "how reliable is that"])
def test_a_message_that_says_what_it_wants_is_not_elliptic(classifier, text):
    assert not classifier.elliptic(classifier.masked(text, Language.ENGLISH))


def test_two_classifiers_agree(classifier):
    other = IntentClassifier.load()
    for text in ("what's btc next hour?", "is it any good", "how did it go today"):
        masked = classifier.masked(text, Language.ENGLISH)
        assert other.masked(text, Language.ENGLISH) == masked and other.ranked(masked) == classifier.ranked(masked)
