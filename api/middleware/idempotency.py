"""Answers that are given again: the same Idempotency-Key with the same body gets the same bytes.

As the IETF draft "The Idempotency-Key HTTP Header Field" has it. Kept in memory, bounded in number, bytes and time;
a server that restarts has forgotten them. By hand: the storages of `limits` hold counts, and no answers.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from fastapi import HTTPException

MOST, MOST_BYTES = 10_000, 32 * 1024 * 1024
DAY = 24 * 3600.0  # seconds
ANOTHER = "This Idempotency-Key came with another body before. Send a new key with a new question."


class _Entry(NamedTuple):
    question: bytes  # SHA-256 of the body
    answer: "asyncio.Task[bytes]"
    ends: float


class Idempotency:
    """The answers of the last day, by who asked and the key that was sent."""

    def __init__(
        self,
        most: int = MOST,
        most_bytes: int = MOST_BYTES,
        seconds: float = DAY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._most_bytes, self._seconds, self._clock = most, most_bytes, seconds, clock
        self._entries: dict[tuple[str, str], _Entry] = {}  # in the order of their ends
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    async def once(
        self, owner: str, key: str, body: bytes, answer: Callable[[], Awaitable[bytes]]
    ) -> tuple[bytes, bool]:
        """The answer to `owner`'s question `body`, and whether it was given before.

        Who asks again while the answer is being made waits for it. A failure is raised to all who wait, and
        forgotten. Raises HTTPException 422 for a key that came with another body.
        """
        question, name = hashlib.sha256(body).digest(), (owner, key)
        self._forget()
        entry = self._entries.get(name)
        if entry is None:
            entry = self._entries[name] = _Entry(question, self._begin(name, answer), self._clock() + self._seconds)
            return await asyncio.shield(entry.answer), False  # who hangs up does not take it from those who wait
        if entry.question != question:
            raise HTTPException(422, ANOTHER)
        return await asyncio.shield(entry.answer), True

    def _begin(self, name: tuple[str, str], answer: Callable[[], Awaitable[bytes]]) -> "asyncio.Task[bytes]":
        async def made() -> bytes:
            return await answer()

        def note(task: "asyncio.Task[bytes]") -> None:
            entry = self._entries.get(name)
            if entry is None or entry.answer is not task:
                return
            if task.cancelled() or task.exception():
                del self._entries[name]
            else:
                self._bytes += len(task.result())
                self._forget()

        task = asyncio.create_task(made())
        task.add_done_callback(note)
        return task

    def _forget(self) -> None:
        """Drop what is over, and the oldest while there is too much."""
        now = self._clock()
        while self._entries:
            name, oldest = next(iter(self._entries.items()))
            if oldest.ends > now and len(self._entries) <= self._most and self._bytes <= self._most_bytes:
                return
            del self._entries[name]
            if oldest.answer.done():
                self._bytes -= len(oldest.answer.result())
