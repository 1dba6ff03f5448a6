"""How many questions a language model of a provider may answer in a day, since each costs money."""

import time
from collections.abc import Callable

DAY = 86_400  # seconds
MOST_SITES = 1000  # that are counted apart; the others share one count


class Budget:
    """Turns of the current day in UTC, of all sites and of each, counted in this process."""

    def __init__(self, turns_per_day: int, per_site: int, clock: Callable[[], float] = time.time) -> None:
        """`clock` in Unix seconds."""
        self._most, self._most_of_a_site = turns_per_day, per_site
        self._clock = clock
        self._day = 0
        self._spent = 0
        self._by_site: dict[str, int] = {}

    def spend(self, site: str) -> bool:
        """Whether a language model may answer a visitor of this site; if so, the turn is counted."""
        today = int(self._clock()) // DAY
        if today != self._day:
            self._day, self._spent, self._by_site = today, 0, {}
        known = site in self._by_site or len(self._by_site) < MOST_SITES
        name = site if known else ""  # whoever makes names up gains nothing by it
        of_site = self._by_site.get(name, 0)
        if self._spent >= self._most or of_site >= self._most_of_a_site:
            return False
        self._spent += 1
        self._by_site[name] = of_site + 1
        return True
