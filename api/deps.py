"""What routes need, as types: ``async def predict(body: ..., predictor: PredictorDep)``."""

from collections.abc import Sequence
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from api.parts import Part


class Predictor(Protocol):
    """What answers ``POST /predict``."""

    def predict_next_close(self, closes: Sequence[float]) -> float:
        """The next close after 60 closes, oldest first. Fast enough to be called on the event loop."""
        ...


async def loaded_predictor(request: Request) -> Predictor:
    """The model's predictor. Raises HTTPException 503 until it is loaded."""
    return cast("Part[Predictor]", request.app.state.model).get()


async def service_parts(request: Request) -> tuple[Part[object], ...]:
    """Everything that must be ready for the service to be."""
    return cast("tuple[Part[object], ...]", request.app.state.parts)


PredictorDep = Annotated[Predictor, Depends(loaded_predictor)]
PartsDep = Annotated[tuple[Part[object], ...], Depends(service_parts)]
