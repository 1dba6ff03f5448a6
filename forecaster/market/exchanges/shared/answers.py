"""Answers of exchanges that several replicas share in a Valkey, so that together they ask as often as one would.

Who finds no answer that is young enough takes a lock that ends by itself and asks; the others wait for what comes of
it, be it a failure. Ages are told by Valkey's clock alone, so that no clocks of two machines are compared. While it
is away, each replica asks for itself.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import NamedTuple, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from forecaster.database import valkey_pool
from forecaster.errors import ExchangeError
from forecaster.market.exchanges.wire import LONGEST_QUIET, MAX_BODY, Answer

PREFIX = "cryptosense:exchanges:1:"  # of each key; the number is that of this format
PATIENCE = 0.25  # seconds for which each word of Valkey is waited for
AGAIN = 5.0  # seconds after which one that did not answer is asked again
KEPT = 60  # seconds for which answers are there; each question says how old one may be
FAILURE_SERVES = 2.0  # seconds: as long as an exchange rests after a first failure
CLOCK_KEPT = 3600  # seconds for which it counts what exchanges' clock shows
LONGEST_LOCK = 2.0  # seconds until another may ask in place of who has taken a lock
POLL = 0.03  # seconds between two looks for what another asks for
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end return 1"

T = TypeVar("T")
log = logging.getLogger(__name__)


class Question(NamedTuple):
    """What an exchange is asked, and which answer that another replica got will do."""

    exchange: str
    url: str  # with its query
    serves: float  # seconds old
    marks: int = 0  # seconds, 0 for none: what was made before a multiple of this is none after it


class _Head(BaseModel):
    """What stands before the body of an answer, as a line of JSON; with a cause it is a failure."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", frozen=True)

    at: float  # Unix seconds by Valkey's clock
    now: float = 0.0  # by the exchange's
    cause: str = Field(default="", max_length=200)
    transient: bool = False
    quiet: float | None = Field(default=None, ge=0, le=LONGEST_QUIET)  # seconds for which to leave it alone


