"""The weights that are shipped: those of a fresh fit on the examples, asked without what fitted them."""

import subprocess
import sys

import numpy as np
import pytest

from assistant.understanding.frame import Guest, Language
from assistant.understanding.intents import IntentClassifier, examples_digest
from assistant.understanding.weights import SHIPPED, Linear, OfWords, Weights, digest_of
from forecaster.installation import ROOT
from tests.support.question_set import FOLDER, load

AGAIN = "the examples or what reads them changed: run python -m assistant.understanding, and commit what it wrote"


@pytest.fixture(scope="module")
def shipped():
    return IntentClassifier.load()


@pytest.fixture(scope="module")
def fresh():
    return IntentClassifier.fitted()


def test_what_is_shipped_was_fitted_on_these_examples():
    assert Weights.shipped(examples_digest()) is not None, AGAIN


def test_what_is_shipped_equals_a_fresh_fit(shipped, fresh):
    ours, anew = shipped.weights(), fresh.weights()
    assert (ours.intents, ours.words.place) == (anew.intents, anew.words.place), AGAIN
    assert ours.words.rarity == pytest.approx(anew.words.rarity, abs=1e-12), AGAIN
    for here, there in ((ours.words.linear, anew.words.linear), (ours.meaning, anew.meaning)):
        assert here.slopes == pytest.approx(there.slopes, abs=1e-3), AGAIN  # vectors differ from processor to processor
        assert here.offsets == pytest.approx(there.offsets, abs=1e-3), AGAIN


def test_every_question_of_the_set_is_taken_for_the_same_by_both(shipped, fresh):
    every = [each for folder in (FOLDER, FOLDER / "second", FOLDER / "third") for each in load(folder)]
    texts = {(turn, each.language) for each in every for turn in each.turns}
    asked = {
        shipped.masked(turn, (Language if language in set(Language) else Guest)(language)) for turn, language in texts
    }
    assert len(asked) > 500
    assert [text for text in sorted(asked) if shipped.ranked(text)[0][0] is not fresh.ranked(text)[0][0]] == []


def test_scores_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    from assistant.understanding.weights import fitted_on_words

    texts = [text.split() for text in ("a b b", "a c", "b c c c", "d a", "d d b", "c d")]
    intents = ["one", "two", "two", "three", "three", "one"]
    features = TfidfVectorizer(analyzer=list, sublinear_tf=True)
    theirs = LinearSVC(C=0.6, random_state=0).fit(features.fit_transform(texts), intents)
    ours = fitted_on_words(texts, intents)
    for words in (*texts, ["b"] * 9, ["e", "a"], ["e"], []):
        expected = theirs.decision_function(features.transform([words]))[0]
        assert ours.scores(words) == pytest.approx(expected, abs=1e-12)


def test_a_classifier_is_there_without_scikit_learn():
    code = (
        "import sys; from assistant.understanding import IntentClassifier as C; c = C.load(); c.warm()"
        "; c.ranked('what do you think of all this'); print(*{m.partition('.')[0] for m in sys.modules})"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"sklearn", "scipy", "pandas"} & set(ran.stdout.split())


def test_weights_of_other_examples_are_not_taken(tmp_path):
    path = tmp_path / "intents.npz"
    assert Weights.shipped("mine", path) is None
    made = Weights(
        ("a", "b"),
        OfWords({"x": 0, "y z": 1}, np.ones(2), Linear(np.eye(2), np.zeros(2))),
        Linear(np.ones((512, 2)), np.ones(2)),
    )
    made.save("mine", path)
    assert Weights.shipped("another", path) is None
    again = Weights.shipped("mine", path)
    assert (again.intents, again.words.place) == (made.intents, made.words.place)
    assert again.words.scores(["x", "x", "q"]).tolist() == made.words.scores(["x", "x", "q"]).tolist()


def test_a_digest_is_of_every_word_and_of_no_line_ending(tmp_path):
    files = [tmp_path / "en.toml", tmp_path / "de.toml"]
    for number, file in enumerate(files):
        file.write_bytes(b"a\nb %d\n" % number)
    before = digest_of(files)
    assert digest_of(reversed(files)) == before
    files[0].write_bytes(b"a\r\nb 0\r\n")
    assert digest_of(files) == before
    files[0].write_bytes(b"a\nB 0\n")
    assert digest_of(files) != before
    assert SHIPPED.exists()
