"""``POST /v1/chat/completions`` and ``GET /v1/models``: the assistant as a model, for clients of OpenAI's API.

What may be asked, and what is refused or ignored, is in api/wire/openai_requests.py; what front ends ask for
themselves, such as a title, in api/wire/front_ends.py.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from api.dependencies import Step, Told, Turn, Words, ready_assistant
from api.routes.chat import ChatRoute
from api.wire import MODEL, CompletionRequest, documented_openai, error_body
from forecaster.errors import CryptoSenseError
from forecaster.schema import Forecast

BEGAN = int(time.time())
ELSEWHERE = f"This service has no such endpoint. Send a conversation to POST /v1/chat/completions, model {MODEL}."
NO_MODEL = f"There is no such model. The only one is {MODEL}."
FAILED = "The assistant failed. Try again in a minute."
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
EVENTS: dict[str, Any] = {"itemSchema": {"type": "object", "properties": {"data": {"type": "string"}}}}

log = logging.getLogger(__name__)


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
    finish_reason: Literal["stop", "length"] = "stop"


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
    body.require_possible()
    return await ready_assistant(request)


def _saying(text: str) -> Turn:
    """A turn that says this, and looks nothing up."""

    async def turn(
        messages: Sequence[Mapping[str, str]], /, *, zone: str = "UTC"
    ) -> AsyncGenerator[Step | Told | Words]:
        yield Words(text)

    return turn


@router.get("/models", summary="The assistant as a model", responses=documented_openai(401, 429, 503))
async def models(turn: Annotated[Turn, Depends(ready_assistant)]) -> Models:
    """What a front end asks before it offers a model."""
    return Models(data=[Model()])


@router.get(f"/models/{MODEL}", summary="The one model by its name", responses=documented_openai(401, 429, 503))
async def model(turn: Annotated[Turn, Depends(ready_assistant)]) -> Model:
    """What a client asks that was told the model's name."""
    return Model()


@router.get("/models/{name}", include_in_schema=False)
async def another_model() -> None:
    """Names the one there is."""
    raise HTTPException(404, NO_MODEL)


@router.post("/responses", include_in_schema=False)
@router.post("/completions", include_in_schema=False)
@router.post("/embeddings", include_in_schema=False)
async def elsewhere() -> None:
    """Points clients of OpenAI's other addresses to the one there is."""
    raise HTTPException(404, ELSEWHERE)


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
    reply = Reply(body.said, body.most)
    if task := body.task:
        turn = _saying(task[1])
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
    most: int | None = None  # words and signs
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))
    text: str = ""
    forecast: Forecast | None = None
    finish: Literal["stop", "length"] = "stop"

    async def pieces(self, turn: Turn) -> AsyncIterator[str]:
        """The reply's text, piece by piece, each of whole sentences: as many as may be."""
        async with aclosing(turn(self.said)) as happening:
            async for each in happening:
                match each:
                    case Words() if self.most is not None and _words(self.text + each.text) > self.most:
                        self.finish = "length"
                        return
                    case Words():
                        self.text += each.text
                        yield each.text
                    case Told():
                        self.forecast = each.forecast

    def whole(self) -> Completion:
        """All of it at once."""
        choice = Choice(message=ReplyMessage(content=self.text), finish_reason=self.finish)
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
        if isinstance(error, CryptoSenseError):
            log.warning("The assistant has no answer. %s", error)
        else:
            log.exception("A turn of the assistant failed.")
        told = error.public if isinstance(error, CryptoSenseError) else FAILED
        yield f"data: {json.dumps(error_body(503, told))}\n\n"
        return
    told_forecast = reply.forecast.model_dump(mode="json") if reply.forecast else None
    yield reply.chunk(_choice({}, reply.finish), forecast=told_forecast, **usage)
    if with_usage:
        yield reply.chunk(usage=reply.usage().model_dump())
    yield "data: [DONE]\n\n"


def _choice(delta: Mapping[str, str], finish: str | None = None) -> Mapping[str, object]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}


def _words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))
