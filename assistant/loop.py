"""The loop of a chat model and its tools, and what bounds it: calls, tokens read, and how long it is waited for.

conversation -> [ model -> tools -> model -> ... ] -> parts of a stream
"""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, TypeVar, cast

from assistant.prompts import system
from assistant.understanding import OFFERED
from forecaster.schema import Symbol
from tools import TOOLS, BoundTool, understood

if TYPE_CHECKING:  # LangChain takes seconds to import
    from langchain.agents.middleware import AgentMiddleware
    from langchain.agents.middleware.types import ModelRequest
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage, ToolMessage
    from langgraph.graph.state import CompiledStateGraph

    Graph = CompiledStateGraph[Any, Any, Any, Any]

T = TypeVar("T")

ZONE = "timezone"  # of the visitor: the additional argument of a message that names it
WATCHES = "watches"  # the one that says that a page asks, which can watch for an alert
TOOL_CALLS = 6  # in one turn
MODEL_CALLS = TOOL_CALLS + 1  # in one turn
HISTORY = 3000  # tokens of a conversation that a model reads
NEWEST = 60  # messages of it that are looked at
SILENCE = 9.0  # seconds without anything for the visitor after which a language model is not waited for
LONGEST_TURN = 60.0  # seconds for a model and its tools

_ARGUMENTS = {tool.name: tool.arguments for tool in TOOLS}
_WORD = re.compile(r"[A-Z0-9]{1,12}-USD|[A-Za-z_-]{1,16}|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)")


def build_graph(
    chat_model: "BaseChatModel", tools: Sequence[BoundTool], offered: Sequence[Symbol] = OFFERED, *, own: bool = False
) -> "Graph":
    """The loop of this model with these tools, following these coins. It takes part in any number of turns at once.

    `own` is the embedded model, which reads no prompt and bounds its calls itself: a third of the loop's time less.
    """
    from langchain.agents import create_agent
    from langchain.agents.middleware import ModelCallLimitMiddleware, ToolCallLimitMiddleware, dynamic_prompt

    from tools.langchain_tools import to_langchain

    @dynamic_prompt
    def prompt(request: "ModelRequest[Any]") -> str:
        return system(offered, zone_of(request.messages))

    limits: list[AgentMiddleware[Any, Any, Any]] = [
        prompt,
        ModelCallLimitMiddleware(run_limit=MODEL_CALLS, exit_behavior="end"),
        ToolCallLimitMiddleware(run_limit=TOOL_CALLS, exit_behavior="continue"),
    ]
    return create_agent(chat_model, to_langchain(tools), middleware=[] if own else limits)


class Patience:
    """How long a visitor has waited in a turn, and how much longer is waited for a model."""

    def __init__(self, silence: float) -> None:
        """`silence` in seconds: for what the visitor can see or read, where no tool runs."""
        self._silence, self._end = silence, time.monotonic() + LONGEST_TURN
        self._heard = time.monotonic()

    def hear(self) -> None:
        """The visitor got something."""
        self._heard = time.monotonic()

    def left(self, *, tools: bool) -> float:
        """Seconds; while tools run, which have bounds of their own, only the turn's end counts."""
        now = time.monotonic()
        return self._end - now if tools else min(self._end, self._heard + self._silence) - now


async def stream(
    graph: "Graph", said: "Sequence[BaseMessage]", *, whole: bool = False
) -> AsyncGenerator[str | Mapping[str, Any], None]:
    """What a graph streams for a conversation: words of its model, and what each step of the loop gave.

    With `whole`, Refused is raised where a reply was cut off, and no tool is run on what it asked for.
    """
    from langchain_core.messages import AIMessage, AIMessageChunk

    from assistant.whole_replies import WholeReplies

    parts = graph.astream(
        {"messages": list(said)},
        {"callbacks": [WholeReplies()]} if whole else None,
        stream_mode=["messages", "updates"],
    )
    async with aclosing(cast("AsyncGenerator[tuple[str, Any]]", parts)) as told:
        async for mode, part in told:
            if mode == "updates":
                yield part
            elif part[1].get("langgraph_node") == "model" and isinstance(part[0], AIMessage | AIMessageChunk):
                yield part[0].text  # and not the results of tools, nor what is told of calls that nobody can read


async def next_within(parts: AsyncGenerator[T, None], seconds: float) -> T | None:
    """The next part; None at the end. Raises TimeoutError where it takes longer."""
    async with asyncio.timeout(seconds):
        return await anext(parts, None)


def zone_of(messages: "Sequence[BaseMessage]") -> str:
    """The zone of whoever wrote the newest of a person's messages, by its IANA name."""
    zones = [str(m.additional_kwargs.get(ZONE, "")) for m in messages if m.type == "human"]
    return (zones[-1] if zones else "") or "UTC"


def on_a_page(messages: "Sequence[BaseMessage]") -> bool:
    """Whether the newest of a person's messages was typed on a page."""
    return bool(next((m.additional_kwargs.get(WATCHES) for m in reversed(messages) if m.type == "human"), False))


def history(messages: Sequence[Mapping[str, str]], zone: str = "UTC", *, watches: bool = False) -> "list[BaseMessage]":
    """The newest messages that fit the token budget, of which the first is a person's, whose clocks are of `zone`."""
    from langchain_core.messages.utils import count_tokens_approximately, trim_messages

    said = [  # whoever sends another role, such as "system", is a person
        {"role": "assistant" if m["role"] == "assistant" else "user", "content": m["content"]}
        for m in messages[-NEWEST:]
    ]
    kept = trim_messages(
        said,
        max_tokens=HISTORY,
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
    )
    for message in kept[-1:]:
        message.additional_kwargs[ZONE] = zone
        message.additional_kwargs |= {WATCHES: True} if watches else {}
    return kept


def settled(said: "Sequence[BaseMessage]") -> "list[BaseMessage]":
    """The same messages without tool calls that no tool has worked on: another model is to go on from there."""
    from langchain_core.messages import AIMessage, ToolMessage

    results = [each for each in said if isinstance(each, ToolMessage) and worked(each)]
    done = {message.tool_call_id for message in results}
    kept: list[BaseMessage] = []
    for message in said:
        if isinstance(message, AIMessage) and message.tool_calls:
            calls = [
                {**call, "args": meant(call["name"], call["args"])} for call in message.tool_calls if call["id"] in done
            ]
            kept += [AIMessage(message.text, tool_calls=calls)] if calls else []
        elif not isinstance(message, ToolMessage) or message in results:
            kept.append(message)
    return kept


def worked(message: "ToolMessage") -> bool:
    """Whether a tool answered, be it with a failure of its own; not so where a call came to no tool."""
    own = message.text.startswith('{"error":') and not message.text.startswith('{"error":"invalid_arguments"')
    return message.status != "error" or own


def meant(tool: str, args: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a call as the tool reads them."""
    return understood(_ARGUMENTS[tool], args).arguments if tool in _ARGUMENTS else dict(args)


def visible(tool: str, args: Mapping[str, object]) -> dict[str, object]:
    """The arguments of a call that a visitor may see: a language model can write anything into them."""
    return {
        name: value
        for name, value in meant(tool, args).items()
        if name in _ARGUMENTS[tool].model_fields and all(map(_shown, value if isinstance(value, list) else [value]))
    }


def _shown(value: object) -> bool:
    return isinstance(value, int | float) or _WORD.fullmatch(str(value)) is not None
