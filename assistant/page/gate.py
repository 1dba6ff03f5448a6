"""Keeps what Gradio serves beyond the page out of reach, uploads and the like; short because it is one list."""

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

GRADIO_API = "/gradio_api/"
USED = ("queue/", "run/predict", "cancel", "reset", "heartbeat/", "startup-events", "app_id")
# Of what Gradio serves. A page that has lost its connection asks for "app_id" until it is answered, and then reloads.


class OnlyWhatIsUsed:
    """An ASGI app that passes on what the page asks for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what the page asks for; the rest is not there."""
        path = str(scope.get("path", "")).removeprefix(scope.get("root_path", ""))
        unused = GRADIO_API in path and not path.partition(GRADIO_API)[2].startswith(USED)
        await (PlainTextResponse("Not Found", 404) if unused else self._app)(scope, receive, send)
