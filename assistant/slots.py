"""A small grammar: which coin, how many hours, which metric a question names. Typos are forgiven."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import ceil
from typing import Literal

from forecaster.schema import Symbol
from tools.metrics import Metric

Direction = Literal["past", "future"]


@dataclass(frozen=True, slots=True)
class Slots:
    """What a question names. ``hours`` is as asked, so it may be 0, negative or huge."""

    symbols: tuple[Symbol, ...] = ()
    foreign: str | None = None  # a coin or stock that is not offered
    hours: int | None = None  # rounded up
    direction: Direction | None = None
    metric: Metric | None = None


_SYMBOLS: dict[Symbol, re.Pattern[str]] = {
    "BTC-USD": re.compile(r"(?:\b(?:btc|xbt|bit ?coins?)(?:[-/ ]?usdt?)?\b|₿)"),
    "ETH-USD": re.compile(r"(?:\b(?:eth|ethers?|ethereum)(?:[-/ ]?usdt?)?\b|Ξ|ξ)"),
}
_FOREIGN_NAMES = (
    "bitcoin cash", "bch", "ethereum classic", "doge", "dogecoin", "sol", "solana", "xrp", "ripple", "ada", "cardano",
    "bnb", "binance coin", "ltc", "litecoin", "polkadot", "avax", "avalanche", "chainlink", "tron", "trx", "monero",
    "xmr", "stellar", "xlm", "shib", "shiba inu", "pepe", "toncoin", "sui", "uniswap", "tether", "usdc", "altcoin",
    "altcoins", "tesla", "tsla", "nvidia", "nvda", "apple", "aapl", "amazon", "google", "microsoft", "netflix",
    "gamestop", "gme", "gold", "silver", "oil", "copper", "platinum", "s&p", "sp500", "nasdaq", "dow jones", "dax",
    "ftse", "nikkei",
)  # fmt: skip
_FOREIGN = re.compile(rf"\b(?:{'|'.join(sorted(_FOREIGN_NAMES, key=len, reverse=True))})\b")
# An unknown ticker is capitals that are no abbreviation, in a question that is not in capitals throughout.
_TICKER = re.compile(r"\b[A-Z]{3,5}\b")
_ABBREVIATIONS = frozenset((
    "BTC", "XBT", "ETH", "USD", "USDT", "EUR", "GBP", "UTC", "GMT", "EST", "PST", "CET", "MAE", "RMSE", "MAPE", "MASE",
    "LSTM", "API", "REST", "JSON", "LLM", "GPT", "ATH", "HODL", "FOMO", "DYOR", "ASAP", "HTML", "SQL", "XML", "CEO",
    "NOW", "WHAT", "WILL", "THE", "AND", "FOR", "NOT", "ALL", "YES", "YOU", "WHY", "HOW", "BUY", "SELL", "TODAY",
))  # fmt: skip

_NUMBER_WORDS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "eighteen": 18, "twenty": 20, "thirty": 30, "twenty four": 24,
    "forty eight": 48, "a couple of": 2, "couple of": 2, "a couple": 2, "couple": 2, "a few": 3, "few": 3,
    "half a": 0.5, "half an": 0.5, "half": 0.5,
}  # fmt: skip
_WORDS = "|".join(sorted(_NUMBER_WORDS, key=len, reverse=True)).replace(" ", "[ -]")
_NUMBER = rf"(?P<number>-?\d[\d,]{{0,12}}(?:\.\d{{1,6}})?(?:e\d{{1,3}})?|\b(?:{_WORDS})(?=[ -]))"
_UNIT = r"(?P<unit>minute|min|hour|hr|h|day|d|week|wk|w|month|year|yr|y)s?"
_UNIT_HOURS = {"mi": 1 / 60, "h": 1, "d": 24, "w": 168, "mo": 720, "y": 8760}
_SPAN = re.compile(rf"{_NUMBER}[ -]*(?:full |whole |more )?{_UNIT}\b")
_NEXT_OR_LAST = re.compile(rf"\b(?:next|coming|following|upcoming|this|last|past|previous) {_UNIT}\b")
_UNITLESS = re.compile(r"\b(?:in|next|last|past) (?P<number>\d{1,4})\b(?! *(?:%|percent|dollars|k\b|usd|[.,]\d))")
_DAY_WORDS = {
    "day after tomorrow": 48, "tomorrow": 24, "yesterday": 24, "today": 24, "daily": 24, "overnight": 12, "tonight": 12,
    "this morning": 12, "hourly": 1, "weekly": 168,
}  # fmt: skip
_FARTHEST = 1_000_000  # hours: enough to be refused in words, and finite
_PAST = re.compile(r"\b(last|past|previous|ago|yesterday|since|this morning|so far|recent(ly)?)\b")
_FUTURE = re.compile(
    r"\b(next|coming|following|upcoming|in|ahead|from now|later|tomorrow|tonight|overnight|within|will)\b"
)

_METRICS: dict[Metric, re.Pattern[str]] = {
    "rmse": re.compile(r"\b(?:rmse|root mean squared?(?: error)?)\b"),
    "mape": re.compile(r"\b(?:mape|(?:mean |average )?(?:absolute )?percent(?:age)? error)\b"),
    "mae": re.compile(r"\b(?:mae|mean (?:absolute )?error|average (?:absolute )?error)\b"),
    "direction": re.compile(r"\b(?:direction(?:al)?(?: accuracy)?|hit rate|up or down right)\b"),
    "skill": re.compile(r"\bskill(?: score)?\b"),
    "coverage": re.compile(r"\b(?:coverage|calibrat(?:ed|ion)|80 ?% (?:range|band|interval))"),
    "persistence": re.compile(r"\b(?:persistence|no[ -]change|naive|baseline)\b"),
}

_SPELLINGS = (
    "bitcoin", "ethereum", "ether", "hour", "hours", "hourly", "minutes", "tomorrow", "yesterday", "today", "forecast",
    "predict", "prediction", "price", "should", "direction", "coverage", "baseline", "accurate", "accuracy", "reliable",
    "metrics", "candles", "history", "invest", "thanks", "hello",
)  # fmt: skip
_NOT_TYPOS = frozenset({"either", "house", "pride", "prime", "prize"})
_SHORTHAND = {"tmrw": "tomorrow", "tmr": "tomorrow", "2moro": "tomorrow", "2day": "today", "bct": "btc"}


def tidy(text: str) -> str:
    """The text in lower case, with plain quotes, single spaces, and the words that matter spelt right."""
    lowered = text.casefold().replace("\u2019", "'").replace("\u2212", "-")
    return re.sub(r"[a-z0-9]{3,}", lambda word: _spelt(word[0]), " ".join(lowered.split()))


def mask(text: str) -> str:
    """A text with coins and numbers made alike, so that a classifier sees what is asked and not of what."""
    masked = _FOREIGN.sub("coin", tidy(text))
    for pattern in _SYMBOLS.values():
        masked = pattern.sub("coin", masked)
    return " ".join(re.sub(r"-?\d[\d,.]*(e\d+)?", " n ", masked).split())


def read_slots(text: str) -> Slots:
    """What the question names."""
    tidied = tidy(text)
    offered = _FOREIGN.sub(" ", tidied)  # "bitcoin cash" is not bitcoin
    places = {symbol: found.start() for symbol, p in _SYMBOLS.items() if (found := p.search(offered))}
    return Slots(
        symbols=tuple(sorted(places, key=lambda symbol: places[symbol])),
        foreign=_foreign(text, tidied),
        hours=_hours(tidied),
        direction="past" if _PAST.search(tidied) else "future" if _FUTURE.search(tidied) else None,
        metric=next((metric for metric, pattern in _METRICS.items() if pattern.search(tidied)), None),
    )


@lru_cache(maxsize=4096)
def _spelt(word: str) -> str:
    if word in _NOT_TYPOS:
        return word
    alike = [s for s in _SPELLINGS if s[0] == word[0] and abs(len(s) - len(word)) <= 2]
    return _SHORTHAND.get(word) or next(iter(get_close_matches(word, alike, n=1, cutoff=0.8)), word)


def _foreign(text: str, tidied: str) -> str | None:
    if named := _FOREIGN.search(tidied):
        return named[0]
    if text.isupper():
        return None
    unknown = (ticker[0] for ticker in _TICKER.finditer(text) if ticker[0] not in _ABBREVIATIONS)
    return next(unknown, None)


def _hours(tidied: str) -> int | None:
    if span := _SPAN.search(tidied):
        return _whole(_number(span["number"]) * _unit_hours(span["unit"]))
    if named := _NEXT_OR_LAST.search(tidied):
        return _whole(_unit_hours(named["unit"]))
    if unitless := _UNITLESS.search(tidied):
        return int(unitless["number"])
    return next((hours for word, hours in _DAY_WORDS.items() if re.search(rf"\b{word}", tidied)), None)


def _number(said: str) -> float:
    word = said.replace("-", " ").strip()
    return float(_NUMBER_WORDS[word]) if word in _NUMBER_WORDS else float(said.replace(",", ""))


def _unit_hours(unit: str) -> float:
    return _UNIT_HOURS[unit[:2] if unit[0] == "m" else unit[0]]


def _whole(hours: float) -> int:
    return ceil(max(-_FARTHEST, min(_FARTHEST, hours)))
