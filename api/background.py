"""What is slow to build, the model and the chat, is built in a thread while the server already answers."""

import asyncio
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Generic, TypeVar

from fastapi import HTTPException
from pydantic import BaseModel, Field

from forecaster.errors import CryptoSenseError

T = TypeVar("T")
log = logging.getLogger(__name__)


class State(StrEnum):
    """How far a part has come."""

    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    SILENT = "silent"  # it is on another machine, which does not answer


class Degraded(BaseModel):
    """Something that does not work while the service goes on without it."""

    part: str = Field(examples=["database"])
    detail: str = Field(description="what is wrong, and what to do")


class Part(Generic[T]):
    """One thing that the service needs and that takes a while to build.

    A part that cannot be built is logged and stays failed; what does not need it goes on working.
    """

    def __init__(self, name: str, build: Callable[[], T]) -> None:
        self.name = name
        self.state = State.STARTING
        self._build = build
        self._value: T | None = None

    async def start(self) -> None:
        """Build it."""
        try:
            self.done(await asyncio.to_thread(self._build))
        except Exception as error:  # whatever it was, the rest of the service must not go down with it
            self.fail(error)

    def done(self, value: T) -> None:
        """Note that it works."""
        self._value, self.state = value, State.READY

    def fail(self, error: Exception) -> None:
        """Note and log that it does not work."""
        self.state = State.FAILED
        if isinstance(error, CryptoSenseError):
            log.error("The %s could not start. %s", self.name, error)
        else:
            log.error("The %s could not start.", self.name, exc_info=error)

    def get(self) -> T:
        """The built thing. Raises HTTPException 503 while there is none."""
        if self._value is None:
            raise self.unavailable()
        return self._value

    def unavailable(self) -> HTTPException:
        """The answer to who needs it before it is ready."""
        if self.state is State.FAILED:
            return HTTPException(503, f"The {self.name} could not start. The server's log says why.")
        return HTTPException(
            503, f"The {self.name} is still starting. Try again in a second.", headers={"Retry-After": "1"}
        )
