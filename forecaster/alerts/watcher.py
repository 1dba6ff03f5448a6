"""Looks at alerts whenever the live feed tells something: one look upstream for all of them, and for all who listen.

    quote    prices, ranges
    candle   a forecast and the newest hour, each asked once for all alerts of a coin: every condition

While an alert of a coin is active the feed is listened to, so that prices come in although nobody else listens.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import NamedTuple

from forecaster.alerts.alerts import Asked, new_id
from forecaster.alerts.arming import step
from forecaster.alerts.bodies import body_of
from forecaster.alerts.conditions import AnomalyHour, Situation
from forecaster.alerts.counting import Counting, Uncounted
from forecaster.alerts.desk import Desk
from forecaster.anomalies import Surprise
from forecaster.calibration import Touch
from forecaster.errors import ArtifactError, CryptoSenseError, InvalidInput
from forecaster.market import Quote
from forecaster.schema import Forecast, ForecastWarning
from forecaster.serving import ForecastBackend
from forecaster.serving.feed import Event, Feed, Listener

FARTHEST = 24  # hours ahead
REST = 5.0  # seconds after the database failed
READ_AGAIN = 5.0  # seconds after which alerts are read again, which are made and paused in other processes too

log = logging.getLogger(__name__)


class Watcher:
    """Watches all active alerts in one event loop. Several processes may: each change is written down by one alone."""

    def __init__(
        self,
        desk: Desk,
        backend: ForecastBackend,
        feed: Feed,
        *,
        counted: Counting | None = None,
        clock: Callable[[], float] = time.time,
        read_again: float = READ_AGAIN,
    ) -> None:
        """`clock` gives Unix seconds; alerts are read again after so many."""
        self._desk, self._feed, self._read_again = desk, feed, read_again
        self._parts = _Parts(desk, backend, counted or Uncounted(), clock)
        self._coins: dict[str, tuple[_Coin, Listener, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            while True:
                self._desk.changed.clear()
                pause = self._read_again
                try:
                    self._follow(await self._desk.active())
                except CryptoSenseError:  # the log has it from the database's health
                    pause = min(pause, REST)
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._desk.changed.wait()
        finally:
            await self._leave(*self._coins)

    def _follow(self, found: Collection[Asked]) -> None:
        """Watch these alerts, and no others."""
        for symbol in {each.wanted.symbol for each in found} & {*self._feed.symbols}:
            coin = self._coins[symbol][0] if symbol in self._coins else _Coin(symbol, self._parts)
            coin.hold({each.id: each for each in found if each.wanted.symbol == symbol})
            if symbol not in self._coins or self._coins[symbol][2].done():
                listener = self._feed.listen([symbol], coin.after, self._desk.changed.set)
                self._coins[symbol] = coin, listener, asyncio.create_task(self._hear(coin, listener))
        for symbol in self._coins.keys() - {each.wanted.symbol for each in found}:
            coin, listener, hearing = self._coins.pop(symbol)
            coin.hold({})
            hearing.cancel()
            self._feed.leave(listener)

    async def _hear(self, coin: "_Coin", listener: Listener) -> None:
        try:
            for event in await self._feed.missed(listener):
                await coin.told(event)
            while taken := await listener.take():
                for each in taken:
                    if each is not None:
                        await coin.told(each)
        except Exception:
            log.exception("Alerts of %s could not be looked at.", coin.symbol)
        finally:
            self._feed.leave(listener)

    async def _leave(self, *symbols: str) -> None:
        tasks = [self._coins.pop(symbol)[2] for symbol in symbols]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Parts(NamedTuple):
    """What all coins share."""

    desk: Desk
    backend: ForecastBackend
    counted: Counting
    clock: Callable[[], float]


class _Coin:
    """The alerts of one coin, and what is known of it."""

    def __init__(self, symbol: str, parts: _Parts) -> None:
        self.symbol, self.after = symbol, ""
        self._parts = parts
        self._alerts: dict[str, Asked] = {}
        self._new: set[str] = set()  # alerts that were not looked at yet
        self._quote: Quote | None = None
        self._forecast: tuple[Forecast, Touch | None] | None = None
        self._failing = False  # which is in the log
        self._looking = asyncio.Lock()
        self._first: asyncio.Task[None] | None = None

    def hold(self, alerts: dict[str, Asked]) -> None:
        """These are its alerts, as they stand. Those that are new are looked at now, also where nothing happens."""
        known = {id_: each for id_, each in self._alerts.items() if id_ in alerts}
        self._alerts = {
            id_: max(each, known.get(id_, each), key=lambda one: one.standing.version) for id_, each in alerts.items()
        }
        self._new = self._new & alerts.keys() | alerts.keys() - known.keys()
        if self._new and (self._first is None or self._first.done()):
            self._first = asyncio.create_task(self._look_first())

    async def told(self, event: Event) -> None:
        """Look at what an event may change."""
        self.after = event.id or self.after
        if event.kind == "quote":
            self._quote = _quote(event)
            await self._look([each for each in self._alerts.values() if each.needs_trades()])
        elif event.kind == "candle":
            await self._look([*self._alerts.values()], anew=True)

    async def _look_first(self) -> None:
        while self._new:
            ids = [*self._new]
            self._new.clear()
            await self._look([self._alerts[id_] for id_ in ids if id_ in self._alerts], anew=True)

    async def _look(self, alerts: list[Asked], anew: bool = False) -> None:
        if not alerts:
            return
        async with self._looking:
            try:
                at = await self._situation(alerts, anew)
            except CryptoSenseError as error:
                if not self._failing:
                    log.warning("Alerts of %s cannot be looked at. %s", self.symbol, error)
                self._failing = True
                return
            self._failing = False
            for each in alerts:
                if each.id in self._alerts:
                    await self._settle(self._alerts[each.id], at)

    async def _situation(self, alerts: Collection[Asked], anew: bool) -> Situation:
        """How things stand, as far as these alerts need it; asked of the backend where it is `anew`."""
        needed = any(each.needs_forecast() for each in alerts)
        if needed and (anew or self._forecast is None):
            self._forecast = await self._forecasts()
        forecast, touch = self._forecast if needed and self._forecast else (None, None)
        conditions = [each.wanted.condition for each in alerts]
        budgets = {each.budget_days for each in conditions if isinstance(each, AnomalyHour)} if anew else set()
        surprises = {days: found for days in sorted(budgets) if (found := await self._newest(days))}
        now = self._parts.clock()
        return Situation(now=now, quote=self._quote, forecast=forecast, touch=touch, surprises=surprises)

    async def _forecasts(self) -> tuple[Forecast, Touch | None]:
        facts = await self._parts.backend.facts()
        forecast = await self._parts.backend.forecast(self.symbol, min(FARTHEST, facts.horizons))
        taught = facts.touch if facts.model == forecast.model else None
        return forecast, Touch(up=taught.up, down=taught.down) if taught else None

    async def _newest(self, days: int) -> Surprise | None:
        with suppress(ArtifactError, InvalidInput):
            return (await self._parts.backend.anomalies(self.symbol, 1, float(days))).newest
        return None

    async def _settle(self, asked: Asked, at: Situation) -> None:
        """Note what a situation changes of an alert, and queue what is told of it."""
        reading = asked.wanted.condition.reading(at, asked.standing.range)
        made = step(asked, reading, at.now) if reading else None
        if made is None or reading is None:
            return
        id_ = new_id("ev", at.now)
        told = (id_, body_of(id_, asked, made.standing, reading, at, made.status)) if made.status else None
        try:
            written = await self._parts.desk.change(asked, made.standing, told, at.now)
        except CryptoSenseError:
            return  # it stands as it stood, and is looked at again
        if written is None:  # another process was first, or it was paused or deleted
            self._parts.desk.changed.set()
            return
        self._alerts[asked.id] = asked.model_copy(update={"standing": made.standing})
        if made.status == "firing":
            self._parts.counted.alert_fired(asked.wanted.condition.kind)
        if not written:
            self._parts.counted.alert_delivery("dropped")


def _quote(event: Event) -> Quote:
    told = json.loads(event.data)
    warnings = tuple(ForecastWarning(each) for each in told["warnings"])
    return Quote(event.symbol, told["source"], told["quote"], told["price"], 0.0, 0.0, warnings)
