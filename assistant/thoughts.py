"""Takes out of a streamed reply what a language model thinks before it answers: <think>...</think>.

Some servers send the end alone, since their template holds the beginning; from then on every reply of this turn is
taken to begin so.
"""

import re

from assistant.grounding import Refused

NAMES = ("think", "thinking", "thought", "thoughts", "reasoning", "reflection", "analysis")
_OPEN = re.compile(rf"<(?:{'|'.join(NAMES)})>", re.IGNORECASE)
_CLOSE = re.compile(rf"</(?:{'|'.join(NAMES)})>", re.IGNORECASE)
_BEGUN = re.compile(r"</?[a-z]{0,10}$", re.IGNORECASE)  # the end of a piece may be the beginning of a tag


class Thoughts:
    """One turn of a language model."""

    def __init__(self) -> None:
        self._inside, self._headless = False, False
        self._left = ""  # the beginning of a tag, or of nothing

    def read(self, piece: str, *, unheard: bool) -> str:
        """A further piece without thoughts; `unheard` where nobody was told what came before it.

        Raises Refused where what was told before turns out to have been thoughts.
        """
        text, told = self._left + piece, ""
        while True:
            tag = (_CLOSE if self._inside else _OPEN).search(text)
            if not self._inside and (lone := _CLOSE.search(text)) and not (tag and tag.start() < lone.start()):
                if not unheard:
                    raise Refused("thoughts")
                self._headless, told, text = True, "", text[lone.end() :]
                continue
            if tag is None:
                break
            told += "" if self._inside else text[: tag.start()]
            self._inside, text = not self._inside, text[tag.end() :]
        begun = _BEGUN.search(text)
        self._left = text[begun.start() :] if begun else ""
        rest = text[: len(text) - len(self._left)]
        return told if self._inside else told + rest

    def rest(self) -> str:
        """What is left where the reply ends; the next begins anew."""
        left = "" if self._inside else self._left
        self._inside, self._left = self._headless, ""
        return left
