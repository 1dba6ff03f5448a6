"""Tells advice to trade from talk about it: "buy now" and "you should sell", not "I can't say whether to buy"."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

WORDINGS = Path(__file__).with_name("advice.toml")

_REFUSAL = re.compile(
    r"\b(?:can(?:no|'|\u2019)?t|unable|whether|don['\u2019]t|do not|never|nor|neither|not|no (?:puedo|digo)|nicht|"
    r"kein\w*|ob|ne (?:peux|dis|sais|donne|conseille) pas|n\u00e3o)\b|"
    r"\u4e0d\u80fd|\u65e0\u6cd5|\u4e0d\u63d0\u4f9b|\u4e0d\u4f1a|\u662f\u5426",
    re.IGNORECASE,
)
_OBJECT = (  # what may follow a command; "hold within the range" is none
    r"(?=\s*(?:[.!:,;]|$)|\s+(?:it|now|more|some|btc|eth|bitcoin|ether\w*|the|your|this|before|until|for|today|ya|"
    r"ahora|jetzt|maintenant|agora|el|la|le|un|o|au|den|das|mehr|m\u00e1s|mais|plus)\b)"
)


def advises(sentence: str) -> bool:
    """Whether a sentence tells somebody to trade, or when."""
    if _REFUSAL.search(sentence):
        return False
    return any(pattern.search(sentence) for pattern in _patterns())


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    tables = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))
    return tuple(re.compile(text, re.IGNORECASE) for name, table in tables.items() for text in _advice(name, table))


def _advice(language: str, table: dict[str, list[str]]) -> Iterator[str]:
    """Commands, and offers with a verb behind."""
    verbs, offers = "|".join(table["verbs"]), "|".join(table["offers"])
    if language == "zh":
        yield rf"(?:{offers}).{{0,6}}(?:{verbs})"
        after = r"\u5427|\u5b83|\u6bd4\u7279\u5e01|\u4ee5\u592a\u574a|\uff01|\u3002|$"
        yield rf"(?:^|[\u3002\uff0c\uff01])(?:{verbs})(?:{after})"
        return
    before = rf"(?:^\W*|[.!?:;,\u2013\u2014]\W*|\b(?:{'|'.join(table['starts'])}),?\s+)"
    yield rf"{before}(?:{verbs})\b{_OBJECT}"
    yield rf"\b(?:{offers})[\s,]+(?:[\w'\u2019]+[\s,]+){{0,5}}?(?:\w['\u2019])?(?:{verbs})\b"
    yield r"strong (?:buy|sell)\b"
