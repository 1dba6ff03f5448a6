"""The embedded chat model: understands questions about coins without a network, a key or a download.

To LangChain it is a chat model like any other. What it asks is decided by follow_up.py, what it says by answers.py.
"""

import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

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

from assistant.replies import MOST_TOLD, Failure, from_results, without_tools
from assistant.understanding import OFFERED, Ask, Intent, IntentClassifier, Question, read_question
from forecaster.schema import HOUR
from tools import (
    FARTHEST,
    LARGEST_BUDGET,
    LONGEST_LOOK_BACK,
    MOST_HOURS,
    MOST_LAST,
    USUAL_HOURS,
    USUAL_LAST,
    Moment,
    on_the_hour,
)

NAME = "cryptosense-offline"
MOST_CALLS = MOST_TOLD  # in one turn
USUAL_SPAN = 24  # hours of candles, where none were asked for
CHUNK = 16  # characters of a streamed piece
LETTERS_PER_TOKEN = 4  # for the usage estimate
Call = tuple[str, dict[str, object]]  # a tool's name and arguments


class OfflineModel(BaseChatModel):
    """A deterministic chat model. Making one fits its classifier.

    "By 5 pm" counts from what `moment` says, where it is set and knows, else from `clock`.
    """

    clock: Callable[[], float] = Field(default=time.time, exclude=True)  # Unix seconds
    moment: Callable[[], Awaitable[Moment | None]] | None = Field(default=None, exclude=True)
    offered: tuple[str, ...] = Field(default=OFFERED, exclude=True)  # coins that are followed
    chunk: int = Field(default=CHUNK, exclude=True, gt=0)  # characters of a streamed piece
    _classifier: IntentClassifier = PrivateAttr(default_factory=IntentClassifier.load)

    @property
    def _llm_type(self) -> str:
        return NAME

    def read(self, messages: Sequence[str]) -> Question:
        """What the newest of a person's messages asks, oldest first."""
        return read_question(messages, self._classifier, *on_the_hour(self.clock()), self.offered)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools that it may ask for. It asks only for those of our registry."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

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

    async def _when(self, messages: Sequence[BaseMessage]) -> Moment:
        """The moment that the newest question counts from; nobody is asked for it where the question names no time."""
        here, later = (on_the_hour(self.clock() + seconds) for seconds in (0, HOUR))
        if self.moment is None or self._read(messages, here) == self._read(messages, later):
            return here
        return await self.moment() or here

    def _read(self, messages: Sequence[BaseMessage], when: Moment) -> Question:
        said = [m.text for m in messages if isinstance(m, HumanMessage)]
        return read_question(said, self._classifier, *when, self.offered)

    def _reply(
        self, messages: Sequence[BaseMessage], tools: Sequence[dict[str, Any]], when: Moment | None = None
    ) -> AIMessage:
        """Tool calls while there is something to look up, else the answer."""
        question = self._read(messages, when or on_the_hour(self.clock()))
        newest = max((n for n, m in enumerate(messages) if isinstance(m, HumanMessage)), default=0)
        done = [message for message in messages[newest:] if isinstance(message, ToolMessage)]
        asked = [call for m in messages[newest:] if isinstance(m, AIMessage) for call in m.tool_calls]
        offered = {tool["function"]["name"] for tool in tools}
        made = [(call["name"], call["args"]) for call in asked]  # by another model, too, which this one stands in for
        first = [call for call in first_calls(question) if call not in made]
        wanted = (first or second_calls(asked, done))[: MOST_CALLS - len(asked)]
        calls = [_tool_call(name, args) for name, args in wanted if name in offered]
        text = "" if calls else _answer(question, asked, done)
        facts = {"model_name": NAME}
        return AIMessage(text, tool_calls=calls, usage_metadata=_usage(messages, text), response_metadata=facts)


