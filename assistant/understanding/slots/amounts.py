"""How much of a coin, or of money, a question speaks of: "0.3 btc", "20 sats", "$500 of eth", "sats for $20"."""

import re
from collections.abc import Callable
from typing import NamedTuple

from assistant.understanding.frame import AmountIn

NUMBER = r"\d{1,15}(?:\.\d{1,12})?(?:e\d{1,3})?"
LEAST_PRICE = 100  # a smaller number is no price, unless it says so or a coin that costs about as much is named
LARGEST = 1e18  # said of an amount that is no sensible one, so that it stays finite
SATOSHI = 1e-8  # of a bitcoin
SHARE = re.compile(rf"(?P<percent>{NUMBER}) ?(?:%|percent) of \$?(?P<of>{NUMBER})(?!\w)")
_COIN = r"(?:COIN|sats?\b|satoshis?\b)"
_SPELT_OUT = (
    (re.compile(r"\b(?:half an?|half of an?|half) (?=COIN)"), "0.5 "),
    (re.compile(r"\b(?:an?|one)? ?quarter (?:(?:of )?an? )?(?=COIN)"), "0.25 "),
)
_OF_SATOSHIS = re.compile(rf"(?<![\w.-])\$?(?P<n>{NUMBER}) ?(?:sats?|satoshis?)\b")
_OF_COINS = re.compile(
    rf"(?<![\w$.-])(?P<n>{NUMBER}) ?(?:of |a |units? of |个 ?|枚 ?|颗 ?"
    rf"|枚の ?)?(?:coins? )?COIN(?! ?\$)(?!\w)(?! (?:forecasts?|predictions?|candles?))"
)
_COUNTERS = re.compile(r"[个枚颗]")  # which count coins, whatever those cost
_OF_THEM = re.compile(rf"(?<![\w$.-])(?P<n>{NUMBER}) of (?:them|those|these)\b")
_OF_MONEY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!above )(?<!below )(?<!over )(?<!under )(?<!at )\$(?P<n>{NUMBER}) ?(?:usd |us )?(?:worth )?"
        rf"(?:of|in|into|on|at|worth) {_COIN}",
        rf"\bhow (?:much|many)\b.{{0,40}}?\b(?:for|with|from) \$(?P<n>{NUMBER})",
        rf"(?:\bbuy\b.{{0,24}})?{_COIN}.{{0,24}}? (?:for|with) \$(?P<n>{NUMBER})",
        rf"\bfor \$(?P<n>{NUMBER}) {_COIN}",
        rf"\$(?P<n>{NUMBER})\b.{{0,16}}\bhow (?:much|many) (?:of )?{_COIN}",
        rf"\bhow (?:much|many) (?:of )?{_COIN} (?:is|are|in|makes?|equals?)(?: \w+)? \$(?P<n>{NUMBER})",
        rf"\b(?:invest(?:ed|ing)?|put|stick|stuck|threw|throw) (?P<n>{NUMBER}) (?:in|into|on) {_COIN}",
        rf"\$(?P<n>{NUMBER}) (?:to|=|as|(?:buys?|gets?)(?: me)?(?: in| of)?) {_COIN}",
        rf"^(?=.*\bhow (?:much|many)\b)(?=.*\b(?:buy|get|afford)\b).*?\$(?P<n>{NUMBER})",
        r"\b(?:invest(?:ed|ing)?|put|bought|staked?|lose (?:on|of|from)|loss on|risk on)"
        rf" (?:\w+ ){{0,2}}\$(?P<n>{NUMBER})",
    )
)
_OF_FOREIGN_MONEY = re.compile(
    r"(?<!above )(?<!below )(?<!over )(?<!under )(?<!hit )(?<!reach )(?<!cross )(?<!pass )(?<!touch )(?<!exceed )"
    rf"\$(?P<n>{NUMBER})"
)
_PASSED = re.compile(r"\b(?:than|to|at|past|beyond|least|most|be|is|worth|costs?) $")
_LOST = re.compile(r"\b(?:worst|lose|loss|losses|risk|value at risk|worst case|downside)\b")
_COUNTED = re.compile(r"\b(?:in|next|last|at|by|past|within|top) $")


class Amount(NamedTuple):
    """An amount, and the text without it."""

    value: float | None
    unit: AmountIn
    rest: str


def shares_multiplied(text: str, coins: "re.Pattern[str]") -> str:
    """A readied text in which "5 % of 2 eth" is that many ETH."""
    return SHARE.sub(
        lambda at: (
            f"{float(at['percent']) * float(at['of']) / 100:.12f}" if coins.match(text[at.end() :].lstrip()) else at[0]
        ),
        text,
    )


def amount_in(
    text: str, coins: "re.Pattern[str]", like: Callable[[float], bool], *, foreign_money: bool
) -> Amount | None:
    """The amount that a readied text names; one coin is none. `coins` finds coins in it.

    `like` says whether a number may be a coin's price: a large one that is like it counts no coins.

    `foreign_money` says that what looks like dollars is another currency, which is a price only where it is passed.
    """
    named = coins.sub("COIN", text)
    for written, number in _SPELT_OUT:
        named = written.sub(number, named)
    if at := _OF_SATOSHIS.search(named):
        return Amount(min(float(at["n"]), LARGEST) * SATOSHI, "coin", _without(named, at, "COIN"))
    if (at := _OF_COINS.search(named)) and ("." in at["n"] or not _COUNTED.search(named[: at.start()])):
        value = min(float(at["n"]), LARGEST)
        if value >= LEAST_PRICE and like(value) and not _COUNTERS.search(at[0]):
            return None
        none = value == 0 or (value == 1 and not _LOST.search(text))  # "1 btc" is its price
        return Amount(None if none else value, "coin", _without(named, at, "COIN"))
    if at := _OF_THEM.search(named):
        return Amount(min(float(at["n"]), LARGEST), "coin", _without(named, at, "them"))
    for pattern in (*_OF_MONEY, _OF_FOREIGN_MONEY)[: None if foreign_money else -1]:
        if at := pattern.search(named):
            if pattern is _OF_FOREIGN_MONEY and like(float(at["n"])) and _PASSED.search(named[: at.start()]):
                return None
            return Amount(min(float(at["n"]), LARGEST), "quote", _without(named, at, "COIN"))
    return None


def _without(text: str, at: "re.Match[str]", kept: str) -> str:
    return f"{text[: at.start()]} {kept} {text[at.end() :]}"
