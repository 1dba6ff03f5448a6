"""Exchanges asked one after the other until one answers: each with its share of the time, but for those at rest.

What their answers say of the time is kept here too: one clock serves candles and prices alike.
"""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from forecaster.errors import ExchangeError
from forecaster.market.exchanges.base import CLOCK_SKEW, Exchange
from forecaster.market.exchanges.cooldown import Cooldowns
from forecaster.market.symbols import Pair

BUDGET = 6.4  # seconds for all exchanges together

T = TypeVar("T")
Failures = tuple[ExchangeError, ...]
logger = logging.getLogger(__name__)


class Turns:
    """The exchanges in their order, their rests, and their clock."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        clock: Callable[[], float] = time.time,
        budget: float = BUDGET,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.exchanges = tuple(exchanges)
        self.clock = clock  # ours, Unix seconds
        self.budget = budget
        self._timer = timer
        self._seen = (-math.inf, 0.0)  # what an exchange's clock showed, and our timer then
        self._offset = 0.0  # the exchanges' clock minus ours, as last seen
        self._cooldowns = Cooldowns()

    async def first(
        self,
        listing: Mapping[Exchange, Pair],
        ask: Callable[[Exchange, Pair, float], Awaitable[T]],
        on_failure: Callable[[float], None] = lambda _: None,
    ) -> tuple[T | None, Failures]:
        """The first answer of an exchange, and every failure before it.

        `ask` is given an exchange, its pair and the seconds it may take, `on_failure` the seconds that are left.
        """
        failures: list[ExchangeError] = []
        time_now = asyncio.get_running_loop().time
        end = time_now() + self.budget
        for position, (exchange, pair) in enumerate(listing.items()):
            share = (end - time_now()) / (len(listing) - position)
            try:
                return await self.one(exchange, partial(ask, exchange, pair, share)), tuple(failures)
            except ExchangeError as error:
                failures.append(error)
            on_failure(max(end - time_now(), 0))
        return None, tuple(failures)

    async def one(self, exchange: Exchange, ask: Callable[[], Awaitable[T]]) -> T:
        """What it answers. Raises ExchangeError, at once while the exchange is to be left alone."""
        resting = self._cooldowns.error(exchange.name, self.clock())
        if resting is not None:
            raise resting
        try:
            answer = await ask()
        except ExchangeError as error:
            logger.info("%s", error)
            self._cooldowns.failed(error, self.clock())
            raise
        self._cooldowns.answered(exchange.name)
        return answer

    async def aside(self, exchange: Exchange, ask: Callable[[], Awaitable[T]]) -> T:
        """The same of a question that it need not know an answer to: only a wish to be left alone is remembered."""
        resting = self._cooldowns.error(exchange.name, self.clock())
        if resting is not None:
            raise resting
        try:
            return await ask()
        except ExchangeError as error:
            if error.retry_after is not None:
                self._cooldowns.failed(error, self.clock())
            raise

    def now(self) -> float:
        """This moment by the exchanges' clock, once one was seen; Unix seconds."""
        return self.clock() + self._offset

    @property
    def sighted(self) -> bool:
        """Whether an exchange's clock was seen."""
        return self._seen[0] > -math.inf

    def believe(self, exchange: Exchange, shown: float) -> None:
        """Take the time that an exchange's answer shows. Raises ExchangeError where it is that of an older answer.

        Some cache on the way may have made the answer earlier: its clock would hide its age. Two clocks must say so:
        ours, and the one that an exchange's earlier answer would show by now.
        """
        before, then = self._seen
        expected = before + self._timer() - then
        behind = min(self.clock(), expected) - shown
        if behind > CLOCK_SKEW:
            raise exchange.wire.error(f"sent an answer that is {behind / 60:.0f} minutes old")

    def saw(self, shown: float) -> None:
        """Keep what the clock of an exchange shows, whose answer is used."""
        self._offset = shown - self.clock()
        before, then = self._seen
        if shown > before + self._timer() - then:
            self._seen = shown, self._timer()
