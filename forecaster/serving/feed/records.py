"""What is new in the ledger: forecasts that were issued, by this process or another, and what became of earlier ones.

    forecasts   the newest page, every few seconds
    outcomes    one forecast of which one is due, every few seconds; all of a day once it has one, or after a while

So a restart loses none, nor does another process's work: who was away is told from the ledger.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime

from forecaster.ledger import Kept, Outcome
from forecaster.market import utc
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.serving.feed.events import ForecastTold, SettledTold, Told
from forecaster.serving.protocol import ForecastBackend

NEWEST = 5  # forecasts read at a look for new ones
PAGE, MOST_PAGES = 200, 2  # of those of a day and an hour, which outcomes may be new of
REACH = 25 * HOUR  # seconds that forecasts wait for outcomes
ALL_AGAIN = 300.0  # seconds after which all are looked through, whatever one of them says
ISSUED_WITHIN = 2 * FIVE_MINUTES  # seconds after as_of by which a forecast is issued
SETTLED_WITHIN = HOUR  # seconds after a close by which it is known, as a rule


class Records:
    """The forecasts of one symbol that are known, with the outcomes that were told."""

    def __init__(self, symbol: str, backend: ForecastBackend, clock: Callable[[], float] = time.time) -> None:
        """`clock` gives Unix seconds."""
        self._symbol, self._backend, self._clock = symbol, backend, clock
        self._told: dict[str, set[int]] = {}  # id -> minutes ahead that have an outcome
        self._due: dict[str, list[float]] = {}  # id -> target times, Unix s
        self._looked: float | None = None  # when all were looked through, Unix s
        self._beginning = asyncio.Lock()

    async def begin(self) -> None:
        """Know what there is by now: what comes later is news. Raises as `news`."""
        async with self._beginning:
            if self._looked is None:
                now = self._clock()
                for each in await self._of_a_day(now):
                    self._note(each)
                self._looked = now

    async def news(self) -> list[Told]:
        """What was issued and settled since the last call; at first nothing. Raises what ForecastBackend.kept raises.

        And ConfigurationError where no ledger is kept.
        """
        if self._looked is None:
            await self.begin()
            return []
        now = self._clock()
        found = await self._issued()
        if not 0 <= now - self._looked < ALL_AGAIN or await self._one_is_settled(now):
            self._looked = now
            of_a_day = await self._of_a_day(now)
            found += [told for each in reversed(of_a_day) if (told := self._settled(each))]
            self._forget({each.forecast.id for each in of_a_day})
        return found

    async def _issued(self) -> list[Told]:
        page = await self._backend.history(self._symbol, None, None, NEWEST)
        if page.forecasts and all(each.forecast.id not in self._told for each in page.forecasts):
            page = await self._backend.history(self._symbol, None, None, PAGE)
        new = [each for each in reversed(page.forecasts) if each.forecast.id not in self._told]
        for each in new:
            self._note(each)
        return [ForecastTold.of(each.forecast) for each in new]

    async def _one_is_settled(self, now: float) -> bool:
        """Whether the forecast with the newest target that has passed has an outcome that was not told."""
        passed = {id_: max((at for at in due if at <= now), default=0.0) for id_, due in self._due.items()}
        newest = max(passed, key=lambda id_: passed[id_], default=None)
        if newest is None or not passed[newest]:
            return False
        kept = await self._backend.kept(newest)
        return kept is not None and any(each.minutes not in self._told[newest] for each in kept.outcomes)

    async def _of_a_day(self, now: float) -> list[Kept]:
        return await kept_since(self._backend, self._symbol, utc(now - REACH))

    def _settled(self, kept: Kept) -> SettledTold | None:
        before = self._told.get(kept.forecast.id, set())
        new = [each for each in kept.outcomes if each.minutes not in before]
        self._note(kept)
        return settled(kept, new) if new else None

    def _note(self, kept: Kept) -> None:
        minutes = {each.minutes for each in kept.outcomes}
        waiting = [each for each in kept.forecast.horizons if each.minutes not in minutes]
        self._told[kept.forecast.id] = minutes
        self._due[kept.forecast.id] = [each.target_time.timestamp() for each in waiting]

    def _forget(self, but: set[str]) -> None:
        for id_ in self._told.keys() - but:
            del self._told[id_], self._due[id_]


async def kept_since(backend: ForecastBackend, symbol: str, since: datetime) -> list[Kept]:
    """The forecasts issued since, newest first, as many as two pages hold."""
    found: list[Kept] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await backend.history(symbol, since, cursor, PAGE)
        found += page.forecasts
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def missed_records(backend: ForecastBackend, symbol: str, since: float, now: float) -> list[Told]:
    """What was issued and settled after a moment (Unix s), and perhaps a little before it."""
    kept = await kept_since(backend, symbol, utc(now - REACH))
    issued = [each for each in reversed(kept) if each.forecast.as_of.timestamp() >= since - ISSUED_WITHIN]
    told: list[Told] = [ForecastTold.of(each.forecast) for each in issued]
    for each in reversed(kept):
        new = [one for one in each.outcomes if one.target_time.timestamp() >= since - SETTLED_WITHIN]
        told += [settled(each, new)] if new else []
    return told


def settled(kept: Kept, outcomes: list[Outcome]) -> SettledTold:
    """Some outcomes of a forecast."""
    forecast = kept.forecast
    return SettledTold(
        symbol=forecast.symbol,
        source=forecast.source,
        id=forecast.id,
        as_of=forecast.as_of,
        outcomes=tuple(outcomes),
    )
