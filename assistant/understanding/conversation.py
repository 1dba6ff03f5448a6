"""What was said in a conversation until now, as far as the next message may leave it out."""

import re
from dataclasses import dataclass, field, replace
from typing import Self

from assistant.understanding.frame import Ask, Intent, Language, Question
from forecaster.schema import Symbol

BOTH: tuple[Symbol, ...] = ("BTC-USD", "ETH-USD")  # where no two coins were named
BACK = frozenset({Intent.CANDLES, Intent.ANOMALIES, Intent.TRACK_RECORD})
AHEAD = frozenset({Intent.FORECAST, Intent.ADVICE})
TIMED = BACK | AHEAD
ABOUT_A_COIN = TIMED | {Intent.PRICE, Intent.COMPARE, Intent.ALERT}
LOOKED_UP = ABOUT_A_COIN | {Intent.METRICS, Intent.WHY, Intent.EXPLAIN}

_DOLLARS = re.compile(r"(?<![a-z])\$|\busdt?\b|\bus\$|\b(?:dollar|dólar|dolar)|美元|美金|доллар|ドル")


_MORE = re.compile(
    r"\b(?:in (?:more )?detail|details|more (?:about|on) (?:it|that)|tell me more|elaborate|full (?:answer|record))\b"
)
_MORE_ONLY = re.compile(
    r"^(?:(?:ok|and|please|can you|could you|show|give|me|with|some|i want) )*(?:tell me more|more|elaborate|go on"
    r"|(?:in )?(?:more )?details?|when (?:exactly |precisely )?was (?:that|it)(?: exactly)?)(?: please)?[ ?!.]*$"
)
_SAY_IN = re.compile(
    r"^\W*(?:(?:can|could) you )?(?:please )?"
    r"(?:(?:say|tell|repeat|write|answer|give)(?: me)? (?:that|it|this)(?: again)? )?(?:in|on|auf|en|em|用)? ?"
    r"(?!germany|portugal|china\b|espa[nñ]a\b|france\b|francia|frankreich|inglaterra|england|alemania|allemagne)"
    r"(?P<language>(?:engl|ingl|angl|germ|deutsch|alem|allem|span|espa|fran|french|port|chin)\w*"
    r"|[英德西法葡中汉](?:班牙|萄牙)?[语文])(?: please| bitte| por favor| s'il (?:te|vous) pla[iî]t|说|回答)?"
    r"(?: again)?\W*$",
    re.IGNORECASE,
)
_NAMED = (  # by how their names begin
    (Language.ENGLISH, ("en", "in", "an", "英")),
    (Language.GERMAN, ("ge", "de", "al", "德")),
    (Language.SPANISH, ("sp", "es", "西")),
    (Language.FRENCH, ("fr", "法")),
    (Language.PORTUGUESE, ("po", "葡")),
    (Language.CHINESE, ("ch", "中", "汉")),
)


def in_detail(text: str) -> bool:
    """Whether plain English asks for a longer answer."""
    return _MORE.search(text) is not None


def only_more(text: str) -> bool:
    """Whether it asks for more of what was told before, and for nothing else."""
    return _MORE_ONLY.search(text) is not None


def language_wanted(typed: str) -> Language | None:
    """The language that a message asks to be answered in, where it asks nothing else: "in english please"."""
    said = _SAY_IN.match(typed)
    name = said["language"].casefold() if said else ""
    return next((language for language, begin in _NAMED if name and name.startswith(begin)), None)


@dataclass(frozen=True, slots=True)
class Before:
    """What was said until now."""

    last: Ask = field(default_factory=lambda: Ask(Intent.OTHER))  # the newest thing asked, small talk aside
    about_coins: tuple[Ask, ...] = ()  # the newest things that were asked about a coin, together
    language: Language = Language.ENGLISH
    zone: str | None = None  # that was named
    record_told: bool = False
    guest: str | None = None  # the language that was apologized for
    named: tuple[Symbol, ...] = ()  # the newest two coins that were asked about, the older first

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """The coins that were spoken of."""
        return self.about_coins[-1].symbols if self.about_coins else self.last.symbols

    @property
    def newest(self) -> tuple[Ask, ...]:
        """What was asked last: all of it where that was about coins."""
        return self.about_coins if self.about_coins and self.last.intent in ABOUT_A_COIN else (self.last,)

    @property
    def both(self) -> tuple[Symbol, ...]:
        """What "both" means: the newest two coins, else the two that most people mean."""
        return self.named if len(self.named) == 2 else BOTH

    def advised(self, symbols: tuple[Symbol, ...], beside: Ask | None) -> tuple[Symbol, ...]:
        """The coins that advice is wanted on: none where neither the question nor what was said names one."""
        named = self.about_coins or (beside is not None and beside.intent in ABOUT_A_COIN)
        return symbols if named else ()

    def heard(self, typed: str) -> Self:
        """The same before a message that names dollars, which is no longer of another currency."""
        if not _DOLLARS.search(typed.casefold()):
            return self
        coins = tuple(replace(ask, currency=None) for ask in self.about_coins)
        return replace(self, last=replace(self.last, currency=None), about_coins=coins)

    def after(self, question: Question) -> Self:
        """With one more question answered."""
        asks = [ask for ask in question.asks if ask.intent in LOOKED_UP]
        coins = tuple(ask for ask in asks if ask.intent in ABOUT_A_COIN and ask.symbols)
        last = asks[-1] if asks else self.last
        last = last if last.symbols else replace(last, symbols=self.last.symbols)
        newest = tuple(dict.fromkeys(symbol for ask in coins if not ask.foreign for symbol in ask.symbols))
        named = (*(symbol for symbol in self.named if symbol not in newest), *newest)[-2:]
        return replace(
            self,
            last=last,
            about_coins=coins or self.about_coins,
            language=question.language,
            named=named,
            zone=next((ask.zone for ask in question.asks if ask.zone), self.zone),
            record_told=self.record_told or any(ask.intent in AHEAD and ask.symbols for ask in asks),
        )
