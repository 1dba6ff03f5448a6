"""Answers that are given again: bounded in number, bytes and time, and never another client's."""

import asyncio

import pytest
from fastapi import HTTPException

from api.idempotency import Idempotency


class Clock:
    """Shows what a test sets."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Answers:
    """Counts how often it was asked; every answer is another one."""

    def __init__(self, size=0):
        self.count, self.size = 0, size

    async def __call__(self):
        self.count += 1
        return f"{self.count}".encode().ljust(self.size)


async def test_an_answer_is_given_again_for_a_day_and_then_made_anew():
    clock, answers = Clock(), Answers()
    kept = Idempotency(clock=clock)
    assert await kept.once("a", "k", b"?", answers) == (b"1", False)
    clock.now = 24 * 3600 - 1
    assert await kept.once("a", "k", b"?", answers) == (b"1", True)
    clock.now += 1
    assert await kept.once("a", "k", b"?", answers) == (b"2", False)


async def test_only_so_many_answers_are_kept_the_newest_ones():
    kept, answers = Idempotency(most=3), Answers()
    for key in "abcd":
        await kept.once("a", key, b"?", answers)
    await asyncio.sleep(0)
    assert len(kept) <= 3
    assert (await kept.once("a", "d", b"?", answers))[1]
    assert not (await kept.once("a", "a", b"?", answers))[1]


async def test_only_so_many_bytes_are_kept():
    kept, answers = Idempotency(most_bytes=1000), Answers(400)
    for key in "abcdefgh":
        await kept.once("a", key, b"?", answers)
    await asyncio.sleep(0)
    assert len(kept) == 2
    assert (await kept.once("a", "h", b"?", answers))[1]


async def test_a_client_never_gets_anothers_answer():
    kept, answers = Idempotency(), Answers()
    assert await kept.once("a", "k", b"?", answers) == (b"1", False)
    assert await kept.once("b", "k", b"?", answers) == (b"2", False)


async def test_another_body_under_the_same_key_is_refused_and_changes_nothing():
    kept, answers = Idempotency(), Answers()
    await kept.once("a", "k", b"?", answers)
    with pytest.raises(HTTPException) as refused:
        await kept.once("a", "k", b"!", answers)
    assert refused.value.status_code == 422
    assert await kept.once("a", "k", b"?", answers) == (b"1", True)


async def test_a_failure_reaches_all_who_wait_and_is_forgotten():
    kept, go_on = Idempotency(), asyncio.Event()

    async def failing():
        await go_on.wait()
        raise ArithmeticError

    waiting = [asyncio.create_task(kept.once("a", "k", b"?", failing)) for _ in range(3)]
    await asyncio.sleep(0.01)
    go_on.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {ArithmeticError}
    assert len(kept) == 0
    assert await kept.once("a", "k", b"?", Answers()) == (b"1", False)


async def test_who_hangs_up_does_not_take_the_answer_from_those_who_wait():
    kept, go_on = Idempotency(), asyncio.Event()

    async def slow():
        await go_on.wait()
        return b"late"

    first = asyncio.create_task(kept.once("a", "k", b"?", slow))
    await asyncio.sleep(0.01)
    second = asyncio.create_task(kept.once("a", "k", b"?", slow))
    await asyncio.sleep(0.01)
    first.cancel()
    go_on.set()
    assert await second == (b"late", True)
