"""A chat model that says what a test scripted: stands in for a language model of a provider."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from assistant.offline_model import OfflineModel


@cache
def embedded() -> OfflineModel:
    """The embedded model, fitted once for all tests."""
    return OfflineModel()


class ScriptedChatModel(BaseChatModel):
    """Gives the replies of its script in order, the last one again and again; an exception is raised."""

    script: list[Any]
    _seen: list[Sequence[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[Sequence[BaseMessage]]:
        """What it was given, call by call."""
        return self._seen

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(**kwargs)

    def _generate(self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any) -> Any:
        reply = self.script[min(len(self._seen), len(self.script) - 1)]
        self._seen.append(messages)
        if isinstance(reply, Exception):
            raise reply
        return ChatResult(generations=[ChatGeneration(message=reply.model_copy(update={"id": None}))])


def calls(*wanted: tuple[str, dict[str, Any]]) -> AIMessage:
    """A reply that asks for tools."""
    return AIMessage("", tool_calls=[{"name": n, "args": a, "id": f"c{i}"} for i, (n, a) in enumerate(wanted)])
