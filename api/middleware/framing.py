"""Says in the log which sites tried to show our chat and were refused, each once."""

import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.middleware.headers import ORIGIN

MOST_SITES = 100  # named in the log of one process: whoever asks chooses the name
PANEL = "/widget/panel.js"  # which a site asks for at the first click, and frames nothing where it is refused
LONGEST = 253 + 14  # characters: a host's name with scheme and port

log = logging.getLogger(__name__)


class Framing:
    """Notes foreign frames. The browser refuses them by itself, from the Content-Security-Policy."""

    def __init__(self, app: ASGIApp, allowed_origins: tuple[str, ...]) -> None:
        self.app = app
        self._allowed = frozenset(origin.lower() for origin in allowed_origins)
        self._named: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, whoever asks."""
        if scope["type"] == "http":
            self._note(Headers(scope=scope), scope["path"].endswith(PANEL))
        await self.app(scope, receive, send)

    def _note(self, headers: Headers, panel: bool) -> None:
        framed = headers.get("sec-fetch-dest") in ("iframe", "frame", "embed", "object")
        if not (framed or panel) or headers.get("sec-fetch-site") == "same-origin":
            return
        site = _origin(headers.get("origin" if panel else "referer", ""))
        if not site or site in self._allowed or site in self._named or len(self._named) >= MOST_SITES:
            return
        self._named.add(site)
        log.warning(
            "%s tried to show our pages in a frame. If the site is yours, add it to CRYPTOSENSE_ALLOWED_ORIGINS.",
            site,
        )


def _origin(address: str) -> str:
    """Scheme, host and port of an address; empty where it is none that may be logged."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    return origin if len(origin) <= LONGEST and ORIGIN.fullmatch(origin) else ""
