"""The coins that a question names, by every name people give them, as symbols; and much else that has a price.

    as typed       --written_coins.py-->  what only capitals, a $ or its neighbours show to be a coin bears a mark
    plain English  --symbols_in-->        symbols, by marks and by names that are no everyday words

Names come from the catalogue and from other_coins.toml. What an exchange lists is the tools' to say.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from assistant.understanding.frame import Language
from assistant.understanding.spelling import plain
from forecaster.schema import Symbol
from tools import catalogue, spellings

ABOUT = 20  # times what a coin usually costs, or that part of it: what may be its price
MARK = "\u01c2"  # a letter of no European language: what follows it is a coin's code, which no typo or glossary touches
OTHERS = Path(__file__).with_name("other_coins.toml")


class _Names(NamedTuple):
    """Every spelling of a coin with its symbol, each as plain text has it."""

    shown: dict[Symbol, str]  # the name that answers use
    sure: dict[str, Symbol]  # spellings that are no everyday words
    codes: dict[str, Symbol]  # every code, such as "sol"
    words: tuple[str, ...]  # codes that are everyday words too


def _names() -> _Names:
    names = _Names({}, {}, {}, ())
    coins = [(coin.symbol, coin.name, spellings(coin), coin.word) for coin in catalogue().values()]
    for code, entry in tomllib.loads(OTHERS.read_text("utf-8")).items():
        spelt = (code.lower(), *(name.lower() for name in entry["names"]))
        coins.append((f"{code}-USD", entry["names"][0], spelt, entry.get("word", False)))
    words = set()
    for symbol, name, spelt, word in coins:
        code = symbol.partition("-")[0].lower()
        names.shown.setdefault(symbol, name)
        names.codes.setdefault(code, symbol)
        words |= {code} if word else set()
        for each in map(plain, spelt):
            if not (word and each == code):
                names.sure.setdefault(each, symbol)
    return names._replace(words=tuple(sorted(words)))


NAMES = _names()
NAME_WORDS = frozenset(word for name in NAMES.sure for word in re.findall(r"[a-z]+", name))


def any_of(words: Iterable[str]) -> str:
    """A pattern for any of the words, the longest first."""
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


SPELT = any_of(name for name in NAMES.sure if name.isascii())
WORDS = any_of(NAMES.words)
_SIGNS = any_of(name for name in NAMES.sure if not name.isascii())
COINS = re.compile(
    rf"{MARK}(?P<mark>[a-z0-9]{{1,12}})"
    rf"|(?<![a-z])(?:(?P<name>{SPELT})s?(?:[-/ ]?usd[tc]?)?|(?P<word>{WORDS})[-/ ]?usd[tc]?(?! ?\d))(?![a-z])"
    rf"|(?P<sign>{_SIGNS})"
)
_EVERY = re.compile(
    r"\b(?:all (?:of )?(?:the |your |these |those |my )?(?:\w{1,12} )?coins|every coin"
    r"|all (?:of )?(?:them|the cryptos?)|all (?:the |your )?crypto(?:s|currencies)?)\b"
)
_BOTH = re.compile(
    r"\b(?:both(?! (?:legs|sides|ends|ways|directions|strikes|bounds)\b)|each coin|either coin"
    r"|(?:the|these|those|your) (?:2 |supported |available )?coins"
    r"|the 2(?! ?(?:%|percent|next|last|past|coming|hours)))\b"
)
_DENIAL = re.compile(r"\b(?:not|instead of|rather than|except)(?: the| for| about)? $")
_LONGEST_DENIAL = 32  # characters
_FOREIGN_NAMES = (
    "tether", "usdc", "stablecoin", "stablecoins", "altcoin", "altcoins", "memecoin", "memecoins", "tesla", "tsla",
    "nvidia", "nvda", "apple", "aapl", "amazon", "google", "alphabet", "microsoft", "msft", "netflix", "facebook",
    "meta stock", "gamestop", "gme", "coinbase stock", "microstrategy", "mstr", "gold", "silver", "oil", "copper",
    "platinum", "palladium", "natural gas", "wheat", "s&p", "s&p 500", "sp500", "nasdaq", "dow jones", "dax", "ftse",
    "nikkei", "euro stoxx", "stoxx", "ibex", "cac 40", "bovespa", "stock market", "stocks", "forex",
)  # fmt: skip
FIAT = frozenset((
    "usd", "eur", "gbp", "jpy", "chf", "aud", "cad", "nzd", "cny", "brl", "mxn", "inr", "krw", "xau", "xag", "us",
))  # fmt: skip
_MONEYS = "|".join(sorted(FIAT - {"us", "usd"}))
FOREIGN = re.compile(rf"(?<![a-z])(?:{any_of(_FOREIGN_NAMES)}|(?:{_MONEYS})[/-]?usd|usd[/-]?(?:{_MONEYS}))(?![a-z])")
FOREIGN_WORDS = frozenset(word for name in _FOREIGN_NAMES for word in re.findall(r"[a-z]+", name))


def symbols_in(
    english: str, *, every: tuple[Symbol, ...] = (), both: tuple[Symbol, ...] = ("BTC-USD", "ETH-USD")
) -> tuple[Symbol, ...]:
    """The coins that a text in plain English names, in its order. A coin that is only denied is not among them.

    `every` are those that "all coins" means, `both` those that "both" means.
    """
    found: dict[Symbol, None] = {}
    for at in COINS.finditer(english):
        if not _DENIAL.search(english[max(0, at.start() - _LONGEST_DENIAL) : at.start()]):
            found.setdefault(_symbol(at))
    if every and _EVERY.search(english):
        return every
    if len(found) < 2 and (_BOTH.search(english) or _EVERY.search(english)):
        return both
    return tuple(found)


def unnamed(english: str) -> str:
    """A text in plain English with every coin, and all else that has a price, made alike."""
    return FOREIGN.sub(" coin ", COINS.sub(" coin ", english))


def foreign(english: str) -> str | None:
    """A stock, currency or metal that a text names: what no exchange of coins lists."""
    named = FOREIGN.search(COINS.sub(" ", english))
    return named[0] if named else None


def name_of(symbol: Symbol, language: Language = Language.ENGLISH) -> str:
    """What people call a coin: Solana for SOL-USD; its code where it has no name here."""
    if symbol in catalogue() and language in catalogue()[symbol].local:
        return catalogue()[symbol].local[language]
    return NAMES.shown.get(symbol, symbol.partition("-")[0])


def priced_like(symbols: Sequence[Symbol]) -> Callable[[float], bool]:
    """Whether a number may be the price in USD of one of these coins, to tell it from other numbers.

    That of a coin whose usual price is not known may be any.
    """
    usual = [catalogue()[symbol].simulated.level if symbol in catalogue() else None for symbol in symbols]
    return lambda value: value > 0 and any(price is None or price / ABOUT <= value <= price * ABOUT for price in usual)


def _symbol(at: "re.Match[str]") -> Symbol:
    if code := at["mark"] or at["word"]:
        return NAMES.codes.get(code, f"{code.upper()}-USD")
    return NAMES.sure[at["name"] or at["sign"]]
