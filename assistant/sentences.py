"""Cuts a reply that arrives in pieces into sentences, each with the space that follows it."""

import re
from collections.abc import Iterator

from assistant.figures import MONTH

LONGEST = 600  # characters after which a text without an end is cut at a space, or anywhere
_CLOSING = "[\"'\u201d\u00bb)*_]*"
_END = re.compile(
    rf"(?<=[.!?\u2026]){_CLOSING}[ \t]+(?=\S)"  # a space is needed: 69,930.25 goes on
    r"|(?<=[\u3002\uff01\uff1f])"
    r"|\n\s*(?=\S)"
)
_ABBREVIATED = re.compile(
    r"(?:\b(?:e\.g|i\.e|z\.B|vs|approx|ca|etc|bzw|p\.ex|aprox|[ap]\.m)\.|(?:^|\n)\s*\d{1,2}\.)[ \t]*$", re.IGNORECASE
)
_DAY = re.compile(r"\b\d{1,2}\.[ \t]*$")
_MONTH = re.compile(MONTH, re.IGNORECASE)


class Sentences:
    """The sentences of one reply."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[str]:
        """The sentences that a further piece completes."""
        self._text += piece
        while cut := self._end():
            yield self._text[:cut]
            self._text = self._text[cut:]

    def rest(self) -> str:
        """What is left when nothing follows."""
        rest, self._text = self._text, ""
        return rest

    def _end(self) -> int:
        """Where the first complete sentence ends; 0 where none is complete."""
        for found in _END.finditer(self._text):
            before, after = self._text[: found.end()], self._text[found.end() :]
            if _ABBREVIATED.search(before) or (_DAY.search(before) and _begins_month(after)):
                continue
            if after or not found[0].strip():  # a closing quote may still follow
                return found.end() if after else 0
        if len(self._text) <= LONGEST:
            return 0
        return self._text.rfind(" ", 1, LONGEST) + 1 or LONGEST


def _begins_month(text: str) -> bool:
    """Whether a text may begin with a month: "19. M" could become "19. März"."""
    return len(text) < 4 or _MONTH.match(text) is not None
