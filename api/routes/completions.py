"""``POST /v1/chat/completions`` and ``GET /v1/models``: the assistant as a model, for clients of OpenAI's API.

What it cannot use is ignored, as such front ends expect: settings of a model, tools, system messages, pictures.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from api import examples
from api.dependencies import Told, Turn, Words, ready_assistant
from api.routes.chat import LONGEST_MESSAGE, MOST_MESSAGES, ChatRoute
from api.wire import MODEL, documented_openai, error_body
from forecaster.errors import CryptoSenseError
from forecaster.schema import Forecast

BEGAN = int(time.time())
SAID = ("user", "assistant")
NO_QUESTION = "The last message that is not a system's or a tool's must be the user's, and hold text."
TOO_LONG = f"The question is longer than {LONGEST_MESSAGE:,} characters."
FAILED = "The assistant failed. Try again in a minute."
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
EVENTS: dict[str, Any] = {"itemSchema": {"type": "object", "properties": {"data": {"type": "string"}}}}

log = logging.getLogger(__name__)


def _text(content: object) -> str:
    """The text of a message's content, which is text or a list of parts."""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        texts = [part.get("text", "") for part in content]
        if all(isinstance(text, str) for text in texts):
            return "\n".join(text for text in texts if text)
    elif content is None or isinstance(content, str):
        return content or ""
    raise PydanticCustomError("content", "This must be text, or a list of parts of which some are text.")


_PART = {"type": "object", "properties": {"type": {}, "text": {"type": "string"}}}
_CONTENT = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}, {"type": "null"}]})


class ModelMessage(BaseModel):
    """What somebody said. Text that is not the newest question's is cut off where it is too long."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, PlainValidator(_text), _CONTENT] = ""


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = Field(default=None, strict=True)


def _asks(messages: list[ModelMessage]) -> list[ModelMessage]:
    said = [message for message in messages if message.role in SAID and message.content]
    if not said or said[-1].role != "user":
        raise PydanticCustomError("messages", NO_QUESTION)
    if len(said[-1].content) > LONGEST_MESSAGE:
        raise PydanticCustomError("messages", TOO_LONG)
    return said[-MOST_MESSAGES:]


class CompletionRequest(BaseModel):
    """The conversation so far, oldest first, of which the newest messages are read. Other fields are ignored."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.COMPLETED]})

    messages: Annotated[list[ModelMessage], Field(min_length=1, fail_fast=True), AfterValidator(_asks)]
    stream: bool | None = Field(default=None, strict=True, description="as Server-Sent Events")
    stream_options: StreamOptions | None = None


class Usage(BaseModel):
    """Words and signs, since what a token is depends on the model behind the assistant."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ReplyMessage(BaseModel):
    """What the assistant says."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one reply."""

    index: int = 0
    message: ReplyMessage
    logprobs: None = None
    finish_reason: Literal["stop"] = "stop"


class Completion(BaseModel):
    """A reply, and the newest forecast that it rests on."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str = MODEL
    choices: list[Choice]
    usage: Usage
    forecast: Forecast | None = Field(description="not OpenAI's: the newest forecast that the reply rests on")


class Model(BaseModel):
    """The assistant, as a model."""

    id: str = MODEL
    object: Literal["model"] = "model"
    created: int = BEGAN
    owned_by: str = MODEL


class Models(BaseModel):
    """All models there are: one."""

    object: Literal["list"] = "list"
    data: list[Model]


router = APIRouter(prefix="/v1", tags=["assistant"], route_class=ChatRoute)


async def _assistant(body: CompletionRequest, request: Request) -> Turn:
    return await ready_assistant(request)


@router.get("/models", summary="The assistant as a model", responses=documented_openai(401, 429, 503))
async def models(turn: Annotated[Turn, Depends(ready_assistant)]) -> Models:
    """What a front end asks before it offers a model."""
    return Models(data=[Model()])


@router.post(
    "/chat/completions",
    summary="The assistant as OpenAI's API has it",
    response_model=Completion,
    responses={
        200: {"content": {"text/event-stream": EVENTS}},
        **documented_openai(400, 401, 408, 413, 415, 422, 429, 500, 503),
    },
)
async def completions(
    body: CompletionRequest, turn: Annotated[Turn, Depends(_assistant)]
) -> Completion | StreamingResponse:
    """Answers the newest question, whole or with `stream` in pieces, for clients with a base URL to set: `.../v1`."""
    said = [{"role": each.role, "content": each.content[:LONGEST_MESSAGE]} for each in body.messages]
    reply = Reply(said)
    if body.stream:
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        return StreamingResponse(_streamed(turn, reply, with_usage), media_type="text/event-stream", headers=HEADERS)
    async for _ in reply.pieces(turn):
        pass
    return reply.whole()


@dataclass
class Reply:
    """A reply that is being made."""

    said: Sequence[Mapping[str, str]]
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))
    text: str = ""
    forecast: Forecast | None = None

    async def pieces(self, turn: Turn) -> AsyncIterator[str]:
        """The reply's text, piece by piece."""
        async with aclosing(turn(self.said)) as happening:
            async for each in happening:
                match each:
                    case Words():
                        self.text += each.text
                        yield each.text
                    case Told():
                        self.forecast = each.forecast

    def whole(self) -> Completion:
        """All of it at once."""
        choice = Choice(message=ReplyMessage(content=self.text))
        return Completion(
            id=self.id, created=self.created, choices=[choice], usage=self.usage(), forecast=self.forecast
        )

    def usage(self) -> Usage:
        """How much was said."""
        asked, answered = sum(_words(each["content"]) for each in self.said), _words(self.text)
        return Usage(prompt_tokens=asked, completion_tokens=answered, total_tokens=asked + answered)

    def chunk(self, *choices: Mapping[str, object], **more: object) -> str:
        """One event of the stream."""
        head = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": MODEL}
        return f"data: {json.dumps({**head, 'choices': choices, **more})}\n\n"


async def _streamed(turn: Turn, reply: Reply, with_usage: bool) -> AsyncIterator[str]:
    usage: dict[str, object] = {"usage": None} if with_usage else {}
    yield reply.chunk(_choice({"role": "assistant", "content": ""}), **usage)
    try:
        async with aclosing(reply.pieces(turn)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                yield reply.chunk(_choice({"content": piece}), **usage)
    except Exception as error:
        if not isinstance(error, CryptoSenseError):
            log.exception("A turn of the assistant failed.")
        told = str(error) if isinstance(error, CryptoSenseError) else FAILED
        yield f"data: {json.dumps(error_body(503, told))}\n\n"
        return
    told_forecast = reply.forecast.model_dump(mode="json") if reply.forecast else None
    yield reply.chunk(_choice({}, "stop"), forecast=told_forecast, **usage)
    if with_usage:
        yield reply.chunk(usage=reply.usage().model_dump())
    yield "data: [DONE]\n\n"


def _choice(delta: Mapping[str, str], finish: str | None = None) -> Mapping[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