def first_calls(question: Question) -> list[Call]:
    """What to look up for a question, each thing once, and no more than a turn may."""
    calls = [call for ask in question.asks if not _said_by(ask, question.asks) for call in _calls(ask)]
    return [call for place, call in enumerate(calls) if call not in calls[:place]][:MOST_CALLS]


def _said_by(ask: Ask, asks: Sequence[Ask]) -> bool:
    """Whether another part of the question brings what this one wants without naming it: "RMSE, and why it matters"."""
    if ask.intent in (Intent.METRICS, Intent.WHY) and ask.metric is None:
        return any(each.intent is Intent.METRICS and each.metric for each in asks)
    if ask.intent is Intent.CANDLES and ask.hours is None:
        return any(each.intent is Intent.TRACK_RECORD for each in asks)
    return False


def _calls(ask: Ask) -> list[Call]:
    if ask.foreign:
        return []
    args: dict[str, object] = {}
    match ask.intent:
        case Intent.PRICE:
            name = "get_price"
        case Intent.CANDLES:
            name, args = "get_candles", {"hours": _within(ask.hours, LONGEST_LOOK_BACK, USUAL_SPAN)}
        case Intent.FORECAST | Intent.ADVICE:
            name, args = "forecast", {"hours": _within(ask.hours, FARTHEST, 1)} | _given(threshold=ask.threshold)
        case Intent.ANOMALIES:
            days = None if ask.days is None else _within(ask.days, int(LARGEST_BUDGET), 1)
            name, args = "detect_anomalies", {"hours": _within(ask.hours, MOST_HOURS, USUAL_HOURS)} | _given(days=days)
        case Intent.TRACK_RECORD:
            last = ask.hours if ask.last is None else ask.last
            name, args = "track_record", {"last": _within(last, MOST_LAST, USUAL_LAST)}
        case Intent.METRICS | Intent.WHY:
            return [("explain_metrics", _given(metric=ask.metric))]
        case _:
            return []
    return [(name, {"symbol": symbol} | args) for symbol in ask.symbols]


def _given(**args: object) -> dict[str, object]:
    """The arguments that were asked for."""
    return {name: value for name, value in args.items() if value is not None}


def second_calls(asked: Sequence[ToolCall], done: Sequence[ToolMessage]) -> list[Call]:
    """What to look up instead of a forecast that the model cannot give: a nearer one, or the coin's price.

    A call that was already made is not made again.
    """
    failures = {message.tool_call_id: _failure(message) for message in done if message.status == "error"}
    wanted: list[Call] = []
    for call in asked:
        failure = failures.get(str(call["id"]))
        if failure is None or "symbol" not in call["args"]:
            continue
        symbol = call["args"]["symbol"]
        if failure.longest_hours:
            wanted.append(("forecast", {"symbol": symbol, "hours": failure.longest_hours}))
        elif failure.supported and call["name"] == "forecast":
            wanted.append(("get_price", {"symbol": symbol}))
    made = [(call["name"], call["args"]) for call in asked]
    return [call for call in wanted if call not in made]


def _answer(question: Question, asked: Sequence[ToolCall], done: Sequence[ToolMessage]) -> str:
    if not done:
        return without_tools(question)
    coins = {call["id"]: call["args"].get("symbol") for call in asked}
    failures = [_failure(m, coins.get(m.tool_call_id)) for m in done if m.status == "error"]
    return from_results(question, [m.artifact for m in done if isinstance(m.artifact, BaseModel)], failures)


def _failure(message: ToolMessage, symbol: str | None = None) -> Failure:
    """A failed call, read from the JSON that tools give; other failures, such as a limit, come as plain words."""
    try:
        told = json.loads(message.text)
        return Failure(told["message"], told.get("longest_hours"), tuple(told.get("supported", ())), symbol)
    except (ValueError, KeyError, TypeError):
        return Failure("One thing could not be looked up.")


def _within(hours: int | None, longest: int, usual: int) -> int:
    return usual if hours is None else max(1, min(longest, hours))


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
