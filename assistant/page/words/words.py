"""The page's own words as a visitor reads them: in their language, with its numbers, on their clock."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from assistant.page.visitor import Visitor
from assistant.replies import NUMBER_FORMS, Speech, city_of, letters_of, money, number, percent, phrases_in, zone_of
from assistant.understanding import Language, name_of
from forecaster.schema import Symbol

TEXTS = Path(__file__).parent.parent / "texts"
SCRIPT = "script."  # how the names of texts begin that scripts say
CHART = "chart."  # those that the chart's scripts say
ARTICLES = (Language.FRENCH, Language.PORTUGUESE)  # which say "the Bitcoin" in sentences
REMARKS = "remarks."  # how those begin that say what a model's report remarks


class Words:
    """What the page says to a visitor. Plain text: whoever builds HTML of it escapes it."""

    def __init__(self, visitor: Visitor | None = None) -> None:
        self.visitor = visitor = visitor or Visitor()
        self._phrases = phrases_in(TEXTS, visitor.language)
        self.form = NUMBER_FORMS[visitor.language]
        self._speech = Speech(visitor.language, zone=visitor.zone)
        self._zone = zone_of(visitor.zone)

    def say(self, name: str, /, **facts: str) -> str:
        """The text of that name, such as "page.fresh", with its facts."""
        return self._phrases.say(name, **facts)

    @property
    def of_scripts(self) -> dict[str, str]:
        """What the page's scripts say, by name."""
        return self._beginning(SCRIPT)

    @property
    def of_chart(self) -> dict[str, str]:
        """What the chart says, by name."""
        return self._beginning(CHART)

    def _beginning(self, kind: str) -> dict[str, str]:
        texts = self._phrases.texts
        return {name.removeprefix(kind): text for name, text in texts.items() if name.startswith(kind)}

    def retold(self, remark: str) -> str | None:
        """A remark of a model's report, which is English, in the visitor's language; None where it is not known."""
        for name, text in phrases_in(TEXTS, Language.ENGLISH).texts.items():
            if name.startswith(REMARKS):
                pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[\\d-]+)", re.escape(text))
                if found := re.fullmatch(pattern, remark, re.ASCII):
                    return self.say(name, **found.groupdict())
        return None

    def number(self, value: float, digits: int = 0) -> str:
        """A plain number."""
        return number(value, digits, self.form)

    def percent(self, value: float, digits: int = 1, *, sign: bool = False) -> str:
        """A percentage; with `sign`, with a plus sign too."""
        return percent(value, digits, sign=sign, form=self.form)

    def money(self, value: float, quote: str, digits: int = 2) -> str:
        """A price in its quote currency."""
        return money(value, quote, digits, self.form)

    def coin(self, symbol: Symbol) -> str:
        """The name of a coin, without an article where the language would put one."""
        language = self.visitor.language
        return name_of(symbol, language) if language in ARTICLES else self._speech.coin(symbol)

    def ahead(self, minutes: int) -> str:
        """How far ahead: "15 min", "24 h"."""
        hours = minutes % 60 == 0
        return self.say("ticker.hours" if hours else "ticker.minutes", n=self.number(minutes // (60 if hours else 1)))

    def age(self, seconds: int) -> str:
        """How long something has lasted: "4 min", "3 h", "2 days"."""
        if seconds < 90 * 60:
            return self.say("ticker.minutes", n=self.number(max(1, round(seconds / 60))))
        hours = round(seconds / 3600)
        if hours < 48:
            return self.say("ticker.hours", n=self.number(hours))
        return self.say("ticker.days", n=self.number(round(hours / 24)))

    def day(self, time: datetime) -> str:
        """The day on the visitor's calendar: "19 Mar"."""
        return self._day(time.astimezone(self._zone))

    def date(self, time: datetime) -> str:
        """A day in UTC with its year: "19 Mar 2024"."""
        day = time.astimezone(UTC)
        return self.say("time.date", day=str(day.day), month=self._month(day), year=str(day.year))

    def moment(self, time: datetime) -> str:
        """Day and time on the visitor's clock: "19 Mar 14:00"."""
        return self._moment(time.astimezone(self._zone))

    def moment_html(self, time: datetime) -> str:
        """The same as HTML, with UTC for who points at it."""
        world = time.astimezone(UTC)
        return f'<time datetime="{world:%Y-%m-%dT%H:%MZ}" title="{self.world(time)}">{escape(self.moment(time))}</time>'

    def world(self, time: datetime) -> str:
        """Day and time in UTC."""
        return f"{self._moment(time.astimezone(UTC))} UTC"

    def clocks(self, beside: datetime) -> str:
        """What the visitor's clocks are called at a time: "CET", or their city."""
        return letters_of(beside.astimezone(self._zone)) or city_of(self._zone.key, self.visitor.language) or "UTC"

    def listed(self, items: Sequence[str]) -> str:
        """Several things as people list them."""
        *others, last = items
        return self.say("ticker.and", first=", ".join(others), last=last) if others else last

    def _day(self, local: datetime) -> str:
        return self.say("time.day", day=str(local.day), month=self._month(local))

    def _month(self, local: datetime) -> str:
        return self.say("time.months").split()[local.month - 1]

    def _moment(self, local: datetime) -> str:
        return f"{self._day(local)} {local:%H:%M}"
