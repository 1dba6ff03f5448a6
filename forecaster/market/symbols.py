"""The catalogue of coins: names, aliases, decimals and what each exchange calls them, read from symbols.toml.

A symbol is what one coin costs in US dollars, such as BTC-USD. A pair that stands in no entry can be followed
too, once an exchange is known to list it; it has no name but its code.
"""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from pydantic import Field

from forecaster.errors import UnsupportedSymbol
from forecaster.schema import SYMBOL, Frozen, Symbol

CATALOGUE = Path(__file__).with_name("symbols.toml")
HOW_TO_ADD = "Another coin is one entry in forecaster/market/symbols.toml"
CHEAP = 10.0  # USD
NEAREST = 3  # symbols proposed for one that is unknown
ALIKE = 0.65  # of difflib, from which on two spellings are taken for the same coin
BITCOIN, ETHER = "BTC-USD", "ETH-USD"


class Pair(NamedTuple):
    """What an exchange calls a coin."""

    name: str  # as it stands in the exchange's addresses
    quote: str  # the currency that its price is in there


class Simulation(Frozen):
    """What tells a coin from the others on the simulated tape."""

    stream: int  # which random numbers are its own
    level: float  # USD that the price returns to
    volatility: float  # standard deviation of an hour's log return
    volume: float  # in coins, of an hour with a usual range


class Coin(Frozen):
    """One entry of the catalogue."""

    symbol: Symbol
    name: str
    local: dict[str, str] = Field(default={}, description="the name by language (ISO 639-1) that writes another")
    aliases: tuple[str, ...] = ()  # in any language, lower-case, without the code and the name
    word: bool = False  # whether the code is an everyday word too
    decimals: int  # of a price that is shown
    pairs: dict[str, Pair]  # by exchange, for those that list it
    simulated: Simulation

    @property
    def code(self) -> str:
        """BTC of BTC-USD."""
        return self.symbol.partition("-")[0]


@cache
def catalogue() -> Mapping[str, Coin]:
    """Every coin that is known by name, by symbol, in the order of the file."""
    entries = tomllib.loads(CATALOGUE.read_text("utf-8"))
    return {symbol: Coin(symbol=symbol, **entry) for symbol, entry in entries.items()}


def is_symbol(text: str) -> bool:
    """Whether a text is written like a symbol, such as SOL-USD; some exchange may know it or not."""
    return SYMBOL.fullmatch(text) is not None


def companion(symbol: str) -> str:
    """The coin whose candles help to forecast this one: Bitcoin's for every coin, Ether's for Bitcoin."""
    return ETHER if symbol == BITCOIN else BITCOIN


def unsupported(symbol: str, offered: Iterable[str]) -> UnsupportedSymbol:
    """The error for a symbol that is not offered: it names the nearest that are, and how to add one."""
    return UnsupportedSymbol(symbol, nearest(symbol, offered), HOW_TO_ADD)


def nearest(symbol: str, offered: Iterable[str]) -> tuple[str, ...]:
    """The offered symbols most like what was asked for, by code and by name; the first ones where none is."""
    symbols = tuple(offered)
    names = {name: coin.symbol for coin in catalogue().values() if coin.symbol in symbols for name in spellings(coin)}
    names |= {each.partition("-")[0].lower(): each for each in symbols}
    found = get_close_matches(symbol[:40].lower().partition("-")[0], names, 2 * NEAREST, ALIKE)
    return tuple(dict.fromkeys(names[name] for name in found))[:NEAREST] or symbols[:NEAREST]


def spellings(coin: Coin) -> tuple[str, ...]:
    """Every way to write a coin, lower-case: its code, its name and its aliases."""
    return tuple(dict.fromkeys((coin.code.lower(), coin.name.lower(), *coin.aliases)))


def rounded(price: float) -> float:
    """A price to cents, or below 10 to six significant digits: cents would destroy the price of a cheap coin."""
    return round(price, 2) if price >= CHEAP else float(f"{price:.6g}")


def plain(price: float) -> str:
    """A rounded price in digits alone, without an exponent: "64250.75", "0.0000123456"."""
    return f"{price:.2f}" if price >= CHEAP else f"{Decimal(repr(rounded(price))):f}"


def decimals_of(symbol: str, price: float) -> int:
    """How many decimals a price of this symbol is shown with; six significant digits where no entry says it."""
    if symbol in catalogue():
        return catalogue()[symbol].decimals
    return max(2, 5 - len(f"{price:.0f}") + 1) if price >= 1 else 5 - int(f"{price:e}".partition("e")[2])
