"""The chat's page without the product around it: over a scripted turn, and without any policy of the service.

Of the service's interface there is what cards ask, which knows of no outcome.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from assistant.page.feedback import Feedback
from assistant.page.services import Behind, Turn
from assistant.page.tabs.model_record import ModelRecord
from forecaster.errors import ConfigurationError
from tests.support.browser.whole_service import listening
from tests.support.fakes import FakeBackend
from tests.support.needs import require
from tools.live_record import LiveRecord


def unsettled(request: Request) -> JSONResponse:
    """No outcome, and no candle."""
    return JSONResponse({"outcomes": [], "source": "", "candles": []})


@contextmanager
def page_alone(turn: Turn, feedback: Path, port: int = 0) -> Iterator[str]:
    """The address of the page, at any free port or at this one; what visitors like goes into `feedback`."""
    require("chromium")  # which is all that visits it

    backend = FakeBackend()

    async def record() -> ModelRecord:
        return ModelRecord(await backend.report())

    async def outcomes(symbol: str, minutes: int) -> LiveRecord:
        raise ConfigurationError("There is no ledger.", "None is needed here.")

    async def built() -> Starlette:
        from assistant.page.app import chat_app  # Gradio

        app = chat_app(Behind(turn, backend.price, record, outcomes, Feedback(feedback)))
        app.router.routes[:0] = [Route("/v1/forecasts/{id}", unsettled), Route("/v1/candles", unsettled)]
        return app

    with ThreadPoolExecutor(1) as thread:  # with an event loop: Gradio opens ten where there is none, and closes none
        app = thread.submit(asyncio.run, built()).result()
    app.router.routes.insert(0, Route("/v1/stream", _silent))
    with listening(app, port) as address:
        yield address


async def _silent(_: Request) -> Response:
    """No stream here: a browser that is answered with 204 lets go."""
    return Response(status_code=204)
