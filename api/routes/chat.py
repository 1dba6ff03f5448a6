"""``POST /v1/chat``: the assistant as a stream of Server-Sent Events. Its tools are told by name alone.

step      {"name", "status": "started" | "done" | "failed"}
token     {"text"}           a piece of the reply
forecast  a Forecast         the newest that the reply rests on
error     a Problem          instead of the rest
done      {}                 nothing more follows
"""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Literal
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AfterValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from api import examples
from api.dependencies import Step, Told, Turn, Words, ready_assistant
from api.routes.forecast import REFUSED
from api.wire import DETAILS, KIB, LONGEST_MESSAGE, MOST_MESSAGES, Given, GivenRoute, Problem, documented
from forecaster.errors import CryptoSenseError
from forecaster.schema import Forecast

TIME_ZONES = available_timezones() - {"Factory", "localtime"}  # these mean something else on each machine

log = logging.getLogger(__name__)


class ChatRoute(GivenRoute):
    """For a conversation in any script, each character escaped."""

    body_limit = 512 * KIB


router = APIRouter(prefix="/v1", tags=["assistant"], route_class=ChatRoute)


class Message(Given):
    """What somebody said."""

    role: Literal["user", "assistant"]
    content: str = Field(strict=True, min_length=1, max_length=LONGEST_MESSAGE)


def _ends_with_question(messages: list[Message]) -> list[Message]:
    if messages[-1].role != "user":
        raise PydanticCustomError("messages", "The last message must be the user's.")
    return messages


class ChatRequest(Given):
    """The conversation so far, oldest first. Nothing of it is kept."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.ASKED]})

    messages: Annotated[
        list[Message], Field(min_length=1, max_length=MOST_MESSAGES), AfterValidator(_ends_with_question)
    ]
    timezone: str = Field(
        default="UTC",
        strict=True,
        max_length=64,
        description="of your clock, by its IANA name: Europe/Berlin",
        json_schema_extra={"enum": [*sorted(TIME_ZONES)]},
    )

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, zone: str) -> str:
        if zone not in TIME_ZONES:
            raise PydanticCustomError("timezone", "Name a time zone of the IANA database, such as Europe/Berlin.")
        return zone


async def _assistant(body: ChatRequest, request: Request) -> Turn:
    """The assistant, once the body is one: what is wrong with it is told before whether anybody could answer."""
    return await ready_assistant(request)


@router.post(
    "/chat", summary="Ask the assistant", response_class=EventSourceResponse, responses=documented(*REFUSED, 503)
)
async def chat(body: ChatRequest, turn: Annotated[Turn, Depends(_assistant)]) -> AsyncIterator[ServerSentEvent]:
    """Streams the reply as Server-Sent Events: `step`, `token`, `forecast`, then `done`; or `error`.

    Who hangs up ends the turn.
    """
    said = [{"role": message.role, "content": message.content} for message in body.messages]
    try:
        async for event in _events(turn, said, body.timezone):
            yield event
    except CryptoSenseError as error:
        log.warning("The assistant has no answer. %s", error)
        yield _error(503, error.public)
    except Exception:
        log.exception("A turn of the assistant failed.")
        yield _error(500, DETAILS[500])
    else:
        yield ServerSentEvent(event="done", data={})


async def _events(turn: Turn, said: Sequence[Mapping[str, str]], zone: str) -> AsyncIterator[ServerSentEvent]:
    newest: Forecast | None = None
    async with aclosing(turn(said, zone=zone)) as happening:
        async for each in happening:
            match each:
                case Words():
                    yield ServerSentEvent(event="token", data={"text": each.text})
                case Step():
                    yield ServerSentEvent(event="step", data={"name": each.name, "status": each.status})
                case Told():
                    newest = each.forecast
    if newest is not None:
        yield ServerSentEvent(event="forecast", data=newest)


def _error(status: int, detail: str) -> ServerSentEvent:
    title = {500: "Internal Server Error", 503: "Service Unavailable"}[status]
    return ServerSentEvent(event="error", data=Problem(title=title, status=status, detail=detail))
