"""The embedded chat model: understands questions about coins without a network, a key or a download.

To LangChain it is a chat model like any other. understanding/ and lookups.py decide
what it asks, replies/ what it says.
"""

import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cachetools import LRUCache
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolCall, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel, Field, PrivateAttr

from assistant.lookups import MOST_CALLS, failure_of, first_calls, second_calls
from assistant.loop import on_a_page, zone_of
from assistant.replies import from_results, without_tools
from assistant.understanding import OFFERED, IntentClassifier, Question, Readings, Topics, no_topic, read_question
from tools import RECORD, Explanation

NAME = "cryptosense-offline"
CHUNK = 16  # characters of a streamed piece
MOMENTS = 256  # turns
LETTERS_PER_TOKEN = 4  # for the usage estimate


class OfflineModel(BaseChatModel):
    """A deterministic chat model. Making one fits its classifier.

    What time it is, `moment` says, where it is set and knows, else `clock`.
    """

    clock: Callable[[], float] = Field(default=time.time, exclude=True)  # Unix seconds
    moment: Callable[[], Awaitable[datetime | None]] | None = Field(default=None, exclude=True)
    offered: tuple[str, ...] = Field(default=OFFERED, exclude=True)  # coins that are followed
    topics: Topics = Field(default=no_topic, exclude=True)  # finds what of the knowledge a text asks about
    chunk: int = Field(default=CHUNK, exclude=True, gt=0)  # characters of a streamed piece
    _classifier: IntentClassifier = PrivateAttr(default_factory=IntentClassifier.load)
    _readings: Readings = PrivateAttr(default_factory=Readings)
    _moments: LRUCache[str, datetime] = PrivateAttr(default_factory=lambda: LRUCache(MOMENTS))  # of turns under way

    @property
    def _llm_type(self) -> str:
        return NAME

    def read(self, messages: Sequence[str], zone: str = "UTC") -> Question:
        """What the newest of a person's messages asks, oldest first; `zone` is the visitor's, by its IANA name."""
        return self._question(messages, self._here(), zone)

    def warm(self) -> None:
        """Do now what the first unclear question would wait for: about a second of one processor."""
        self._classifier.warm()

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may ask for. It asks only for those of our registry."""
        return self.bind(tools=[_named(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._reply(messages, kwargs.get("tools", []))
        return ChatResult(generations=[ChatGeneration(message=reply)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in _pieces(self._reply(messages, kwargs.get("tools", [])), self.chunk):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=generation)
            yield generation

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in _pieces(self._reply(messages, kwargs.get("tools", []), await self._when(messages)), self.chunk):
            generation = ChatGenerationChunk(message=chunk)
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=generation)
            yield generation

    def _here(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    async def _when(self, messages: Sequence[BaseMessage]) -> datetime:
        """The moment that the newest question counts from, the same in all of its turn."""
        turn = next((m.id for m in reversed(messages) if isinstance(m, HumanMessage)), None)
        when = self._moments.get(turn or "") or await self._now(messages)
        if turn:
            self._moments[turn] = when
        return when

    async def _now(self, messages: Sequence[BaseMessage]) -> datetime:
        """This moment; nobody is asked for it where the newest question names no time."""
        here = self._here()
        later = here + timedelta(hours=1)
        if self.moment is None or self._read(messages, here) == self._read(messages, later):
            return here
        return await self.moment() or here

    def _read(self, messages: Sequence[BaseMessage], when: datetime) -> Question:
        said = [m.text for m in messages if isinstance(m, HumanMessage)]
        return replace(self._question(said, when, zone_of(messages)), watches=on_a_page(messages))

    def _question(self, said: Sequence[str], when: datetime, zone: str) -> Question:
        return read_question(said, self._classifier, when, self.offered, zone, self.topics, self._readings)

    def _reply(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], when: datetime | None = None
    ) -> AIMessage:
        """Tool calls while there is something to look up, else the answer."""
        question = self._read(messages, when or self._here())
        newest = max((n for n, m in enumerate(messages) if isinstance(m, HumanMessage)), default=0)
        done = [message for message in messages[newest:] if isinstance(message, ToolMessage)]
        asked = [call for m in messages[newest:] if isinstance(m, AIMessage) for call in m.tool_calls]
        offered = {tool["function"]["name"] for tool in tools}
        made = [(call["name"], call["args"]) for call in asked]  # by another model, too, which this one stands in for
        first = [call for call in first_calls(question) if call not in made]
        wanted = (first or second_calls(asked, done))[: max(0, MOST_CALLS - len(asked))]
        calls = [_tool_call(name, args) for name, args in wanted if name in offered]
        text = "" if calls else _answer(question, asked, done)
        facts = {"model_name": NAME}
        return AIMessage(text, tool_calls=calls, usage_metadata=_usage(messages, text), response_metadata=facts)


def _answer(question: Question, asked: Sequence[ToolCall], done: Sequence[ToolMessage]) -> str:
    if not done:
        return without_tools(question)
    coins = {call["id"]: call["args"].get("symbol") for call in asked}
    failures = [failure_of(m, coins.get(m.tool_call_id)) for m in done if m.status == "error"]
    return from_results(question, [_found(m.artifact) for m in done if isinstance(m.artifact, BaseModel)], failures)


def _named(tool: dict[str, Any] | type | Callable[..., Any] | BaseTool) -> dict[str, Any]:
    """A tool as far as this model reads it: the whole schema takes a millisecond at every step of a turn."""
    if isinstance(tool, BaseTool):
        return {"type": "function", "function": {"name": tool.name}}
    return convert_to_openai_tool(tool)


def _found(result: BaseModel) -> BaseModel:
    """What answers are composed from: of the whole record its numbers."""
    whole = isinstance(result, Explanation) and result.topic == RECORD
    return result.metrics or result if isinstance(result, Explanation) and whole else result


def _tool_call(name: str, args: dict[str, object]) -> ToolCall:
    return ToolCall(name=name, args=args, id=f"call_{uuid.uuid4().hex[:12]}", type="tool_call")


def _usage(messages: Sequence[BaseMessage], text: str) -> UsageMetadata:
    read = sum(len(message.text) for message in messages) // LETTERS_PER_TOKEN
    written = len(text) // LETTERS_PER_TOKEN
    return UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)


def _pieces(reply: AIMessage, size: int) -> Iterator[AIMessageChunk]:
    """A reply as a stream: chunks of so many characters that share an id, of which the last carries the usage."""
    run = f"lc_run--{uuid.uuid4()}"
    for index, call in enumerate(reply.tool_calls):
        asked = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
        yield AIMessageChunk(content="", id=run, tool_call_chunks=[asked])
    for start in range(0, len(reply.text), size):
        yield AIMessageChunk(content=reply.text[start : start + size], id=run)
    yield AIMessageChunk(
        content="",
        id=run,
        usage_metadata=reply.usage_metadata,
        response_metadata={"finish_reason": "tool_calls" if reply.tool_calls else "stop", **reply.response_metadata},
        chunk_position="last",
    )
