"""How far a question looks: so many hours, so many minutes, or until a moment."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Self

from forecaster.errors import InvalidInput, UnsupportedHorizon
from forecaster.inference import Predictor, standard
from forecaster.market import utc
from forecaster.schema import HOUR, Forecast

MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Ahead:
    """Exactly one of the three, of which the first two are counted from a forecast's as_of."""

    hours: int | None = None
    minutes: int | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, hours: int | None, minutes: int | None, until: datetime | None) -> Self:
        """Of what was asked for: one hour where nothing was. Raises InvalidInput for more than one."""
        given = sum(each is not None for each in (hours, minutes, until))
        if given > 1:
            raise InvalidInput("A forecast looks ahead in one way.", "Give one of hours, minutes and until.")
        if until is not None and until.tzinfo is None:
            raise InvalidInput("The time has no time zone.", "Send it with one, such as 2026-03-19T12:00:00Z.")
        return cls(hours if given else 1, minutes, until)

    def check(self, predictor: Predictor, symbol: str) -> None:
        """Raise UnsupportedSymbol, or UnsupportedHorizon for what the model never forecasts, as far as is known yet."""
        predictor.check(symbol, 1 if self.hours is None else self.hours)
        if self.minutes is not None and not 1 <= self.minutes <= HOUR // MINUTE * predictor.longest:
            raise _too_far(self.minutes, predictor.longest)

    def horizons(self, as_of: float, newest: float, longest: int) -> tuple[int, ...]:
        """Minutes after `as_of` (Unix s), ascending: whole hours, or the usual ones before the last and that one.

        Those that are over at `newest`, the time of the newest price, are left out. Raises InvalidInput where the last
        one is, and UnsupportedHorizon where it lies more than `longest` hours ahead.
        """
        if self.hours is not None:
            return tuple(HOUR // MINUTE * hour for hour in range(1, self.hours + 1))
        last = self.minutes if self.until is None else _minutes(self.until, as_of)
        if last is None or as_of + MINUTE * last <= newest:
            raise InvalidInput(
                f"That moment is over: the newest price is of {utc(newest):%H:%M} UTC.", "Ask for a later one."
            )
        if last > HOUR // MINUTE * longest:
            raise _too_far(last, longest)
        before = (each for each in standard(longest) if each < last and as_of + MINUTE * each > newest)
        return *before, last

    def wire(self) -> dict[str, object]:
        """As it stands in a question to another service."""
        if self.until is not None:
            return {"until": self.until.isoformat()}
        return {"hours": self.hours} if self.minutes is None else {"minutes": self.minutes}

    def answered(self, forecast: Forecast) -> bool:
        """Whether a forecast's horizons are what was asked for."""
        ahead = [each.minutes for each in forecast.horizons]
        if self.hours is not None:
            return ahead == [HOUR // MINUTE * hour for hour in range(1, self.hours + 1)]
        as_of = forecast.as_of.timestamp()
        last = self.minutes if self.until is None else _minutes(self.until, as_of)
        return ahead[-1] == last and all(one < next_ for one, next_ in pairwise(ahead))


def _minutes(until: datetime, as_of: float) -> int:
    return round((until.timestamp() - as_of) / MINUTE)


def _too_far(minutes: int, longest: int) -> UnsupportedHorizon:
    return UnsupportedHorizon(-(-minutes * MINUTE // HOUR), longest, minutes)
