"""HEAD wherever there is GET: the same status and headers without the body, for health checks and `curl -I`."""

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Head:
    """Asks the app as if for GET, and passes on the beginning of its answer alone."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. A stream without a length, which may have no end, is not waited for."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        asked = {**scope, "method": "GET"}  # a copy: the server sends no body as long as its own says HEAD
        with anyio.CancelScope() as answering:

            async def told(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body"})
                    if all(name.lower() != b"content-length" for name, _ in message.get("headers", ())):
                        answering.cancel()

            try:
                await self.app(asked, receive, told)
            finally:
                scope.update({**asked, "method": "HEAD"})  # what was noted there of its route and key
