"""Work goes one step ahead of whoever waits for it, in order, and its failures reach them; things come in order."""

from itertools import permutations
from threading import Event

import pytest

from forecaster.inference.one_ahead import in_order, one_ahead


def test_each_thing_comes_with_what_was_made_of_it_in_order():
    assert list(one_ahead(lambda number: number**2, range(5))) == [(n, n**2) for n in range(5)]
    assert list(one_ahead(lambda number: number**2, [])) == []


def test_the_next_thing_is_taken_while_one_is_worked_on():
    taken = [Event() for _ in range(3)]

    def things():
        for number, event in enumerate(taken):
            event.set()
            yield number

    def work(number):
        return taken[min(number + 1, 2)].wait(10)  # ends only once the next was taken

    assert list(one_ahead(work, things())) == [(0, True), (1, True), (2, True)]


def test_the_next_is_worked_on_while_one_is_in_the_hands_of_who_asked():
    begun = [Event() for _ in range(3)]
    for number, _ in one_ahead(lambda number: begun[number].set(), range(3)):
        assert begun[min(number + 1, 2)].wait(10)


def test_a_failure_reaches_who_asks():
    with pytest.raises(ZeroDivisionError):
        list(one_ahead(lambda number: 1 // number, [1, 0, 2]))


def test_things_come_in_the_order_of_their_numbers():
    for order in permutations(range(4)):
        assert list(in_order((number, f"thing {number}") for number in order)) == [f"thing {n}" for n in range(4)]


def test_a_thing_comes_as_soon_as_all_before_it_are_there():
    given = []

    def numbered():
        for number in (1, 0, 3, 2):
            given.append(number)
            yield number, number

    assert [(thing, len(given)) for thing in in_order(numbered())] == [(0, 2), (1, 2), (2, 4), (3, 4)]
