"""Work goes one step ahead of whoever waits for it, in order, and its failures reach them."""

from threading import Event

import pytest

from forecaster.inference.one_ahead import one_ahead


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
