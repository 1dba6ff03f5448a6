"""One connection to one exchange: kept while prices are wanted, given up when it misbehaves, tried again with pauses.

Of each pair the newest trade alone is kept, so a flood takes no room. Whatever goes wrong is told once, until it has
gone well for a while; meanwhile there is simply no price here, and whoever wants one asks the exchange as usual.
"""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from forecaster.errors import ExchangeError
from forecaster.market.exchanges.base import UNREADABLE
from forecaster.market.exchanges.sockets.forms import Form, Refused, Trade

SERVES_FOR = 10.0  # seconds for which a trade is the last one without being asked about
WANTED_FOR = 30.0  # seconds for which a pair is listened to after somebody wanted its price
PATIENCE = 60.0  # seconds without a newer trade after which an older one is believed, as on the stream
SILENT = 30.0  # seconds without any message after which a connection is given up
ASKED_EVERY = 10.0  # seconds after which an exchange that may be silent is asked whether it is there
LOOK = 1.0  # seconds between two looks at what is wanted
MOST_PAIRS = 50  # of one exchange
MOST_MESSAGES = 2000  # in a second; a busy market sends hundreds
REST, LONGEST_REST = 1.0, 60.0  # seconds until a lost connection is tried again, doubled each time
WELL = 60.0  # seconds without trouble after which earlier trouble is forgotten

log = logging.getLogger(__name__)


class Connection(Protocol):
    """What is needed of a WebSocket. Both may raise OSError."""

    async def send(self, message: str) -> None:
        """Send one message."""
        ...

    async def recv(self) -> str | bytes:
        """The next message; may be cancelled."""
        ...


Connect = Callable[[str], AbstractAsyncContextManager[Connection]]


class Heard(NamedTuple):
    """A trade, and when it came."""

    price: float
    time: float | None  # Unix s by the exchange's clock, where it is told
    at: float  # by our timer


class Socket:
    """The newest trades of one exchange. It belongs to one event loop."""

    def __init__(self, exchange: str, form: Form, url: str, connect: Connect, timer: Callable[[], float]) -> None:
        """`timer` gives seconds and never goes back."""
        self._exchange, self._form, self._url, self._connect, self._timer = exchange, form, url, connect, timer
        self._wanted: dict[str, float] = {}  # by the WebSocket's name, until when
        self._heard: dict[str, Heard] = {}
        self._trouble: ExchangeError | None = None  # that somebody else found with what was told
        self._failures, self._well_since = 0, 0.0
        self._task: asyncio.Task[None] | None = None

    def want(self, name: str) -> None:
        """Listen to a pair for a while."""
        if name not in self._wanted and len(self._wanted) >= MOST_PAIRS:
            return
        self._wanted[name] = self._timer() + WANTED_FOR
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep())

    def newest(self, name: str) -> Heard | None:
        """The last trade of a pair, where it came a moment ago."""
        heard = self._heard.get(name)
        return heard if heard and 0 <= self._timer() - heard.at < SERVES_FOR else None

    def distrust(self, trouble: ExchangeError) -> None:
        """Believe nothing that was told, and begin anew after a pause."""
        self._heard.clear()
        self._trouble = trouble

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        """Be connected as long as anything is wanted."""
        from websockets.exceptions import WebSocketException

        self._trouble = None
        while self._is_wanted():
            try:
                async with self._connect(self._url) as connection:
                    try:
                        await self._listen(connection)
                    finally:
                        self._heard.clear()  # and not only once it has hung up, too
            except ExchangeError as error:
                await self._rest(error)
            except (WebSocketException, OSError, EOFError, TimeoutError) as error:
                broken = ExchangeError(self._exchange, "broke off its WebSocket")
                broken.__cause__ = error
                await self._rest(broken)

    async def _listen(self, connection: Connection) -> None:
        """Until nothing is wanted any more. Raises ExchangeError for what misbehaves."""
        asked: set[str] = set()
        self._well_since = heard_at = pinged = second = self._timer()
        count = 0
        while self._is_wanted():
            if self._trouble is not None:
                trouble, self._trouble = self._trouble, None
                raise trouble
            await self._subscribe(connection, asked)
            try:
                async with asyncio.timeout(LOOK):
                    message = await connection.recv()
            except TimeoutError:
                message = None
            now = self._timer()
            if message is not None:
                heard_at, count = now, count + 1
                self._hear(message, now)
            if now - second >= 1.0:
                second, count = now, 0
            elif count > MOST_MESSAGES:
                raise self._error("floods its WebSocket")
            if now - heard_at >= SILENT:
                raise self._error("is silent on its WebSocket")
            if self._form.ping and now - pinged >= ASKED_EVERY:
                pinged = now
                await connection.send(json.dumps(self._form.ping))
            self._fare_well(now)

    async def _subscribe(self, connection: Connection, asked: set[str]) -> None:
        new = sorted(self._wanted.keys() - asked)
        asked.update(new)
        for each in self._form.subscriptions(new) if new else ():
            await connection.send(json.dumps(each))

    def _hear(self, message: str | bytes, now: float) -> None:
        try:
            for trade in self._form.trades(json.loads(message)):
                self._keep_newest(trade, now)
        except Refused as error:
            raise self._error(str(error)) from error
        except (*UNREADABLE, RecursionError) as error:
            raise self._error("sent something unreadable on its WebSocket") from error

    def _keep_newest(self, trade: Trade, now: float) -> None:
        if trade.name not in self._wanted:
            return
        last = self._heard.get(trade.name)
        if last and trade.time is not None and now - last.at < PATIENCE and trade.time < (last.time or 0.0):
            return  # a clock that went back, or an old trade
        self._heard[trade.name] = Heard(trade.price, trade.time, now)

    def _is_wanted(self) -> bool:
        now = self._timer()
        for name in [each for each, until in self._wanted.items() if until <= now]:
            del self._wanted[name]
        return bool(self._wanted)

    def _fare_well(self, now: float) -> None:
        if self._failures and self._heard and now - self._well_since >= WELL:
            self._failures = 0
            log.warning("%s tells prices on its WebSocket again.", self._exchange)

    async def _rest(self, error: ExchangeError) -> None:
        self._trouble = None
        if self._failures == 0:
            log.warning("%s Meanwhile it is asked for prices every two seconds.", error.message)
        pause = min(REST * 2.0 ** min(self._failures, 10), LONGEST_REST)
        self._failures += 1
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))

    def _error(self, cause: str) -> ExchangeError:
        return ExchangeError(self._exchange, cause)
