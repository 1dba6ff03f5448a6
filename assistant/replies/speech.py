"""A language as answers use it: its phrases, and numbers, times and names in the form it gives them.

Prices and percentages have the forms of wording.py. Times are in UTC; a time has its day unless it is plain.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil

from assistant.replies.phrases import phrases
from assistant.replies.wording import MINUS, NUMBER_FORMS, asked_price, money, number, percent, source_name
from assistant.understanding import OFFERED, Language, name_of
from forecaster.schema import Symbol
from tools import decimals_of

LOWEST = 0.025  # of a forecast's chances; beyond the outermost quantiles no more is known
HOURLY, DAILY, MONTHLY, YEARLY = 0.75, 1.5, 60, 365  # days; from each on, rarity is told in the next larger unit
MONTH = 30.4  # days
HOUR = 60  # minutes
SHOWN = 8  # coins that a list of all names
WIDE = 20  # a range at least this wide needs no cents
SPACELESS = frozenset({Language.CHINESE})
ARTICLES = frozenset({Language.FRENCH, Language.PORTUGUESE})  # each coin of a list has its own
OWN_NAMES = frozenset({"BTC-USD", "ETH-USD"})  # coins that a language may call otherwise than the catalogue
LETTERS_A_WORD = 2.3  # where words are not written apart


class Speech:
    """One language; `offered` are the coins that are followed."""

    def __init__(self, language: Language, offered: Sequence[Symbol] = OFFERED) -> None:
        self.language, self.offered = language, tuple(offered)
        self._form = NUMBER_FORMS[language]
        self._phrases = phrases(language)

    def say(self, name: str, /, **facts: str) -> str:
        """The phrase of that name, such as "price.closed", with its facts."""
        return self._phrases.say(name, **facts)

    def joined(self, sentences: Sequence[str]) -> str:
        """Sentences as one text, each once and with a capital."""
        once = dict.fromkeys(f"{each[:1].upper()}{each[1:]}" for each in sentences if each)
        return ("" if self.language in SPACELESS else " ").join(once).strip()

    def length(self, text: str) -> float:
        """How long a text is, in words; where these are not written apart, in what takes as long to read."""
        if self.language in SPACELESS:
            return len(text) / LETTERS_A_WORD
        return sum(any(map(str.isalnum, word)) for word in text.replace(self._form.group, "").split())

    def listed(self, items: Sequence[str]) -> str:
        """Several things as people list them: "a, b and c"."""
        *others, last = items
        if not others:
            return last
        return self.say("names.and", first=self.comma(others), last=last)

    def comma(self, items: Sequence[str]) -> str:
        """Several things with commas between them."""
        return self.say("names.comma").join(items)

    def money(self, value: float, quote: str, digits: int = 2) -> str:
        """A price in its quote currency."""
        return money(value, quote, digits, self._form)

    def price(self, value: float, symbol: Symbol, quote: str, *, span: float = 0.0) -> str:
        """A coin's price with as many decimals as it is shown with; without, in a range as wide as `span`."""
        return self.money(value, quote, 0 if span >= WIDE else decimals_of(symbol, value))

    def asked_price(self, value: float, quote: str) -> str:
        """A price that somebody named, with the decimals that it has."""
        return asked_price(value, quote, self._form)

    def percent(self, value: float, digits: int = 1) -> str:
        """A percentage, with a minus sign where it is negative."""
        return percent(value, digits, form=self._form)

    def number(self, value: float, digits: int = 0) -> str:
        """A plain number; one below zero has a real minus sign."""
        return number(value, digits, self._form).replace("-", MINUS)

    def chance(self, probability: float) -> str:
        """A chance (0 to 1) in percent, which claims nothing that lies beyond the outermost quantiles."""
        bound, rounded = ceil(100 * LOWEST), round(probability, 3)
        if rounded <= LOWEST:
            return self.say("numbers.under", percent=self.percent(bound, 0))
        if rounded >= 1 - LOWEST:
            return self.say("numbers.over", percent=self.percent(100 - bound, 0))
        return self.percent(100 * probability, 0)

    def rarity(self, days: float) -> str:
        """How often something comes that comes once in so many days; as anomalies/monitor.py says it in English."""
        if days < HOURLY:
            return self.say("anomalies.often")
        if days < DAILY:
            return self.say("anomalies.daily")
        if days < MONTHLY:
            return self.say("anomalies.days", days=self.number(days))
        if days < YEARLY:
            return self.say("anomalies.months", months=self.number(days / MONTH))
        return self.say("anomalies.years")

    def coin(self, *symbols: Symbol) -> str:
        """The names of coins."""
        return self.listed([self._named(symbol) for symbol in symbols])

    def of_coin(self, *symbols: Symbol) -> str:
        """The same as what owns something: "of Bitcoin"."""
        if self.language in ARTICLES or len(symbols) == 1:
            return self.listed([self._owning(symbol) for symbol in symbols])
        return self.say("names.of_coin", name=self.coin(*symbols))

    def every_coin(self) -> dict[str, str]:
        """The coins that are followed, for the texts that name them; of many, the first."""
        shown, more = self.offered[:SHOWN], len(self.offered) > SHOWN
        if not more:
            return {"coins": self.coin(*shown), "of_coins": self.of_coin(*shown)}
        names = self.comma([self._named(symbol) for symbol in shown])
        owning = [self._owning(symbol) for symbol in shown]
        of_names = self.comma(owning) if self.language in ARTICLES else self.say("names.of_coin", name=names)
        return {"coins": self.say("names.more", coins=names), "of_coins": self.say("names.more", coins=of_names)}

    def _named(self, symbol: Symbol) -> str:
        return self.say(f"names.{_code(symbol)}") if symbol in OWN_NAMES else name_of(symbol, self.language)

    def _owning(self, symbol: Symbol) -> str:
        if symbol in OWN_NAMES:
            return self.say(f"names.of_{_code(symbol)}")
        name = name_of(symbol, self.language)
        return self.say("names.of_vowel" if name[0] in "AEIOU" else "names.of_coin", name=name)

    def source(self, source: str) -> str:
        """Where the candles came from; an exchange has the same name everywhere."""
        return self.say(f"names.{source}") if source in ("demo", "file") else source_name(source)

    def hours(self, hours: int) -> str:
        """So many hours."""
        return self.say("time.hour") if hours == 1 else self.say("time.hours", hours=self.number(hours))

    def span(self, minutes: int) -> str:
        """So many minutes, as hours where they are whole ones."""
        if minutes % 60 == 0:
            return self.hours(minutes // 60)
        return self._minutes(minutes)

    def within(self, minutes: int) -> str:
        """In so many minutes, or hours; one hour is counted in minutes, since it need not be an hour of the clock."""
        return self.say("time.in", span=self._minutes(minutes) if minutes <= HOUR else self.span(minutes))

    def _minutes(self, minutes: int) -> str:
        return self.say("time.minute") if minutes == 1 else self.say("time.minutes", minutes=self.number(minutes))

    def ahead(self, hours: int) -> str:
        """The hour that lies so many hours ahead."""
        return self.say("time.next") if hours == 1 else self.say("time.ahead", hours=self.number(hours))

    def over(self, hours: int) -> str:
        """Over the last so many hours."""
        return self.say("time.last_hour") if hours == 1 else self.say("time.last_hours", hours=self.number(hours))

    def time(self, time: datetime) -> str:
        """A clock time with its day and year."""
        return self.say("time.on", clock=_clock(time), date=self.date(time))

    def near(self, time: datetime, beside: datetime) -> str:
        """A clock time, with its day where that is another than of the time `beside`, which is told too."""
        if time.astimezone(UTC).date() == beside.astimezone(UTC).date():
            return self.say("time.at", clock=_clock(time))
        return self.say("time.on", clock=_clock(time), date=self._day(time))

    def date(self, time: datetime) -> str:
        """A day with its year."""
        utc = time.astimezone(UTC)
        return self.say("time.date", day=self._ordinal(utc.day), month=self._month(utc), year=str(utc.year))

    def _day(self, time: datetime) -> str:
        utc = time.astimezone(UTC)
        return self.say("time.day", day=self._ordinal(utc.day), month=self._month(utc))

    def _ordinal(self, day: int) -> str:
        return self.say("time.first") if day == 1 else str(day)

    def _month(self, time: datetime) -> str:
        return self.say("time.months").split()[time.month - 1]


def _code(symbol: Symbol) -> str:
    return symbol.partition("-")[0].lower()


def _clock(time: datetime) -> str:
    return f"{time.astimezone(UTC):%H:%M}"
