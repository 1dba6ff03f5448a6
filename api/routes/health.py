"""Is the process alive, and is it ready? For load balancers, containers and people."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.background import Degraded, State
from api.dependencies import DegradedDep, LeavingDep, ModelStateDep, PartsDep
from api.wire import documented, problem
from forecaster.errors import BackendError
from forecaster.serving import ModelState

router = APIRouter(tags=["service"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Every part is ready; degraded where the service goes on without something that it should have."""

    status: Literal["ready", "degraded"] = "ready"
    parts: dict[str, State] = Field(examples=[{"model": "ready", "chat": "ready"}])
    degraded: list[Degraded] | None = Field(default=None, description="what does not work; not there where all does")
    model: ModelState | None = Field(default=None, description="which model answers, and why a newer one does not")


@router.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """Answers as soon as the server runs, whether or not model and chat are ready."""
    return Alive()


@router.get(
    "/readyz",
    summary="Is everything ready?",
    response_model=Ready,
    response_model_exclude_none=True,
    responses=documented(503),
)
async def readyz(parts: PartsDep, model: ModelStateDep, degraded: DegradedDep, leaving: LeavingDep) -> Ready | Response:
    """Answers 503, with the state of each part, until model and chat are ready, while no model can be reached, and
    once the server was told to stop. While the database fails it answers 200 and `degraded`: forecasts are given and
    not recorded. It asks no database itself, so that it answers at once."""
    states = {part.name: part.state for part in parts}
    waiting = [f"the {name} {_WORDS[state]}" for name, state in states.items() if state is not State.READY]
    if not waiting and not leaving and not isinstance(model, BackendError):
        return Ready(status="degraded" if degraded else "ready", parts=states, degraded=degraded or None, model=model)
    if isinstance(model, BackendError):
        states["model"] = State.SILENT
        waiting.append(f"the model is on another machine, which {model.cause}")
    if leaving:
        waiting.append("the service is leaving")
    detail = f"Not ready: {' and '.join(waiting)}. Try again in a second, or see the server's log."
    return problem(503, detail, headers={"Retry-After": "1"}, parts=states)


_WORDS = {State.STARTING: "is still starting", State.FAILED: "could not start"}
