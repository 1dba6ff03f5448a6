"""Input from closes alone, and from many tapes at once: the same numbers as one after the other, for less."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from forecaster.features.closes_only import bare_inputs
from forecaster.features.hourly import CONTEXT, FROM_CLOSES, LOOKBACK, hours_of
from forecaster.features.tape import Tape
from forecaster.schema import WINDOW
from tests.support.artifacts.markets import market, tape_of_closes

BTC, ETH = market(700, seed=1), market(600, seed=2, start=1_500.0)
READ = [CONTEXT.index(name) for name in FROM_CLOSES]
NEWEST = np.array([WINDOW - 1])


def general(close):
    """What hourly.py makes of 60 closes."""
    return hours_of(tape_of_closes(close), WINDOW, 1).inputs(NEWEST, "closes_only")


def assert_same(here, there, row=0):
    assert here["window"][row] == pytest.approx(there["window"][0], rel=1e-6, abs=1e-7)
    assert here["context"][row, READ] == pytest.approx(there["context"][0, READ], rel=1e-6, abs=1e-7)
    assert np.array_equal(here["known"][row], there["known"][0])


def test_bare_closes_give_what_is_read_of_them_the_general_way():
    closes = np.stack([BTC.close[end - WINDOW : end] for end in range(WINDOW, 700, 40)])
    together = bare_inputs(closes)
    for row, close in enumerate(closes):
        assert_same(together, general(close), row)
        assert_same(bare_inputs(close[None]), general(close))


def test_what_nobody_reads_is_zero():
    inputs = bare_inputs(BTC.close[None, -WINDOW:])
    ignored = np.ones(len(CONTEXT), dtype=bool)
    ignored[READ] = False
    assert not inputs["context"][:, ignored].any() and not inputs["window"][:, :, 1:].any()


@settings(max_examples=60, deadline=None)
@given(arrays.arrays(np.float64, WINDOW, elements=st.floats(1e-8, 1e8)))
def test_any_sixty_prices_give_the_same_both_ways(close):
    here, there = bare_inputs(close[None]), general(close)
    assert here["window"][0] == pytest.approx(there["window"][0], rel=1e-5, abs=1e-6)
    assert here["context"][0, READ] == pytest.approx(there["context"][0, READ], rel=1e-5, abs=1e-5)


def test_the_network_answers_the_same_to_both(shipped):
    engine = shipped._engine
    for end in (100, 300, 700):
        close = BTC.close[end - WINDOW : end]
        assert engine.run(bare_inputs(close[None])) == pytest.approx(engine.run(general(close)), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("hours", [LOOKBACK, 100, WINDOW])
def test_tapes_side_by_side_give_what_each_gives_alone(hours):
    ends = range(300, 700, 33)
    pairs = [(BTC[end - hours : end], ETH[20 : end + 7] if end % 2 else None) for end in ends]
    together = hours_of(Tape.side_by_side(pairs), WINDOW, 1).newest()
    for row, pair in enumerate(pairs):
        alone = hours_of(Tape.of(*pair), WINDOW, 1).inputs(NEWEST, "full")
        for name, values in alone.items():
            assert together[name][row] == pytest.approx(values[0], abs=1e-7), name


def test_whole_histories_side_by_side_give_what_each_gives_alone():
    pairs = [(BTC[:500], None), (BTC[200:], ETH)]
    together = hours_of(Tape.side_by_side(pairs))
    for row, pair in enumerate(pairs):
        alone = hours_of(Tape.of(*pair))
        for name in ("channels", "context", "other"):
            assert np.array_equal(getattr(together, name)[row], getattr(alone, name)), name
