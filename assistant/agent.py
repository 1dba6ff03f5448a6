"""The agent: one turn of a conversation in, a stream of events out. It keeps nothing between turns.

    conversation -> [ model -> tools -> model -> ... ] -> words

The loop is LangChain's; what bounds it is here: how much it reads, how often it calls, and who answers when a
language model does not.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from assistant.prompts import SYSTEM
from tools.tool import BoundTool

if TYPE_CHECKING:  # LangChain takes seconds to import, and events are needed without it
    from langchain.agents.middleware import AgentMiddleware
    from langchain.agents.middleware.types import ModelRequest, ModelResponse
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langgraph.graph.state import CompiledStateGraph

    Agent = CompiledStateGraph[Any, Any, Any, Any]

LONGEST_MESSAGE = 2000  # characters
TOOL_CALLS = 6  # in one turn
MODEL_CALLS = TOOL_CALLS + 1  # in one turn
HISTORY = 3000  # tokens of a conversation that a model reads
MODEL_SECONDS = 60  # for one call of a language model

EMPTY = 'There was no question in that. Try "What\'s BTC next hour?"'
TOO_LONG = f"That is longer than {LONGEST_MESSAGE:,} characters. Please ask in fewer words."
UNFINISHED = 'I could not finish an answer to that. Try a simpler question, such as "What\'s BTC next hour?"'
STAND_IN = "The language model does not answer right now, so the built-in assistant does."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """The model asked for a tool."""

    id: str
    name: str
    args: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolFinished:
    """A tool answered: ``text`` is what the model reads, ``data`` the full result (None where ``ok`` is False)."""

    id: str
    name: str
    ok: bool
    text: str
    seconds: float
    data: BaseModel | None


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the reply, in order."""

    text: str


Event = ToolStarted | ToolFinished | Token


def build_agent(chat_model: "BaseChatModel", tools: Sequence[BoundTool]) -> "Agent":
    """An agent that answers with this model and these tools. It takes part in any number of turns at once."""
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware

    from tools.langchain_tools import to_langchain

    middleware: list[AgentMiddleware[Any, Any, Any]] = [
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS, exit_behavior="end"),
        ToolCallLimitMiddleware(run_limit=TOOL_CALLS, exit_behavior="continue"),
        *_stand_in(chat_model),
    ]
    return create_agent(chat_model, to_langchain(tools), system_prompt=SYSTEM, middleware=middleware)


async def run_turn(agent: "Agent", messages: Sequence[Mapping[str, str]]) -> AsyncGenerator[Event, None]:
    """Answer the newest of the messages, ``{"role": "user" | "assistant", "content": ...}``, oldest first."""
    newest = messages[-1]["content"] if messages else ""
    if not newest.strip() or len(newest) > LONGEST_MESSAGE:
        yield Token(TOO_LONG if newest.strip() else EMPTY)
        return
    started: dict[str, float] = {}
    spoken = answered = False  # at all; since the newest tool call or notice
    stream = agent.astream({"messages": _history(messages)}, stream_mode=["messages", "updates", "custom"])
    async with aclosing(cast("AsyncGenerator[tuple[str, Any]]", stream)) as parts:
        async for mode, part in parts:
            if mode == "updates":
                for event in _tool_events(part, started):
                    answered = False
                    yield event
            elif text := part if mode == "custom" else _words(*part):
                answered = answered and mode != "custom"
                yield Token(f"\n\n{text}" if spoken and not answered else text)
                spoken, answered = True, mode != "custom"
    if not answered:
        yield Token(f"\n\n{UNFINISHED}" if spoken else UNFINISHED)


def _history(messages: Sequence[Mapping[str, str]]) -> "list[BaseMessage]":
    """The newest messages that fit the token budget, of which the first is a person's."""
    from langchain_core.messages.utils import count_tokens_approximately, trim_messages

    said = [  # whoever sends another role, such as "system", is a person
        {"role": "assistant" if m["role"] == "assistant" else "user", "content": m["content"][:LONGEST_MESSAGE]}
        for m in messages
    ]
    return trim_messages(
        said,
        max_tokens=HISTORY,
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
    )


def _words(chunk: "BaseMessage", about: Mapping[str, object]) -> str:
    """What the model says in a streamed chunk; nothing in those of tools."""
    return chunk.text if about.get("langgraph_node") == "model" else ""


def _tool_events(update: Mapping[str, Any], started: dict[str, float]) -> Iterator[ToolStarted | ToolFinished]:
    """The tool calls that a step of the loop began or ended. `started` holds when each one began."""
    from langchain_core.messages import AIMessage, ToolMessage

    for message in (message for node in update.values() for message in (node or {}).get("messages", ())):
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                started[str(call["id"])] = time.monotonic()
                yield ToolStarted(str(call["id"]), call["name"], call["args"])
        elif isinstance(message, ToolMessage):
            key, ok = message.tool_call_id, message.status != "error"
            seconds = time.monotonic() - started.get(key, time.monotonic())
            data = message.artifact if ok and isinstance(message.artifact, BaseModel) else None
            yield ToolFinished(key, str(message.name), ok, message.text, seconds, data)


def _stand_in(chat_model: "BaseChatModel") -> "Iterator[AgentMiddleware[Any, Any, Any]]":
    """Lets the embedded model answer, and say so, when another model fails or stays silent."""
    from langchain.agents.middleware import wrap_model_call
    from langchain_core.messages import AIMessage

    from assistant.offline_model import NAME, OfflineModel

    if isinstance(chat_model, OfflineModel):
        return
    embedded = OfflineModel()

    @wrap_model_call
    async def stand_in(
        request: "ModelRequest[Any]", handler: "Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]"
    ) -> "ModelResponse[Any]":
        said = (message for message in request.messages if isinstance(message, AIMessage))
        if not any(message.response_metadata.get("model_name") == NAME for message in said):
            try:
                async with asyncio.timeout(MODEL_SECONDS):
                    return await handler(request)
            except Exception as error:  # every provider has its own; their texts may hold anything
                log.warning("The language model failed (%s); the embedded one answers.", type(error).__name__)
                request.runtime.stream_writer(STAND_IN)
        return await handler(request.override(model=embedded))

    yield stand_in
