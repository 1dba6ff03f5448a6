"""What a turn of a conversation gives, in order: tools that begin and end, and pieces of the reply."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from assistant.replies import Watch
from assistant.understanding import Language


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The model asked for a tool, for an answer in a language. Arguments that no tool takes are left out."""

    id: str
    name: str
    args: Mapping[str, object]
    language: Language = Language.ENGLISH


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool answered: ``text`` is what the model reads, ``data`` the full result (None where ``ok`` is False)."""

    id: str
    name: str
    ok: bool
    text: str
    seconds: float
    data: BaseModel | None
    language: Language = Language.ENGLISH  # of the answer


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply, in order."""

    text: str


@dataclass(frozen=True, slots=True)
class AlertSet:
    """The page is to watch for something, and to tell of it in a language. Only where a page asks."""

    watch: Watch
    language: Language = Language.ENGLISH


Event = ToolStarted | ToolFinished | AlertSet | Token
