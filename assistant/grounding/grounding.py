"""Holds every reply, whichever model wrote it, to what tools gave: sentence by sentence, while it is told.

    tool results, what was said before --> grounds
    pieces of a reply --> sentences --refusals.py--> said, or refused with the reason

Who streams the reply, assistant/agent.py, lets another model answer where a sentence is refused.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel

from assistant.grounding.refusals import newest_words, objection, quotes_prompt
from assistant.grounding.sentences import Sentences
from assistant.grounding.vouched import Grounds
from assistant.understanding import Question

log = logging.getLogger(__name__)


class Checked(NamedTuple):
    """A sentence with the space after it, and why it may not be said (None where it may)."""

    text: str
    objection: str | None


class Grounding:
    """What vouches for one turn, and the check of its reply."""

    def __init__(self, messages: Sequence[Mapping[str, str]], asked: Question | None = None) -> None:
        """`messages` is the conversation, newest last: earlier answers were checked when they were given.

        `asked` is what the newest of them is understood to ask.
        """
        self._grounds, self._sentences, self._told = Grounds(), Sentences(), ""
        for message in messages:
            if message["role"] == "assistant":
                self._grounds.add_text(message["content"])
            else:
                self._grounds.add_question(message["content"])
        if asked is not None:
            self._grounds.add_asked(asked)

    def learn(self, text: str, data: BaseModel | None) -> None:
        """Take in a tool's result: its data, or the words of its failure."""
        if data is None:
            self._grounds.add_text(text)
        else:
            self._grounds.add_result(data)

    def check(self, piece: str) -> Iterator[Checked]:
        """The sentences that a further piece of the reply completes."""
        for sentence in self._sentences.feed(piece):
            yield self._checked(sentence)

    def end(self) -> Iterator[Checked]:
        """The last sentences, where the reply ends or a tool is asked."""
        for sentence in self._sentences.rest():
            yield self._checked(sentence)

    def forget(self) -> None:
        """Leave out what is left of a reply that another one takes the place of."""
        self._sentences = Sentences()

    def _checked(self, sentence: str) -> Checked:
        reason = objection(sentence, self._grounds)
        told = f"{self._told} {sentence}"
        if reason is None and quotes_prompt(told):  # in short sentences
            reason = "our prompt"
        if reason is None:
            self._told = newest_words(told)
        return Checked(sentence, reason)


class Refused(Exception):
    """A language model said what it must not."""


def refusing(sentence: Checked) -> str:
    """A sentence of a language model that may be said. Raises Refused."""
    if sentence.objection:
        raise Refused(sentence.objection)
    return sentence.text


def leaving_out(sentence: Checked) -> str:
    """The same for the embedded model, whose sentences come from results: one that may not be said is a bug."""
    if sentence.objection:
        log.error("A sentence of the embedded model was left out: %s.", sentence.objection)
        return ""
    return sentence.text
