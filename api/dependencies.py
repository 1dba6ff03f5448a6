"""What routes need, as types: ``async def price(..., backend: BackendDep)``."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Protocol, cast

from fastapi import Depends, HTTPException, Request

from api.background import Degraded, Part
from api.middleware import Idempotency
from api.wire import Budget
from forecaster.database import Health
from forecaster.errors import BackendError
from forecaster.schema import Forecast
from forecaster.serving import ForecastBackend, ModelState


class Predictor(Protocol):
    """What answers ``POST /predict``; a backend is one."""

    async def next_close(self, closes: Sequence[float]) -> float:
        """The next close after 60 closes, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Step:
    """The assistant began to use a tool, or is done with it."""

    name: str
    status: Literal["started", "done", "failed"]


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of the assistant's reply, in order."""

    text: str


@dataclass(frozen=True, slots=True)
class Told:
    """A forecast that the assistant's reply rests on."""

    forecast: Forecast


class Turn(Protocol):
    """One turn of the assistant: the conversation so far, newest last -> what happens; closing it ends the turn."""

    def __call__(
        self, messages: Sequence[Mapping[str, str]], /, *, zone: str = "UTC"
    ) -> AsyncGenerator[Step | Words | Told, None]:
        """Answer the newest message of somebody whose clock is of `zone`, an IANA name."""
        ...


async def loaded_predictor(request: Request) -> Predictor:
    """What predicts the next close. Raises HTTPException 503 until the model is loaded."""
    return cast("Part[Predictor]", request.app.state.model).get()


async def loaded_backend(request: Request) -> ForecastBackend:
    """What answers for candles and forecasts. Raises HTTPException 503 until the model is loaded."""
    return cast("Part[ForecastBackend]", request.app.state.model).get()


async def ready_assistant(request: Request) -> Turn:
    """The assistant. Raises HTTPException 503 until it is built, and where there is none."""
    assistant = cast("Part[Turn] | None", request.app.state.assistant)
    if assistant is None:
        raise HTTPException(503, "This service runs without its assistant. Ask one that serves the chat.")
    return assistant.get()


async def service_parts(request: Request) -> tuple[Part[object], ...]:
    """Everything that must be ready for the service to be."""
    return cast("tuple[Part[object], ...]", request.app.state.parts)


async def model_state(request: Request) -> ModelState | BackendError | None:
    """Which model answers, where that is watched; or why none does on the machine where it should."""
    ask = cast("Callable[[], Awaitable[ModelState | None]]", request.app.state.model_state)
    try:
        return await ask()
    except BackendError as error:
        return error


async def degraded(request: Request) -> list[Degraded]:
    """What of the service does not work although the rest does."""
    database = cast("Health | None", request.app.state.database)
    fault = database.fault if database else None
    return [Degraded(part="database", detail=str(fault))] if fault else []


async def leaving(request: Request) -> bool:
    """Whether the server was told to stop: it answers what it began, and nobody new should come."""
    return cast("asyncio.Event", request.app.state.leaving).is_set()


async def earlier_answers(request: Request) -> Idempotency:
    """The answers that a repeated question gets again."""
    return cast(Idempotency, request.app.state.idempotency)


async def recent_records(request: Request) -> Idempotency:
    """Track records of the last minute: one takes up to half a second of a core, and says the same to everybody."""
    return cast(Idempotency, request.app.state.records)


async def evaluations(request: Request) -> Budget:
    """How many evaluations may wait for each other."""
    return cast(Budget, request.app.state.evaluations)


PredictorDep = Annotated[Predictor, Depends(loaded_predictor)]
BackendDep = Annotated[ForecastBackend, Depends(loaded_backend)]
ModelStateDep = Annotated[ModelState | BackendError | None, Depends(model_state)]
DegradedDep = Annotated[list[Degraded], Depends(degraded)]
LeavingDep = Annotated[bool, Depends(leaving)]
PartsDep = Annotated[tuple[Part[object], ...], Depends(service_parts)]
IdempotencyDep = Annotated[Idempotency, Depends(earlier_answers)]
RecordsDep = Annotated[Idempotency, Depends(recent_records)]
EvaluationsDep = Annotated[Budget, Depends(evaluations)]
