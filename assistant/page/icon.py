"""Names the page's icon in its HTML, where Gradio names a manifest that there is not.

Without, a browser asks the site's root for both, which belongs to somebody else where a proxy serves the page below a
path. What Gradio adds to the head comes later, from a script.
"""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MANIFEST = b'<link rel="manifest" href="/manifest.json" />'
ICON = b'<link rel="icon" href="favicon.ico" />'


class Icon:
    """An ASGI app inside of Gradio's compression that does so in every HTML document."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; complete a document once it is whole."""
        start: Message | None = None  # of a document whose body is awaited
        body = b""

        async def completed(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    start = message
                    return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                body = body.replace(MANIFEST, ICON)
                MutableHeaders(scope=start)["content-length"] = str(len(body))
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, completed)
