"""What no reply may hold, whoever wrote it: figures that nothing vouches for, advice, links, our prompt, internals."""

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from assistant.grounding.figures import figures_in
from assistant.grounding.vouched import Grounds
from assistant.prompts import SYSTEM

QUOTED = 12  # words in a row from the prompt
AROUND = 30  # characters beside a figure that say what it is

_LINK = re.compile(
    r"\b[a-z]{2,12}://|\bhttps?:|www\.|\bdata:|javascript:|!\[|\]\(|\b[a-z0-9-]+\.(?:com|net|org|io|xyz|ru|example)\b"
    r"|<[a-z!/][^<]*>",
    re.IGNORECASE,
)
_INTERNAL = re.compile(
    r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*[=:]"  # a variable of the environment with its value
    r"|(?<![\w.])(?!/v1/alerts(?![\w/-]|\.\w))(?:~|\.{1,2})?/[\w.-]+/[\w./-]+|\b[A-Z]:\\\w"  # a path, but for ours
    r"|\bsk-[\w-]{8,}|[A-Za-z0-9+/=_]{32,}"  # a key, or a text in another alphabet
    r"|Traceback|\bFile \"|\b\w+(?:Error|Exception)\b|-----BEGIN"
)


def objection(sentence: str, grounds: Grounds) -> str | None:
    """Why a sentence may not be said, in a few words for the log; None for one that may."""
    if _LINK.search(sentence):
        return "a link"
    if _INTERNAL.search(sentence):
        return "internals"
    if quotes_prompt(sentence):
        return "our prompt"
    if advises(sentence):
        return "trading advice"
    for figure in figures_in(sentence):
        if not grounds.trace(figure, sentence[max(0, figure.start - AROUND) : figure.end + AROUND]):
            return f"a figure of kind {figure.kind} that no tool gave"
    return None


def newest_words(text: str) -> str:
    """The end of a text, with which what follows may make up a stretch of the system prompt."""
    return " ".join(re.findall(r"\w+", text)[1 - QUOTED :])


def quotes_prompt(text: str) -> bool:
    """Whether a text repeats a stretch of the system prompt."""
    return any(each in _PROMPT for each in _stretches(text))


def _stretches(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[n : n + QUOTED]) for n in range(len(words) - QUOTED + 1)}


# The names of coins in it are no secret.
_PROMPT = set[tuple[str, ...]]().union(*map(_stretches, SYSTEM.split("{coins}")))


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
