"""Gathers what is asked while the event loop goes round once, and answers it in one run.

    32 requests arrive --a turn of the loop--> 32 questions --the next turn--> one run of the network, 32 answers

Nobody waits for company: a question alone is answered as soon as the loop has seen who else is there, microseconds
later. microbatch.py does the same for threads. By hand: aiodataloader gathers so too, about as fast, but answers those
who have left as well.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class LoopTurn(Generic[Question, Answer]):
    """Questions that one turn of the event loop brings together."""

    def __init__(self, answer: Callable[[Sequence[Question]], Sequence[Answer | Exception]]) -> None:
        """`answer` gives an answer to each question in their order, or what is to be raised instead."""
        self._answer = answer
        self._asked: list[tuple[Question, asyncio.Future[Answer]]] = []

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises what stands in its place, and what fails for all."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Answer] = loop.create_future()
        if not self._asked:
            loop.call_soon(self._run)  # after everybody whose request has arrived by now
        self._asked.append((question, answered))
        return await answered

    def _run(self) -> None:
        asked, self._asked = [each for each in self._asked if not each[1].done()], []  # done: who asked has gone
        if not asked:
            return
        try:
            answers = self._answer([question for question, _ in asked])
        except Exception as error:
            answers = [error] * len(asked)
        for (_, answered), answer in zip(asked, answers, strict=True):
            if isinstance(answer, Exception):
                answered.set_exception(answer)
            else:
                answered.set_result(answer)
