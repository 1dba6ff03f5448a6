import pytest

from assistant.intents import Examples, IntentClassifier
from assistant.question import Intent


@pytest.fixture(scope="module")
def classifier():
    return IntentClassifier(Examples.load())


def test_the_examples_cover_every_intent_without_repeating_themselves():
    questions = Examples.load().questions
    assert set(questions) <= set(Intent)
    every = [question for those in questions.values() for question in those]
    assert len(every) >= 300 and len(set(every)) == len(every)


def test_the_classifier_knows_its_own_examples(classifier):
    wrong = {
        question: got
        for intent, questions in Examples.load().questions.items()
        for question, got in zip(questions, classifier.classify(questions), strict=True)
        if got is not intent
    }
    assert len(wrong) <= 5, wrong


@pytest.mark.parametrize("text", ["", "???", "🚀🚀🚀", "\x00\x07", "12345", "zxcv bnmq"])
def test_a_text_without_a_word_that_is_known_is_other(classifier, text):
    assert classifier.classify([text]) == [Intent.OTHER]


def test_two_classifiers_agree(classifier):
    texts = ["what's btc next hour?", "and eth", "is it any good", "how did it go today"]
    assert IntentClassifier(Examples.load()).classify(texts) == classifier.classify(texts)


def test_no_question_gives_no_intent(classifier):
    assert classifier.classify([]) == []
