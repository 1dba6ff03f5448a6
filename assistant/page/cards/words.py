"""The words of cards and steps: a language as answers use it, with phrases of their own in texts/.

Prices, percentages and times come from the functions that answers are told with, so that both say the same.
"""

from datetime import datetime
from pathlib import Path

from assistant.replies import NBSP, NUMBER_FORMS, Speech, phrases_in, zone_of
from assistant.understanding import Language
from forecaster.schema import ForecastWarning

TEXTS = Path(__file__).with_name("texts")
USUAL = "UTC"


class CardSpeech(Speech):
    """One language; `zone` is the visitor's by its IANA name."""

    def __init__(self, language: Language = Language.ENGLISH, zone: str = USUAL) -> None:
        super().__init__(language, zone=zone)
        self._there = zone_of(zone)
        self._own = phrases_in(TEXTS, language)
        self._plain = Speech(language)

    def say(self, name: str, /, **facts: str) -> str:
        """The phrase of that name, of the cards or of answers, with its facts."""
        return self._own.say(name, **facts) if name in self._own.texts else super().say(name, **facts)

    @property
    def simulated(self) -> str:
        """That prices are made up."""
        return self.say(f"warnings.{ForecastWarning.DEMO_DATA}").strip(".。")

    def utc(self, time: datetime) -> str:
        """A time with its day and year in UTC."""
        return self._plain.time(time)

    def clock(self, time: datetime) -> str:
        """Hour and minute alone, where the zone is told beside it."""
        return f"{time.astimezone(self._there):%H:%M}"

    def writing(self, quote: str) -> dict[str, str]:
        """How a script writes prices of a quote currency as `money` does: the signs in numbers, and what is around."""
        form = NUMBER_FORMS[self.language]
        money = form.dollars if quote == "USD" else f"{{}}{NBSP}{quote}"
        return {"group": form.group, "decimal": form.decimal, "money": money}
