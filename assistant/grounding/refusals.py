"""What no reply may hold, whoever wrote it: figures that nothing vouches for, advice, links, our prompt, internals."""

import re

from assistant.grounding.advice import advises
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
    r"\b(?!CRYPTOSENSE_SOURCE=demo\b)[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*[=:]"  # a variable of the environment with its value
    r"|(?<![\w.])(?:~|\.{1,2})?/[\w.-]+/[\w./-]+|\b[A-Z]:\\\w"  # a path
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


_PROMPT = _stretches(SYSTEM)
