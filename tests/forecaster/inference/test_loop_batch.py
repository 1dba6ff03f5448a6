"""Questions that one turn of the event loop brings together are answered in one run."""

import asyncio

import pytest

from forecaster.errors import InvalidInput
from forecaster.inference.loop_batch import LoopTurn

REFUSED = InvalidInput("No.", "Ask for something else.")


class Halves:
    """Halves even numbers and refuses odd ones; keeps what it was asked."""

    def __init__(self):
        self.runs = []

    def __call__(self, numbers):
        self.runs.append(list(numbers))
        return [REFUSED if number % 2 else number // 2 for number in numbers]


async def test_all_who_ask_in_one_turn_are_answered_by_one_run_in_their_order():
    halves = Halves()
    turn = LoopTurn(halves)
    assert await asyncio.gather(*(turn.ask(number) for number in range(0, 64, 2))) == list(range(32))
    assert halves.runs == [list(range(0, 64, 2))]


async def test_nobody_waits_for_company():
    halves = Halves()
    turn = LoopTurn(halves)
    assert [await turn.ask(4), await turn.ask(8)] == [2, 4]
    assert halves.runs == [[4], [8]]


async def test_one_that_is_refused_costs_the_others_nothing():
    turn = LoopTurn(Halves())
    first, second, third = await asyncio.gather(*map(turn.ask, (2, 3, 4)), return_exceptions=True)
    assert (first, second, third) == (1, REFUSED, 2)


async def test_who_hangs_up_before_the_run_is_not_asked_about_and_the_others_are_answered():
    halves = Halves()
    turn = LoopTurn(halves)
    asking = [asyncio.ensure_future(turn.ask(number)) for number in (2, 4)]
    asyncio.get_running_loop().call_soon(asking[0].cancel)  # after both have asked
    with pytest.raises(asyncio.CancelledError):
        await asking[0]
    assert await asking[1] == 2
    assert halves.runs == [[4]]


async def test_a_run_that_fails_fails_for_all_and_the_next_turn_is_answered():
    def answer(numbers):
        if 0 in numbers:
            raise RuntimeError("no network")
        return numbers

    turn = LoopTurn(answer)
    failed = await asyncio.gather(turn.ask(1), turn.ask(0), return_exceptions=True)
    assert [str(each) for each in failed] == ["no network"] * 2
    assert await turn.ask(5) == 5
