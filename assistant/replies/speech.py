"""A language as answers use it: its phrases, and numbers, times and names in the form it gives them.

Prices and percentages have the forms of wording.py. Times are in the visitor's zone and name it; where a question named
another one, a time is told in both. A time has its day unless it is plain.
"""

from collections.abc import Sequence
from datetime import datetime
from math import ceil

from assistant.replies.phrases import phrases
from assistant.replies.wording import MINUS, NUMBER_FORMS, asked_price, coins, money, number, percent, source_name
from assistant.replies.zones import USUAL, city_of, letters_of, zone_of
from assistant.understanding import OFFERED, Language, name_of
from forecaster.schema import Symbol
from tools import decimals_of

LOWEST = 0.025  # of a forecast's chances; beyond the outermost quantiles no more is known
HOURLY, DAILY, MONTHLY, YEARLY = 0.75, 1.5, 60, 365  # days; from each on, rarity is told in the next larger unit
MONTH = 30.4  # days
HOUR = 60  # minutes
DAY = 24  # hours
EXACT = 3 * HOUR  # minutes from which on what is left of an hour is not told
SHOWN = 8  # coins that a list of all names
WIDE = 20  # a range at least this wide needs no cents
SPACELESS = frozenset({Language.CHINESE})
ARTICLES = frozenset({Language.FRENCH, Language.PORTUGUESE})  # each coin of a list has its own
OWN_NAMES = frozenset({"BTC-USD", "ETH-USD"})  # coins that a language may call otherwise than the catalogue
LETTERS_A_WORD = 2.3  # where words are not written apart
LISTED = "\n\n"  # after a list


