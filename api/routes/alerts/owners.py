"""Who asks: the holder of an API key, without which there are no alerts."""

from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request

from api.middleware import CHALLENGE, HOLDER
from api.wire import DETAILS
from forecaster.alerts import Alerts, Desk

NO_KEYS = (
    "Alerts belong to an API key, and this service has none. Its operator lists keys in CRYPTOSENSE_API_KEYS; "
    ".env.example says how."
)


async def owner(request: Request) -> str:
    """The name of who holds the key that was sent. Raises HTTPException 401 without one, 403 where there are none."""
    holder = request.scope.get(HOLDER)
    if holder is None and not request.app.state.settings.api_keys:
        raise HTTPException(403, NO_KEYS)
    if holder is None:
        raise HTTPException(401, DETAILS[401], headers={"WWW-Authenticate": CHALLENGE})
    return str(holder)


async def watched(request: Request) -> Alerts | None:
    """The alerts of the service, where it has any."""
    return cast("Alerts | None", request.app.state.alerts)


async def desk(request: Request) -> Desk:
    """What takes the alerts, of a service that has them."""
    return cast(Alerts, request.app.state.alerts).desk


OwnerDep = Annotated[str, Depends(owner)]
DeskDep = Annotated[Desk, Depends(desk)]
