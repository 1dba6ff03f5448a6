"""The agent: one turn of a conversation in, a stream of events out. It keeps nothing between turns.

    conversation -> [ model -> tools -> model -> ... ] -> words -> grounding -> events

The loop is LangChain's; what bounds it is here: how much it reads, how often it calls, what it may say, and that the
embedded model takes over when a language model fails, stays silent, or says what no tool gave.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from assistant.grounding import Checked, Grounding
from assistant.prompts import SYSTEM
from tools.registry import NAMES
from tools.tool import BoundTool

if TYPE_CHECKING:  # LangChain takes seconds to import, and events are needed without it
    from langchain.agents.middleware import AgentMiddleware
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage, ToolMessage
    from langgraph.graph.state import CompiledStateGraph

    Graph = CompiledStateGraph[Any, Any, Any, Any]

LONGEST_MESSAGE = 2000  # characters
TOOL_CALLS = 6  # in one turn
MODEL_CALLS = TOOL_CALLS + 1  # in one turn
HISTORY = 3000  # tokens of a conversation that a model reads
SILENCE = 9.0  # seconds without a word after which a language model is not waited for
LONGEST_TURN = 60.0  # seconds for a language model and its tools

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


@dataclass(frozen=True, slots=True)
class Agent:
    """A language model with tools, and the embedded model that takes over from it; the same one where it answers."""

    graph: "Graph"
    embedded: "Graph"


def build_agent(chat_model: "BaseChatModel", tools: Sequence[BoundTool]) -> Agent:
    """An agent that answers with this model and these tools. It takes part in any number of turns at once."""
    from assistant.offline_model import OfflineModel

    graph = _graph(chat_model, tools)
    return Agent(graph, graph if isinstance(chat_model, OfflineModel) else _graph(OfflineModel(), tools))


def _graph(chat_model: "BaseChatModel", tools: Sequence[BoundTool]) -> "Graph":
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware

    from tools.langchain_tools import to_langchain

    limits: list[AgentMiddleware[Any, Any, Any]] = [
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS, exit_behavior="end"),
        ToolCallLimitMiddleware(run_limit=TOOL_CALLS, exit_behavior="continue"),
    ]
    return create_agent(chat_model, to_langchain(tools), system_prompt=SYSTEM, middleware=limits)


async def run_turn(agent: Agent, messages: Sequence[Mapping[str, str]]) -> AsyncGenerator[Event, None]:
    """Answer the newest of the messages, ``{"role": "user" | "assistant", "content": ...}``, oldest first."""
    newest = messages[-1]["content"] if messages else ""
    if not newest.strip() or len(newest) > LONGEST_MESSAGE:
        yield Token(TOO_LONG if newest.strip() else EMPTY)
        return
    turn = _Turn(_history(messages), Grounding(messages))
    async with aclosing(_answered(agent, turn)) as events:
        async for event in events:
            yield event
    if not turn.answered:
        yield Token(turn.apart(UNFINISHED))


@dataclass(slots=True)
class _Turn:
    """What one turn knows so far."""

    said: "list[BaseMessage]"  # the conversation that models read, then the tool calls of this turn and their results
    grounding: Grounding
    started: dict[str, float] = field(default_factory=dict)  # when each tool began, by the call's id
    running: int = 0  # tools
    spoken: bool = False  # at all
    answered: bool = False  # since the newest tool call or notice

    def apart(self, text: str) -> str:
        """A text, as a paragraph of its own where something was said."""
        return f"\n\n{text}" if self.spoken and not self.answered else text

    def token(self, text: str, *, answers: bool = True) -> Token:
        """A piece of the reply; a notice answers nothing."""
        self.answered = self.answered and answers
        token = Token(self.apart(text))
        self.spoken, self.answered = True, answers
        return token


async def _answered(agent: Agent, turn: _Turn) -> AsyncGenerator[Event, None]:
    """The model's turn, and the embedded model's where that one breaks off."""
    if agent.graph is not agent.embedded:
        try:
            async with aclosing(_told(agent.graph, turn, _refusing)) as events:
                async for event in events:
                    yield event
            return
        except _Refused as refused:
            log.warning("The language model said what it must not (%s); the embedded one answers.", refused)
            turn.answered = False
        except Exception as error:  # every provider has its own; their texts may hold anything
            log.warning("The language model failed (%s); the embedded one answers.", type(error).__name__)
            yield turn.token(STAND_IN, answers=False)
        turn.grounding.forget()
    async with aclosing(_told(agent.embedded, turn, _leaving_out)) as events:
        async for event in events:
            yield event


class _Refused(Exception):
    """A language model said what it must not."""


def _refusing(sentence: Checked) -> str:
    """A sentence that may be said. Raises _Refused."""
    if sentence.objection:
        raise _Refused(sentence.objection)
    return sentence.text


def _leaving_out(sentence: Checked) -> str:
    """The same for the embedded model, whose sentences come from results: one that may not be said is a bug."""
    if sentence.objection:
        log.error("A sentence of the embedded model was left out: %s.", sentence.objection)
        return ""
    return sentence.text


async def _told(graph: "Graph", turn: _Turn, passed: Callable[[Checked], str]) -> AsyncGenerator[Event, None]:
    """The events of a graph that answers; every sentence goes through `passed`."""
    async with aclosing(_parts(graph, turn)) as parts:
        async for mode, part in parts:
            if mode == "updates":
                for event in _tool_events(part, turn):
                    for token in _tokens(turn.grounding.end(), turn, passed):
                        yield token
                    turn.answered = False
                    yield event
            else:
                for token in _tokens(turn.grounding.check(_words(*part)), turn, passed):
                    yield token
    for token in _tokens(turn.grounding.end(), turn, passed):
        yield token


def _tokens(sentences: Iterator[Checked], turn: _Turn, passed: Callable[[Checked], str]) -> Iterator[Token]:
    return (turn.token(text) for text in map(passed, sentences) if text.strip())


async def _parts(graph: "Graph", turn: _Turn) -> AsyncGenerator[tuple[str, Any], None]:
    """What a graph streams. Raises TimeoutError when its model stays silent, or never comes to an end."""
    end = time.monotonic() + LONGEST_TURN
    stream = graph.astream({"messages": list(turn.said)}, stream_mode=["messages", "updates"])
    async with aclosing(cast("AsyncGenerator[tuple[str, Any]]", stream)) as parts:
        while True:
            left = end - time.monotonic()
            try:
                async with asyncio.timeout(left if turn.running else min(left, SILENCE)):
                    part = await anext(parts)
            except StopAsyncIteration:
                return
            yield part


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


def _tool_events(update: Mapping[str, Any], turn: _Turn) -> Iterator[ToolStarted | ToolFinished]:
    """The tool calls that a step of the loop began or ended."""
    from langchain_core.messages import AIMessage, ToolMessage

    for message in (message for node in update.values() for message in (node or {}).get("messages", ())):
        if isinstance(message, AIMessage):
            if message.tool_calls:
                turn.said.append(message)
            for call in message.tool_calls:
                turn.running += 1
                if call["name"] not in NAMES:  # it is told so, and nobody else needs to know
                    continue
                turn.started[str(call["id"])] = time.monotonic()
                yield ToolStarted(str(call["id"]), call["name"], call["args"])
        elif isinstance(message, ToolMessage):
            turn.said.append(message)
            turn.running -= 1
            if message.tool_call_id in turn.started:
                yield _finished(message, turn)


def _finished(message: "ToolMessage", turn: _Turn) -> ToolFinished:
    key, ok = message.tool_call_id, message.status != "error"
    data = message.artifact if ok and isinstance(message.artifact, BaseModel) else None
    turn.grounding.learn(message.text, data)
    seconds = time.monotonic() - turn.started.pop(key)
    return ToolFinished(key, str(message.name), ok, message.text, seconds, data)
