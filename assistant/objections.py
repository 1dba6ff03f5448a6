"""What no reply may hold, whoever wrote it: figures that nothing vouches for, advice to trade, links, our prompt."""

import re

from assistant.advice import advises
from assistant.figures import figures_in
from assistant.grounds import Grounds
from assistant.prompts import SYSTEM

QUOTED = 12  # words in a row from the prompt
AROUND = 30  # characters beside a figure that say what it is

_LINK = re.compile(r"https?:|www\.|\bdata:|javascript:|!\[|\]\(", re.IGNORECASE)


def objection(sentence: str, grounds: Grounds) -> str | None:
    """Why a sentence may not be said, in a few words for the log; None for one that may."""
    if _LINK.search(sentence):
        return "a link"
    if quotes_prompt(sentence):
        return "our prompt"
    if advises(sentence):
        return "trading advice"
    for figure in figures_in(sentence):
        if not grounds.trace(figure, sentence[max(0, figure.start - AROUND) : figure.end + AROUND]):
            return f"a figure of kind {figure.kind} that no tool gave"
    return None


def quotes_prompt(text: str) -> bool:
    """Whether a text repeats a stretch of the system prompt."""
    return any(each in _PROMPT for each in _stretches(text))


def _stretches(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return {tuple(words[n : n + QUOTED]) for n in range(len(words) - QUOTED + 1)}


_PROMPT = _stretches(SYSTEM)
