"""What a language model of a provider must keep to in one turn, beside what each sentence may hold.

    pieces of a reply --thoughts.py--> without its thoughts --sentences--> Guard.passed --> said, held back, or Refused

Where the embedded model would look something up, nothing is said before a tool has answered. A reply that repeats
itself, holds a call of a tool as text, or judges this service against its record ends the model's turn: the embedded
model answers then, assistant/agent.py.
"""

import re
import zlib
from collections import Counter
from typing import TYPE_CHECKING

from pydantic import BaseModel

from assistant.grounding import Checked, Claims, Refused, refusing
from assistant.loop import worked
from assistant.thoughts import Thoughts
from tools import NAMES

if TYPE_CHECKING:  # LangChain takes seconds to import
    from langchain_core.messages import ToolMessage

MOST_SAID = 2  # times that one sentence may be said in a turn
LONG = 200  # characters from which on a sentence may repeat itself
REPETITIVE = 0.25  # of a long sentence: what zlib leaves of one that does

_NAMES = "|".join(sorted(NAMES))
_MALFORMED = re.compile(
    r"<[|\uff5c]|[|\uff5c]>|</?\w+[^<>\n]{0,40}>|</?(?:think|tool|function)\w*"  # tags of a model's own template
    r"|\[/?(?:INST|SYS|TOOL_\w+|AVAILABLE_TOOLS)\]|</?s>|```"
    r"|^\s*[\[{]\s*(?:[\"'{\[}\]]|$)"  # JSON, or its first line
    r"|[\"'](?:name|function|tool|action|arguments|parameters|args|kwargs|type|symbol|hours|error)[\"']\s*:"
    r"|^\W*(?:Action(?: Input)?|Observation|Thought|Tool(?: call)?|Function(?: call)?)\s*:"
    rf"|\b(?:functions?|tools?)\.(?:{_NAMES})\b|\b(?:{_NAMES})\s*(?:\(|\{{|\[)"
    r"|\btool_calls?\b",
    re.IGNORECASE,
)


class Guard:
    """One turn of a language model."""

    def __init__(self, *, needs_tool: bool) -> None:
        """`needs_tool`: whether the question cannot be answered without looking something up."""
        self._silent = needs_tool
        self._thoughts, self._claims = Thoughts(), Claims()
        self._said = Counter[str]()

    def read(self, piece: str) -> str:
        """What of a further piece of the reply is meant for the visitor. Raises Refused."""
        return self._thoughts.read(piece, unheard=self._silent)

    def rest(self) -> str:
        """The same of what is left at the end of a reply."""
        return self._thoughts.rest()

    def passed(self, sentence: Checked) -> str:
        """A sentence that may be said; nothing while a tool is still needed. Raises Refused."""
        self._count(sentence.text)
        if self._silent:
            return ""
        if _MALFORMED.search(sentence.text):
            raise Refused("a call of a tool, or a model's markup, as text")
        if reason := self._claims.objection(sentence.text):
            raise Refused(reason)
        return refusing(sentence)

    def learn(self, message: "ToolMessage", data: BaseModel | None) -> None:
        """A tool has answered."""
        self._silent = self._silent and not worked(message)
        if data is not None:
            self._claims.learn(data)

    def end(self) -> None:
        """The turn is over. Raises Refused where a tool was needed and none answered."""
        if self._silent:
            raise Refused("an answer without the tool that it needs")

    def _count(self, sentence: str) -> None:
        words = " ".join(re.findall(r"\w+", sentence.casefold()))
        self._said[words] += bool(words)
        text = sentence.encode()
        looping = len(sentence) >= LONG and len(zlib.compress(text)) < REPETITIVE * len(text)
        if looping or self._said[words] > MOST_SAID:
            raise Refused("the same again and again")
