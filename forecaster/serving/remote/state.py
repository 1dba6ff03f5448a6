"""Which model answers on another machine: for those who ask often whether one does, and who may be anybody."""

import asyncio
import time
from collections.abc import Callable

from forecaster.errors import BackendError
from forecaster.serving.reload import ModelState
from forecaster.serving.remote.client import RemoteBackend

HOLDS = 2.0  # seconds that what was found stands, so that nobody who asks here can flood the other machine
PATIENCE = 2.0  # seconds: who asks whether a service is ready does not wait long


class RemoteState:
    """Asks the other machine, once for all who want to know at a time."""

    def __init__(self, remote: RemoteBackend, clock: Callable[[], float] = time.monotonic) -> None:
        self._remote, self._clock = remote, clock
        self._asking: asyncio.Task[ModelState | str] | None = None  # why there is none, in words
        self._until = 0.0

    async def now(self) -> ModelState:
        """The model there. Raises BackendError while it does not answer, and for an API key that it refuses."""
        if self._asking is None or (self._asking.done() and self._clock() >= self._until):
            self._asking = asyncio.create_task(self._ask())
        found = await asyncio.shield(self._asking)
        if isinstance(found, str):
            raise BackendError(found)
        return found

    async def _ask(self) -> ModelState | str:
        try:
            async with asyncio.timeout(PATIENCE):
                return ModelState(loaded=(await self._remote.facts()).model)
        except BackendError as error:
            return error.cause
        except TimeoutError:
            return "timed out"
        finally:
            self._until = self._clock() + HOLDS
