"""What clients of OpenAI's API send: a conversation, and how they want the reply.

What cannot be honoured, such as several replies or JSON, is refused and never ignored. What merely tunes a model
(temperature, seed, ...), tools that need not be called, and pictures are ignored, as front ends expect.
"""

from typing import Annotated, Any, Literal

from fastapi import HTTPException
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from api.wire.caller_values import one_number
from api.wire.front_ends import Task, answer_to, task_of

MOST_MESSAGES = 20
LONGEST_MESSAGE = 2000  # characters
EXAMPLE: dict[str, JsonValue] = {
    "model": "cryptosense",
    "messages": [{"role": "user", "content": "what's BTC next hour?"}],
    "stream": False,
}
SAID = ("user", "assistant")
NO_QUESTION = "The last message that is not a system's or a tool's must be the user's, and hold text."
TOO_LONG = f"The question is longer than {LONGEST_MESSAGE:,} characters."
UNSUPPORTED = "A parameter asks for what this model does not do. Leave it out and send the request again."


class Unsupported(HTTPException):
    """A parameter that cannot be honoured; `errors` as a problem has them."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(400, UNSUPPORTED)
        self.errors = [{"pointer": f"#/{name}", "detail": why}]


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
_PLAIN = {"type": "object", "properties": {"type": {"const": "text"}}, "required": ["type"]}
MostTokens = Annotated[int | None, Field(default=None, strict=True, ge=1), BeforeValidator(one_number)]


class ModelMessage(BaseModel):
    """What somebody said. Text that is not the newest question's is cut off where it is too long."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Annotated[str, PlainValidator(_text), _CONTENT] = ""


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool | None = Field(default=None, strict=True)


def _plain(messages: list[ModelMessage]) -> list[dict[str, str]]:
    return [{"role": each.role, "content": each.content} for each in messages if each.content]


def _said(messages: list[ModelMessage]) -> list[dict[str, str]]:
    return [each for each in _plain(messages) if each["role"] in SAID]


def _asks(messages: list[ModelMessage]) -> list[ModelMessage]:
    said = _said(messages)
    if not said or said[-1]["role"] != "user":
        raise PydanticCustomError("messages", NO_QUESTION)
    if len(said[-1]["content"]) > LONGEST_MESSAGE and task_of(_plain(messages)) is None:
        raise PydanticCustomError("messages", TOO_LONG)
    return messages


class CompletionRequest(BaseModel):
    """The conversation so far, oldest first, of which the newest messages are read, and how to reply."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    messages: Annotated[list[ModelMessage], Field(min_length=1, fail_fast=True), AfterValidator(_asks)]
    stream: bool | None = Field(default=None, strict=True, description="as Server-Sent Events")
    stream_options: StreamOptions | None = None
    max_tokens: MostTokens = Field(default=None, description="words and signs, as usage counts them")
    max_completion_tokens: MostTokens = Field(default=None, description="the same; the smaller one counts")
    n: Annotated[Any, WithJsonSchema({"enum": [1, None]})] = None
    response_format: Annotated[Any, WithJsonSchema({"anyOf": [_PLAIN, {"type": "null"}]})] = None
    tool_choice: Annotated[Any, WithJsonSchema({"enum": ["none", "auto", None]})] = Field(
        default=None, description="tools may be sent, and none is called"
    )

    @property
    def said(self) -> list[dict[str, str]]:
        """The newest of what visitor and assistant said."""
        newest = _said(self.messages)[-MOST_MESSAGES:]
        return [{**each, "content": each["content"][:LONGEST_MESSAGE]} for each in newest]

    @property
    def task(self) -> tuple[Task, str] | None:
        """What a front end asks for itself, and the answer; None where a visitor asks."""
        messages = _plain(self.messages)
        while messages and messages[-1]["role"] not in SAID:
            messages.pop()
        wanted = task_of(messages)
        return (wanted, answer_to(wanted, messages)) if wanted else None

    @property
    def most(self) -> int | None:
        """How many words and signs the reply may have."""
        return min((each for each in (self.max_tokens, self.max_completion_tokens) if each is not None), default=None)

    def require_possible(self) -> None:
        """Raises Unsupported for the first parameter that cannot be honoured."""
        if self.n is not None and (self.n != 1 or isinstance(self.n, bool)):
            raise Unsupported("n", "Only one reply is made.")
        wanted = self.response_format
        if wanted is not None and not (isinstance(wanted, dict) and wanted.get("type") == "text"):
            raise Unsupported("response_format", "Replies are text, and no JSON.")
        if self.tool_choice not in (None, "none", "auto"):
            raise Unsupported("tool_choice", "The assistant calls its own tools alone.")