class Speech:
    """One language; `offered` are the coins that are followed, `zone` is the visitor's by its IANA name."""

    def __init__(self, language: Language, offered: Sequence[Symbol] = OFFERED, zone: str = USUAL) -> None:
        self.language, self.offered, self._zone = language, tuple(offered), zone
        self._form = NUMBER_FORMS[language]
        self._phrases = phrases(language)

    def say(self, name: str, /, **facts: str) -> str:
        """The phrase of that name, such as "price.closed", with its facts."""
        return self._phrases.say(name, **facts)

    def joined(self, sentences: Sequence[str]) -> str:
        """Sentences as one text, each once and with a capital."""
        once = dict.fromkeys(f"{each[:1].upper()}{each[1:]}" for each in sentences if each)
        gap = "" if self.language in SPACELESS else " "
        return "".join(each if each.endswith(LISTED) else f"{each}{gap}" for each in once).strip()

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

    def coins(self, value: float, code: str) -> str:
        """An amount of a coin, such as "0.3 BTC", with as many digits as tell it."""
        return coins(value, code, self._form)

    def percent(self, value: float, digits: int = 1, *, sign: bool = False) -> str:
        """A percentage, with a minus sign where it is negative; with `sign`, with a plus sign too."""
        return percent(value, digits, sign=sign, form=self._form)

    def number(self, value: float, digits: int = 0) -> str:
        """A plain number; one below zero has a real minus sign."""
        return number(value, digits, self._form).replace("-", MINUS)

    def chance(self, probability: float, lowest: float = LOWEST) -> str:
        """A chance (0 to 1) in percent, which claims nothing below `lowest`, or that far from certain."""
        bound, rounded = ceil(100 * lowest), round(probability, 3)
        if rounded <= lowest:
            return self.say("numbers.under", percent=self.percent(bound, 0))
        if rounded >= 1 - lowest:
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
        return self.say(f"names.{symbol[:3].lower()}") if symbol in OWN_NAMES else name_of(symbol, self.language)

    def _owning(self, symbol: Symbol) -> str:
        if symbol in OWN_NAMES:
            return self.say(f"names.of_{symbol[:3].lower()}")
        name = name_of(symbol, self.language)
        return self.say("names.of_vowel" if name[0] in "AEIOU" else "names.of_coin", name=name)

    def source(self, source: str) -> str:
        """Where the candles came from; an exchange has the same name everywhere."""
        return self.say(f"names.{source}") if source in ("demo", "file") else source_name(source)

    def origin(self, source: str, time: datetime, beside: datetime) -> str:
        """Where a number comes from and of when it is, as an aside."""
        return self.say("time.origin", source=self.source(source), time=self.near(time, beside))

    def hours(self, hours: int) -> str:
        """So many hours."""
        return self.say("time.hour") if hours == 1 else self.say("time.hours", hours=self.number(hours))

    def span(self, minutes: int) -> str:
        """So many minutes, as hours where they are whole ones, or many."""
        if minutes % HOUR == 0:
            return self.hours(minutes // HOUR)
        if minutes >= EXACT:
            return self.say("time.about", span=self.hours(round(minutes / HOUR)))
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
        """Over the last so many hours, or days."""
        if hours % DAY == 0 and hours >= 3 * DAY:
            return self.say("time.last_days", days=self.number(hours // DAY))
        return self.say("time.last_hour") if hours == 1 else self.say("time.last_hours", hours=self.number(hours))

    def period(self, start: datetime, end: datetime | None, beside: datetime, zone: str | None) -> str:
        """From one time to another, or a whole day; without an end, until now."""
        if end is not None and (day := self._whole_day(start, end, zone or self._zone)):
            return day
        first = self.there(start, beside if end is None else end, zone)
        if end is None:
            return self.say("time.since", start=first)
        return self.say("time.period", start=first, end=self.there(end, beside, zone))

    def _whole_day(self, start: datetime, end: datetime, zone: str) -> str | None:
        """The day from one midnight of a zone to the next; None where it is another span."""
        first, last = (time.astimezone(zone_of(zone)) for time in (start, end))
        if (last.date() - first.date()).days != 1 or any(f"{each:%H:%M}" != "00:00" for each in (first, last)):
            return None
        day = self.say("time.day", day=self._ordinal(first.day), month=self._month(first))
        return self.say("time.on_day", day=day, zone=self._name_of(zone, first, of_city=zone != self._zone))

    def time(self, time: datetime) -> str:
        """A clock time with its day and year."""
        return self._clock(time, self._zone, self.date(time))

    def near(self, time: datetime, beside: datetime) -> str:
        """A clock time, with its day where that is another than of the time `beside`, which is told too."""
        return self._near(time, beside, self._zone)

    def there(self, time: datetime, beside: datetime, zone: str | None) -> str:
        """The same where a question named a zone: the time there, and the visitor's where that is another."""
        told, *other = self._both(time, beside, zone)
        return self.say("time.beside", time=told, more=other[0]) if other else told

    def when(self, time: datetime, beside: datetime, minutes: int, zone: str | None) -> str:
        """A time ahead as a question may have named it, and how far ahead that is."""
        told, *other = self._both(time, beside, zone)
        return self.say("time.beside", time=told, more=self.comma([*other, self.within(minutes)]))

    def _both(self, time: datetime, beside: datetime, zone: str | None) -> list[str]:
        """A time in the zone that was named, then in the visitor's where the clocks there differ."""
        here = self._near(time, beside, self._zone)
        if zone is None or zone == self._zone:
            return [here]
        there = self._near(time, beside, zone, of_city=True)
        clocks = {time.astimezone(zone_of(each)).utcoffset() for each in (zone, self._zone)}
        return [there] if len(clocks) == 1 else [there, here]

    def date(self, time: datetime) -> str:
        """A day with its year."""
        local = time.astimezone(zone_of(self._zone))
        return self.say("time.date", day=self._ordinal(local.day), month=self._month(local), year=str(local.year))

    def _near(self, time: datetime, beside: datetime, zone: str, *, of_city: bool = False) -> str:
        local = time.astimezone(zone_of(zone))
        plain = local.date() == beside.astimezone(local.tzinfo).date()
        day = self.say("time.day", day=self._ordinal(local.day), month=self._month(local))
        return self._clock(time, zone, None if plain else day, of_city=of_city)

    def _clock(self, time: datetime, zone: str, date: str | None, *, of_city: bool = False) -> str:
        """Hour and minute with the name of the zone."""
        local = time.astimezone(zone_of(zone))
        facts = {"clock": f"{local:%H:%M}", "zone": self._name_of(zone, local, of_city=of_city)}
        return self.say("time.at", **facts) if date is None else self.say("time.on", **facts, date=date)

    def _name_of(self, zone: str, local: datetime, *, of_city: bool) -> str:
        """What the clocks of a zone are called: letters, or its city."""
        letters, city = letters_of(local), city_of(zone_of(zone).key, self.language)
        return self.say("time.city", city=city) if city and (of_city or not letters) else letters or USUAL

    def _ordinal(self, day: int) -> str:
        return self.say("time.first") if day == 1 else str(day)

    def _month(self, time: datetime) -> str:
        return self.say("time.months").split()[time.month - 1]
