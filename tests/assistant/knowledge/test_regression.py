"""The regression that is shipped: that of the questions as they are, near to each where it stands, and small."""

import numpy as np
import pytest

from assistant.knowledge import Library, shared_encoder
from assistant.knowledge.entries import FOLDER
from assistant.knowledge.regression import RIDGE, SHARPNESS, SHIPPED, Regression, digest_of
from tests.support.knowledge import QUESTIONS

AGAIN = "the entries' questions changed: run python -m assistant.knowledge, and commit what it wrote"
ASKED = [asked for pairs in QUESTIONS.values() for asked, _ in pairs]


def _unit(count, seed=5):
    drawn = np.random.default_rng(seed).normal(size=(count, 512)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_what_is_shipped_was_solved_on_these_questions(tmp_path):
    anew = tmp_path / "topics.npz"
    Library.load().save(anew)
    with np.load(anew, allow_pickle=False) as kept:
        digest = str(kept["digest"])
    shipped, fresh = Regression.shipped(digest, SHIPPED), Regression.shipped(digest, anew)
    assert shipped is not None, AGAIN
    for asked in ASKED:
        vector = shared_encoder().encode([asked])[0]
        # vectors differ from processor to processor
        assert shipped.nearness(vector) == pytest.approx(fresh.nearness(vector), abs=0.02), AGAIN


def test_weights_are_those_of_ridge_regression_in_double_precision():
    vectors, places = _unit(40), [number % 4 for number in range(40)]
    solved = Regression.solved(vectors, places)
    near = vectors.astype(np.float64)
    kernel = np.exp(SHARPNESS * (near @ near.T - 1)) + RIDGE * np.eye(40)
    expected = np.linalg.solve(kernel, np.eye(4)[places])
    asked = _unit(1, seed=6)[0]
    by_hand = np.exp(SHARPNESS * (near @ asked - 1)) @ expected
    assert solved.nearness(asked) == pytest.approx(by_hand, abs=0.01)
    assert solved.vectors.dtype == np.int8


def test_a_question_of_a_place_is_nearest_to_that_place():
    vectors, places = _unit(40), [number % 4 for number in range(40)]
    solved = Regression.solved(vectors, places)
    assert [int(solved.nearness(each).argmax()) for each in vectors] == places


def test_what_was_solved_on_other_questions_is_not_taken(tmp_path):
    path = tmp_path / "topics.npz"
    mine, other = digest_of([(0, "what is mae"), (1, "hello")]), digest_of([(0, "what is mae"), (1, "hello there")])
    assert Regression.shipped(mine, path) is None
    solved = Regression.solved(_unit(6), [0, 0, 1, 1, 2, 2])
    solved.save(mine, path)
    assert Regression.shipped(other, path) is None
    again = Regression.shipped(mine, path)
    asked = _unit(1)[0]
    assert again.nearness(asked).tolist() == solved.nearness(asked).tolist()


def test_an_added_topic_is_found_without_what_is_shipped(tmp_path):
    folder = tmp_path / "entries"
    for path in FOLDER.glob("en/m*.md"):
        (folder / "en").mkdir(parents=True, exist_ok=True)
        (folder / "en" / path.name).write_bytes(path.read_bytes())
    told = "# Coffee\n\nThere is none.\n\nasked:\n- where is the coffee machine\n- can I have a coffee\n"
    (folder / "en" / "coffee.md").write_text(told, encoding="utf-8")
    assert Library.load(folder=folder).find("is there any coffee")[0].topic == "coffee"
