"""Daily candles, of days of UTC: an exchange's own, asked for once a day, or made of the hours that are at hand.

Nothing is forecast from them; they are there to be looked at.
"""

from dataclasses import replace

import numpy as np
from cachetools import LRUCache

from forecaster.errors import CryptoSenseError, NoCandles
from forecaster.market.candles import Candles
from forecaster.market.single_flight import SingleFlight
from forecaster.market.sources import CandleSource, Snapshot
from forecaster.schema import DAY, MOST_SERIES

MOST_DAYS = 270  # one request gives them at every exchange
HOURS = 300  # at hand, of which days are made where no exchange gives any


class Days:
    """The newest closed days of any symbol, from the exchange that its hours come from."""

    def __init__(self, source: CandleSource) -> None:
        self._source = source
        self._held: LRUCache[tuple[str, str], tuple[int, Candles]] = LRUCache(MOST_SERIES)
        self._asking = SingleFlight[Candles | None]()

    async def newest(self, symbol: str) -> Snapshot:
        """Up to 270 closed days; fewer where there are no more. Raises NoCandles, and what the source raises."""
        hours = await self._source.latest(symbol, HOURS)
        midnight, key = int(hours.now) // DAY * DAY, (symbol, hours.source)
        held = self._held.get(key)
        days = held[1] if held and held[0] == midnight else None
        if days is None:
            days = await self._asking.call(key, lambda: self._asked(symbol, hours.source, midnight))
        if days is not None:
            self._held[key] = midnight, days
            return replace(hours, candles=days)
        made = days_of(hours.candles)
        if len(made) == 0:
            raise NoCandles(symbol, ())
        note = f"the exchange gave no days, so the newest {len(made)} were made of hours"
        return replace(hours, candles=made, notes=(*hours.notes, note))

    async def close(self) -> None:
        """Stop what is under way."""
        await self._asking.close()

    async def _asked(self, symbol: str, source: str, midnight: int) -> Candles | None:
        try:
            days = await self._source.since(symbol, source, midnight - MOST_DAYS * DAY, DAY)
        except CryptoSenseError:
            return None
        days = days.closed_at(midnight)
        return days if len(days) else None


def days_of(hours: Candles) -> Candles:
    """The whole days of UTC that hourly candles make up; an hour that is missing was one without a trade.

    A day counts from the first that begins with or after the first hour, to the last that has ended by the newest.
    """
    if len(hours) == 0:
        return Candles.from_rows([], DAY)
    first, end = -(-int(hours.time[0]) // DAY) * DAY, hours.end // DAY * DAY
    part = hours.since(first).closed_at(end)
    day = part.time // DAY  # (n,) which day each is in
    start = np.flatnonzero(np.diff(day, prepend=-1))  # (days,) first hour of each
    if len(start) == 0:
        return Candles.from_rows([], DAY)
    return Candles(
        day[start] * DAY,
        part.open[start],
        np.maximum.reduceat(part.high, start),
        np.minimum.reduceat(part.low, start),
        part.close[np.append(start[1:], len(part)) - 1],
        np.add.reduceat(part.volume, start),
        step=DAY,
    )
