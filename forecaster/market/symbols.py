"""The catalogue of coins: names, aliases, decimals and what each exchange calls them, read from symbols.toml.

A symbol is what one coin costs in US dollars, such as BTC-USD. A pair that stands in no entry can be followed
too, once an exchange is known to list it; it has no name but its code.
"""

import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import NamedTuple

from forecaster.errors import UnsupportedSymbol
from forecaster.schema import Frozen, Symbol

CATALOGUE = Path(__file__).with_name("symbols.toml")
HOW_TO_ADD = "Another coin is one entry in forecaster/market/symbols.toml"
NEAREST = 3  # symbols proposed for one that is unknown
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
    names |= {each.lower(): each for each in symbols}
    asked = symbol[:40].lower()
    found = get_close_matches(asked.partition("-")[0], names, n=2 * NEAREST) + get_close_matches(asked, names)
    return tuple(dict.fromkeys(names[name] for name in found))[:NEAREST] or symbols[:NEAREST]


def spellings(coin: Coin) -> tuple[str, ...]:
    """Every way to write a coin, lower-case: its code, its name and its aliases."""
    return tuple(dict.fromkeys((coin.code.lower(), coin.name.lower(), *coin.aliases)))


def decimals_of(symbol: str, price: float) -> int:
    """How many decimals a price of this symbol is shown with; six significant digits where no entry says it."""
    if symbol in catalogue():
        return catalogue()[symbol].decimals
    return max(2, 5 - len(f"{price:.0f}") + 1) if price >= 1 else 5 - int(f"{price:e}".partition("e")[2])
