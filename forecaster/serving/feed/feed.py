"""The hub: looks upstream for whoever listens, once for all of them, and stops when the last one leaves.

    backend --watching.py, records.py: three tasks a symbol that is heard--> publish --> each listener's queue

What was told stays in recent.py, and what a symbol's watch knows stays with it: who comes first after a while is told
what came meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context
from typing import Any, NamedTuple, TypeVar

from cachetools import TTLCache

from forecaster.errors import ConfigurationError, CryptoSenseError, DatabaseError
from forecaster.serving.feed.events import Event, Told
from forecaster.serving.feed.listeners import BEAT, Listener
from forecaster.serving.feed.recent import Recent
from forecaster.serving.feed.records import Records, missed_records
from forecaster.serving.feed.watching import DELAY, LONGEST_SLEEP, Watch, missed_candles
from forecaster.serving.protocol import ForecastBackend

MOST_LISTENERS = 1000  # at once
LONGEST_REST = 60.0  # seconds between looks at what fails again and again
SHARED_FOR = 60.0  # seconds for which what was missed is told to others who come back from then, too
MOST_SHARED = 64  # such answers

T = TypeVar("T")
log = logging.getLogger(__name__)


class Paces(NamedTuple):
    """How often the hub looks, in seconds."""

    quote: float = 2.0
    candle: float = DELAY  # after a candle's close
    candles: float = LONGEST_SLEEP  # at most, whatever clocks say
    records: float = 10.0
    beat: float = 15.0


class _Symbol(NamedTuple):
    """What is known of a symbol, whether or not somebody listens."""

    watch: Watch
    records: Records


class Feed:
    """What happens to some symbols, for a bounded number of listeners. It belongs to one event loop."""

    def __init__(
        self,
        backend: ForecastBackend,
        symbols: Sequence[str],
        *,
        paces: Paces | None = None,
        clock: Callable[[], float] = time.time,
        most: int = MOST_LISTENERS,
    ) -> None:
        """`symbols` are those that may be listened to; `clock` gives Unix seconds."""
        self._backend, self._paces, self._clock, self._most = backend, paces or Paces(), clock, most
        self.symbols = tuple(symbols)
        self._recent = Recent(clock)
        self._listeners: set[Listener] = set()
        self._own: set[Listener] = set()  # those of the service itself
        self._known: dict[str, _Symbol] = {}
        self._looking: dict[str, list[asyncio.Task[None]]] = {}
        self._beating: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[Any]] = set()
        self._missed: TTLCache[tuple[str, int], asyncio.Task[list[Event]]] = TTLCache(MOST_SHARED, SHARED_FOR)
        self._closed = False

    def __len__(self) -> int:
        return len(self._listeners)

    @property
    def is_full(self) -> bool:
        """Whether nobody more is let in."""
        return self._closed or len(self._listeners) - len(self._own) >= self._most

    def listen(self, symbols: Collection[str], after: str = "", dropped: Callable[[], None] = lambda: None) -> Listener:
        """A listener from now on, who knows what was told until the event with the id `after`. Let it leave again.

        `dropped` is called when it fell too far behind. The hub must not be full.
        """
        listener = Listener(symbols, after, dropped)
        self._listeners.add(listener)
        for symbol in listener.symbols - self._looking.keys():
            self._looking[symbol] = [_started(each) for each in self._looks(symbol)]
        if self._beating is None:
            self._beating = _started(self._beat())
        return listener

    @contextmanager
    def interest(self, symbols: Collection[str]) -> Iterator[Listener]:
        """Listen from within the service, beside those who may be let in: `take` what is told in a loop.

        Like others it is dropped, and its `take` gives nothing more, once it is too far behind.
        """
        listener = self.listen(symbols)
        self._own.add(listener)
        try:
            yield listener
        finally:
            self._own.discard(listener)
            self.leave(listener)

    def leave(self, listener: Listener) -> None:
        """Tell it nothing more, and look no longer at what only it listened to."""
        listener.end()
        self._listeners.discard(listener)
        wanted = frozenset[str]().union(*(each.symbols for each in self._listeners))
        for symbol in self._looking.keys() - wanted:
            self._end(*self._looking.pop(symbol))
            self._recent.forget_quote(symbol)
        if not self._listeners and self._beating:
            self._end(self._beating)
            self._beating = None

    async def missed(self, listener: Listener) -> list[Event]:
        """What was told before it came: since the event that it knew, or else the newest candle and quote.

        Where the ring does not reach back so far, what candles and ledger say since then, up to a day; some of it may
        be known already. Its events have no id of their own.
        """
        if not listener.after:
            return self._recent.newest(listener.symbols)
        found = self._recent.since(listener.after, listener.symbols)
        if found is not None:
            return found
        since = int(self._recent.away_since(listener.after))
        told = await asyncio.gather(*(self._missed_of(symbol, since) for symbol in sorted(listener.symbols)))
        # others may have caused the look back, up to a minute ago
        lately = self._recent.lately(listener.symbols, 2 * SHARED_FOR)
        return [*(event for events in told for event in events), *lately]

    async def close(self) -> None:
        """End every listener and all that looks."""
        self._closed = True
        for listener in tuple(self._listeners):
            self.leave(listener)
        self._end(*self._missed.values())
        await asyncio.gather(*self._ending, return_exceptions=True)

    def publish(self, told: Told) -> None:
        """Tell everybody who listens to that symbol."""
        event = self._recent.add(told)
        for listener in tuple(self._listeners):
            if event.symbol in listener.symbols:
                listener.tell(event)

    def _looks(self, symbol: str) -> list[Coroutine[Any, Any, None]]:
        """What goes on as long as somebody listens to a symbol."""
        if symbol not in self._known:
            watch = Watch(symbol, self._backend, delay=self._paces.candle, longest=self._paces.candles)
            self._known[symbol] = _Symbol(watch, Records(symbol, self._backend, self._clock))
        known = self._known[symbol]
        known.watch.begin()
        return [
            self._again(f"price of {symbol}", lambda: self._quote(known.watch)),
            self._again(f"candles of {symbol}", lambda: self._candles(known.watch)),
            self._again(f"record of {symbol}", lambda: self._records(known.records)),
        ]

    async def _quote(self, watch: Watch) -> float:
        if told := await watch.quote():
            self.publish(told)
        return self._paces.quote

    async def _candles(self, watch: Watch) -> float:
        closed, pause = await watch.candles()
        for each in closed:
            self.publish(each)
        if closed and (found := await watch.anomaly()):
            self.publish(found)
        return pause

    async def _records(self, records: Records) -> float:
        for each in await records.news():
            self.publish(each)
        return self._paces.records

    async def _again(self, what: str, look: Callable[[], Awaitable[float]]) -> None:
        """Look again and again, in the seconds that each look says. What fails is logged once, and tried less often."""
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                pause = await look()
            except ConfigurationError as error:
                if not isinstance(error, DatabaseError):
                    return  # no ledger is kept here, and none will be
                failures, pause = self._failed(what, error, failures)
            except CryptoSenseError as error:
                failures, pause = self._failed(what, error, failures)
            except Exception as error:
                failures, pause = self._failed(what, error, failures)
            else:
                if failures:
                    log.warning("The stream tells the %s again.", what)
                failures = 0
            await asyncio.sleep(max(pause - (asyncio.get_running_loop().time() - began), self._paces.quote / 10))

    def _failed(self, what: str, error: Exception, failures: int) -> tuple[int, float]:
        if failures == 0:
            unforeseen = None if isinstance(error, CryptoSenseError) else error
            log.warning("The stream does not tell the %s. %s", what, error, exc_info=unforeseen)
        return failures + 1, min(self._paces.quote * 2.0 ** min(failures, 10), LONGEST_REST)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._paces.beat)
            for listener in tuple(self._listeners):
                listener.tell(BEAT)

    async def _missed_of(self, symbol: str, since: int) -> list[Event]:
        """What was missed of a symbol; after a restart many ask that at once."""
        minute = since // 60
        task = self._missed.get((symbol, minute))
        if task is None:
            task = self._missed[symbol, minute] = _started(self._look_back(symbol, 60.0 * minute))
        return await asyncio.shield(task)

    async def _look_back(self, symbol: str, since: float) -> list[Event]:
        found: list[Told] = []
        with suppress(CryptoSenseError):  # what comes after this is told as news
            await self._known[symbol].records.begin()
        for look in (
            missed_candles(self._backend, symbol, since),
            missed_records(self._backend, symbol, since, self._clock()),
        ):
            with suppress(CryptoSenseError):  # what cannot be had is not told
                found += await look
        return [Event.of(each) for each in found]

    def _end(self, *tasks: asyncio.Task[Any]) -> None:
        for task in tasks:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


def _started(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """A task that works for everybody: its log lines carry the id of nobody's request."""
    return asyncio.create_task(work, context=Context())
