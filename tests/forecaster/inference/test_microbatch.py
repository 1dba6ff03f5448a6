"""Micro-batches: what many threads ask while the engine is busy is run at once, and each gets its own answer."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from forecaster.artifact.contents import RECIPES
from forecaster.artifact.loading import load_artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.microbatch import BatchingEngine
from forecaster.settings import ROOT

PATIENCE = 30  # seconds: far more than anything here takes


class Doubling:
    """An engine that doubles. Its first run is held until `go_on` is set."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.entered, self.go_on = Event(), Event()

    def run(self, inputs):
        self.rows.append(len(inputs))
        self.entered.set()
        assert self.go_on.wait(PATIENCE)
        if np.isnan(inputs).any():
            raise ArithmeticError("a number that is none")
        return 2 * inputs


@pytest.fixture
def engine() -> Doubling:
    return Doubling()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as pool:
        yield pool


def window(*values: float) -> np.ndarray:
    """So many windows of one number."""
    return np.array(values, dtype=np.float32)[:, None]


def gathered(engine: Doubling, pool: ThreadPoolExecutor, *asked: np.ndarray, most: int = 256) -> list[Future]:
    """The answers to the first, and to all others, which were asked in their order while it was run."""
    batching = BatchingEngine(engine, most)
    answers = [pool.submit(batching.run, asked[0])]
    assert engine.entered.wait(PATIENCE)
    for count, inputs in enumerate(asked[1:], start=1):
        answers.append(pool.submit(batching.run, inputs))
        end = time.monotonic() + PATIENCE
        while batching.waiting < count:
            assert time.monotonic() < end
            time.sleep(0.001)
    engine.go_on.set()
    return answers


def test_a_question_alone_is_run_as_it_is(engine):
    engine.go_on.set()
    assert BatchingEngine(engine).run(window(3)).tolist() == [[6]]
    assert engine.rows == [1]


def test_what_is_asked_meanwhile_is_run_at_once_and_each_gets_its_own_rows(engine, pool):
    answers = gathered(engine, pool, window(0), window(1), window(2, 3), window(4))
    assert [answer.result(PATIENCE).ravel().tolist() for answer in answers] == [[0], [2], [4, 6], [8]]
    assert engine.rows == [1, 4]


def test_rows_are_rounded_up_to_a_power_of_two(engine, pool):
    answers = gathered(engine, pool, window(0), *(window(value) for value in range(5)))
    assert [answer.result(PATIENCE).item() for answer in answers] == [0, 0, 2, 4, 6, 8]
    assert engine.rows == [1, 8]


def test_no_more_than_the_most_are_run_together(engine, pool):
    answers = gathered(engine, pool, *(window(value) for value in range(7)), most=4)
    assert [answer.result(PATIENCE).item() for answer in answers] == [2 * value for value in range(7)]
    assert engine.rows == [1, 4, 2]


def test_a_question_of_more_than_the_most_is_run_for_itself(engine, pool):
    answers = gathered(engine, pool, window(0), window(*range(8)), window(9), most=4)
    assert answers[1].result(PATIENCE).ravel().tolist() == [2 * value for value in range(8)]
    assert answers[2].result(PATIENCE).item() == 18
    assert engine.rows == [1, 8, 1]


def test_windows_of_different_shapes_are_not_run_together(engine, pool):
    other = np.ones((1, 2), dtype=np.float32)
    answers = gathered(engine, pool, window(0), window(1), other, window(2))
    assert [answer.result(PATIENCE).shape for answer in answers] == [(1, 1), (1, 1), (1, 2), (1, 1)]


def test_a_question_that_cannot_be_answered_fails_alone(engine, pool):
    answers = gathered(engine, pool, window(0), window(1), window(np.nan), window(2))
    assert isinstance(answers[2].exception(PATIENCE), ArithmeticError)
    assert [answers[at].result(PATIENCE).item() for at in (1, 3)] == [2, 4]


def test_the_engine_goes_on_after_a_question_that_failed(engine):
    engine.go_on.set()
    batching = BatchingEngine(engine)
    with pytest.raises(ArithmeticError):
        batching.run(window(np.nan))
    assert batching.run(window(1)).item() == 2


def test_many_threads_that_ask_again_and_again_each_get_their_own_answers(engine, pool):
    engine.go_on.set()
    batching = BatchingEngine(engine)

    def ask(thread: int) -> bool:
        values = [1000 * thread + number for number in range(200)]
        return [batching.run(window(value)).item() for value in values] == [2 * value for value in values]

    assert all(pool.map(ask, range(16)))
    assert batching.waiting == 0


def test_a_network_with_several_inputs_answers_as_it_does_alone(pool):
    artifact = load_artifact(ROOT / "models" / "quantile")
    engine, chance = open_engine(artifact), np.random.default_rng(5)
    shapes = RECIPES["quantile"].inputs.items()
    questions = [
        {name: chance.normal(0, 0.01, (1 + count % 3, *shape)).astype(np.float32) for name, shape in shapes}
        for count in range(40)
    ]
    batching = BatchingEngine(engine)
    for question, answer in zip(questions, pool.map(batching.run, questions), strict=True):
        np.testing.assert_allclose(answer, engine.run(question), rtol=1e-5, atol=1e-7)
