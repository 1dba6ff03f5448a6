"""Which coin and currency a name tells by whole words: "BTC/USD" in a column, "Bitstamp_BTCEUR_1h.csv" as a file."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from forecaster.market.symbols import catalogue, spellings

COINS = tuple(catalogue().values())
# Codes, and those that Kraken writes otherwise. One that is a word of English counts only beside a currency.
BASES = {coin.code: coin.code for coin in COINS} | {
    **{"XBT": "BTC", "XXBT": "BTC", "XETH": "ETH", "XLTC": "LTC", "XXRP": "XRP", "XDG": "DOGE", "XXDG": "DOGE"},
}
NAMES = {name.upper(): coin.code for coin in COINS for name in spellings(coin) if name.isascii() and name.isalpha()}
WORDS = {coin.code for coin in COINS if coin.word}
QUOTES = {
    code: code for code in ("USD", "USDT", "USDC", "EUR", "GBP", "JPY", "CHF", "AUD", "CAD", "BUSD", "FDUSD", "TUSD")
}
QUOTES |= {"ZUSD": "USD", "ZEUR": "EUR", "ZGBP": "GBP", "ZJPY": "JPY"}
SIGNS = {"$": "USD", "€": "EUR", "£": "GBP"}
STABLE = ("USDT", "USDC", "FDUSD", "BUSD")  # no word ends like these: before them any code is a coin
STEP = r"(?:_?\d+(?:MIN|[SMHDW])?)?"  # BTCUSD60, ETHUSDT1H
_BASE, _QUOTE = ("|".join(sorted(codes, key=len, reverse=True)) for codes in (BASES, QUOTES))
_KNOWN = re.compile(rf"(?P<base>{_BASE})(?P<quote>{_QUOTE}){STEP}")
_ANY = re.compile(rf"(?P<base>[A-Z0-9]{{2,10}}?)(?P<quote>{'|'.join(STABLE)}|USD){STEP}")
_WRITTEN = re.compile(
    rf"\b([A-Z0-9]{{2,10}})[-/]({'|'.join(STABLE)}|USD)\b|^([A-Z0-9]{{2,10}})_({'|'.join(STABLE)}|USD)-\d"
)


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin and the currency that its prices are in; None where a name does not say which."""

    base: str
    quote: str | None

    @property
    def symbol(self) -> str:
        """The name that the service knows it by, whatever the currency: "SOL-USD"."""
        return f"{self.base}-USD"


def coins_in(name: str) -> set[Coin]:
    """The coins that a name tells as whole words; pairs where there are any, otherwise coins alone."""
    words = [word for word in re.split(r"[^A-Z0-9]+", name.upper()) if word]
    pairs = {_coin(match) for word in words if (match := _KNOWN.fullmatch(word))}
    for base, quote in pairwise(words):
        base = NAMES.get(base, base)
        if quote in QUOTES and base in BASES:
            pairs.add(Coin(BASES[base], QUOTES[quote]))
    pairs = pairs or {Coin(m[1] or m[3], QUOTES[m[2] or m[4]]) for m in _WRITTEN.finditer(name.upper())}
    pairs = pairs or {_coin(match) for word in words if (match := _ANY.fullmatch(word)) and match["base"] not in QUOTES}
    alone = {BASES.get(NAMES.get(word, word), "") for word in words if word not in WORDS} - {""}
    return pairs or {Coin(base, None) for base in alone}


def coin_of(names: Iterable[str], wanted: str | None = None) -> Coin | None:
    """The one coin that names agree on, or of several the `wanted` one; None where they tell none, or several."""
    found: set[Coin] = set()
    for name in names:
        found |= coins_in(name)
    found = {coin for coin in found if coin.base == wanted} or found
    bases, quotes = {coin.base for coin in found}, {coin.quote for coin in found} - {None}
    if len(bases) != 1 or len(quotes) > 1:
        return None
    return Coin(bases.pop(), next(iter(quotes), None))


def currency_in(texts: Iterable[str]) -> str | None:
    """The one currency that words or signs such as "Open (EUR)" or "€" tell; None where they tell none, or several."""
    found: set[str] = set()
    for text in texts:
        found |= {QUOTES[word] for word in re.split(r"[^A-Z]+", text.upper()) if word in QUOTES}
        found |= {code for sign, code in SIGNS.items() if sign in text}
    return found.pop() if len(found) == 1 else None


def as_symbol(text: str) -> Coin:
    """What a person writes for one coin: SOL, SOL-USD, SOLUSDT or sol/eur; an unknown word is a coin's code."""
    found = coin_of([text])
    if found:
        return found
    base, _, quote = text.upper().partition("-")
    return Coin(base, QUOTES.get(quote))


def _coin(match: re.Match[str]) -> Coin:
    return Coin(BASES.get(match["base"], match["base"]), QUOTES[match["quote"]])
