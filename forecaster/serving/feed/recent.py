"""What was told lately, so that who lost the connection can go on where it was: a bounded ring, and what came before.

An id is the milliseconds since 1970 at which an event was told, and a tag of the process that told it. Who comes back
with an id of another process, or with one from before the ring, is told what the ledger and the candles say since then.
"""

import secrets
from collections import deque
from collections.abc import Callable, Collection

from forecaster.serving.feed.events import Event, Told

MOST_KEPT = 2000  # events, quotes apart: of seven coins those of about two hours, each about a kilobyte
LONGEST_AWAY = 24 * 3600.0  # seconds for which what was missed is told at all


class Recent:
    """The newest events of one process, and the newest quote of each symbol, of which older ones are of no use."""

    def __init__(self, clock: Callable[[], float], most: int = MOST_KEPT) -> None:
        """`clock` gives Unix seconds; where it is set back, ids go on rising."""
        self._clock, self._tag = clock, secrets.token_hex(3)
        self._events: deque[tuple[int, Event]] = deque(maxlen=most)
        self._newest: dict[tuple[str, str], tuple[int, Event]] = {}  # quote and candle by symbol
        self._last = self._from = int(1000 * clock())

    def add(self, told: Told) -> Event:
        """Give it an id, and remember it."""
        self._last = max(self._last + 1, int(1000 * self._clock()))
        event = Event.of(told, f"{self._last}-{self._tag}")
        if event.kind in ("quote", "candle"):
            self._newest[event.symbol, event.kind] = self._last, event
        if event.kind != "quote":
            if len(self._events) == self._events.maxlen:
                self._from = self._events[0][0]
            self._events.append((self._last, event))
        return event

    def forget_quote(self, symbol: str) -> None:
        """Nobody looks at its price any more: the newest one grows old."""
        self._newest.pop((symbol, "quote"), None)

    def newest(self, symbols: Collection[str]) -> list[Event]:
        """The newest candle and quote of each symbol, for who has just come."""
        found = [each for (symbol, _), each in self._newest.items() if symbol in symbols]
        return [event for _, event in sorted(found, key=lambda each: each[0])]

    def lately(self, symbols: Collection[str], seconds: float) -> list[Event]:
        """What was told in the last so many seconds, quotes apart, and the newest candle and quote of each symbol."""
        since = int(1000 * (self._clock() - seconds))
        told = {at: each for at, each in self._events if at >= since and each.symbol in symbols}
        told |= {at: each for at, each in self._newest.values() if each.symbol in symbols}
        return [told[at] for at in sorted(told)]

    def since(self, after: str, symbols: Collection[str]) -> list[Event] | None:
        """What was told after an id, with one quote a symbol, the newest; None where some of it is not here."""
        told = moment(after)
        if told is None or not after.endswith(f"-{self._tag}") or not self._from <= told <= self._last:
            return None
        quotes = [each for (_, kind), each in self._newest.items() if kind == "quote"]
        missed = [each for each in (*self._events, *quotes) if each[0] > told and each[1].symbol in symbols]
        return [event for _, event in sorted(missed, key=lambda each: each[0])]

    def away_since(self, after: str) -> float:
        """When an id was given, Unix seconds; a day ago at most, and not later than now."""
        now = self._clock()
        told = moment(after)
        return now if told is None else min(max(told / 1000, now - LONGEST_AWAY), now)


def moment(after: str) -> int | None:
    """The milliseconds of an id; None for what is none."""
    digits = after.partition("-")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 15 else None