class SharedAnswers:
    """A Valkey at a URL. Nothing that goes wrong with it is an error of who asks."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] | None = None,
        timer: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
        lock: float = LONGEST_LOCK,
    ) -> None:
        """Raises as `valkey_pool`. `clock` stands in for Valkey's, `timer` tells when to ask it again."""
        self._pool = valkey_pool(url, patience)
        from valkey.asyncio import Valkey
        from valkey.exceptions import ValkeyError

        self._valkey = Valkey(connection_pool=self._pool)
        self._faults = ValkeyError, OSError
        self._clock, self._timer, self._lock, self._away_until = clock, timer, lock, 0.0

    async def get(self, question: Question, within: float, ask: Callable[[float], Awaitable[Answer]]) -> Answer:
        """What another replica was answered a moment ago, or what `ask`, given the seconds left, is answered now.

        Its `age` says how old it is. Raises ExchangeError: that of `ask`, or of another replica a moment ago.
        """
        time_now = asyncio.get_running_loop().time
        end, hold = time_now() + within, min(within / 2, self._lock)
        key, token = PREFIX + sha256(f"{question.exchange} {question.url}".encode()).hexdigest(), secrets.token_hex(8)
        while True:
            looked = await self._first(lambda: self._look(key, token, hold, question))
            if looked is None:
                return await ask(end - time_now())
            found, mine = looked
            if isinstance(found, Answer):
                return found
            if isinstance(found, ExchangeError):
                raise found
            if mine:
                return await self._ask(key, token, question, lambda: ask(end - time_now()))
            if time_now() + POLL >= end:
                raise ExchangeError(question.exchange, "timed out")
            await asyncio.sleep(POLL)

    async def now(self) -> float | None:
        """What the exchanges' clock shows, Unix seconds, if a replica saw it within the last hour."""

        async def look() -> float | None:
            head, _ = _parsed(await self._valkey.get(f"{PREFIX}clock"))
            return None if head is None else head.now + await self._time() - head.at

        return await self._first(look)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.disconnect()

    async def _look(
        self, key: str, token: str, hold: float, question: Question
    ) -> tuple[Answer | ExchangeError | None, bool]:
        """What is there, else whether the lock is ours now."""
        mine = bool(await self._valkey.set(f"{key}:lock", token, nx=True, px=int(hold * 1000) or 1))
        if not mine and await self._valkey.pttl(f"{key}:lock") == -1:  # it does not end, so that it is none of ours
            await self._valkey.delete(f"{key}:lock")
        kept, quiet = await self._valkey.mget(key, f"{PREFIX}quiet:{question.exchange}")
        found = _found(kept, quiet, question, await self._time())
        if mine and found is not None:
            await self._release(key, token)
        return found, mine and found is None

    async def _ask(self, key: str, token: str, question: Question, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """Ask, let the others know what came of it, and give the lock back."""
        try:
            try:
                answer = await ask()
            except ExchangeError as error:
                await self._first(partial(self._keep_failure, key, question, error))
                raise
            if len(answer.body) <= MAX_BODY:
                await self._first(lambda: self._keep(key, answer))
            return answer
        finally:
            await self._first(lambda: self._release(key, token))

    async def _release(self, key: str, token: str) -> bool:
        """Give the lock back, unless it has ended and is another's now."""
        return bool(await cast(Awaitable[str], self._valkey.eval(RELEASE, 1, f"{key}:lock", token)))

    async def _keep(self, key: str, answer: Answer) -> bool:
        head = _Head(at=await self._time(), now=answer.now).model_dump_json().encode()
        await self._valkey.set(key, head + b"\n" + answer.body, ex=KEPT)
        return bool(await self._valkey.set(f"{PREFIX}clock", head, ex=CLOCK_KEPT))

    async def _keep_failure(self, key: str, question: Question, error: ExchangeError) -> bool:
        quiet = error.retry_after
        head = _Head(at=await self._time(), cause=error.cause[:200], transient=error.transient, quiet=quiet)
        if quiet is not None:
            key = f"{PREFIX}quiet:{question.exchange}"
        return bool(await self._valkey.set(key, head.model_dump_json(), px=int((quiet or KEPT) * 1000) or 1))

    async def _time(self) -> float:
        """Unix seconds by Valkey's clock."""
        if self._clock is not None:
            return self._clock()
        seconds, microseconds = await self._valkey.time()
        return float(seconds) + float(microseconds) / 1e6

    async def _first(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """What Valkey says to it; None while it is away, which the log is told once."""
        if self._timer() < self._away_until:
            return None
        try:
            done = await work()
        except self._faults:
            if not self._away_until:
                log.warning("Valkey does not answer: this process asks exchanges for itself until it does.")
            self._away_until = self._timer() + AGAIN
            return None
        if self._away_until:
            log.warning("Valkey answers again: what exchanges answer is shared.")
        self._away_until = 0.0
        return done


def _found(kept: bytes | None, quiet: bytes | None, question: Question, now: float) -> Answer | ExchangeError | None:
    """What two values say to a question at `now` by Valkey's clock; None where that does not help."""
    head, _ = _parsed(quiet)
    if head and head.quiet is not None and 0 < (left := head.at + head.quiet - now) <= LONGEST_QUIET:
        return ExchangeError(question.exchange, f"asked to be left alone for {max(left, 1):.0f} s", retry_after=left)
    head, body = _parsed(kept)
    if head is None or not 0 <= (age := now - head.at) < (FAILURE_SERVES if head.cause else question.serves):
        return None
    if head.cause:
        return ExchangeError(question.exchange, head.cause, transient=head.transient)
    if question.marks and head.now // question.marks != (head.now + age) // question.marks:
        return None
    return Answer(body, head.now, age)


def _parsed(value: bytes | None) -> tuple[_Head | None, bytes]:
    """The two parts of what `_keep` wrote; none of what somebody else did."""
    head, _, body = (value or b"")[: MAX_BODY + 1000].partition(b"\n")
    try:
        return _Head.model_validate_json(head), body
    except ValueError:
        return None, b""
