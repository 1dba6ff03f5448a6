"""What a proxy in front changes: who asks, over which scheme, and below which path (``/cs``) the service is reached.

A proxy may take that prefix off a path (nginx: ``proxy_pass http://127.0.0.1:8000/;``) or leave it on (without the
slash). Either way, what is inside sees ``root_path`` and a ``path`` that begins with it, as Starlette's routing wants.
"""

import ipaddress
import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.addresses import PREFIX, ROUTE_PATH
from forecaster.settings import path_prefix

HEADER = b"x-forwarded-prefix"
MAPPED = "::ffff:"  # how an IPv4 address reads where IPv6 is listened on

log = logging.getLogger(__name__)


class Proxies:
    """Believes the X-Forwarded headers of trusted proxies, and makes answers fit to go through any.

    `root_path` is the prefix; where it is empty, a trusted proxy may name one in X-Forwarded-Prefix.
    """

    def __init__(self, app: ASGIApp, root_path: str, trusted: Sequence[str]) -> None:
        """`trusted` are addresses and networks."""
        # uvicorn can wrap an app in this by itself, but then nobody inside learns which address the proxy has
        self.app: ASGIApp = ProxyHeadersMiddleware(app, list(trusted)) if trusted else app  # type: ignore[arg-type, assignment]
        self._root_path = root_path
        self._trusted = [ipaddress.ip_network(each) for each in trusted]
        self._warned = False  # of a proxy that sends no path: once is enough

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Place the request below its prefix and pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        if client and client[0].startswith(MAPPED) and "." in client[0]:
            scope["client"] = (client[0].removeprefix(MAPPED), client[1])
        below: str = self._root_path or self._forwarded(scope) or scope.get("root_path", "")
        PREFIX.set(below)  # never reset: a request has a context of its own
        if below and scope["path"].startswith("/"):
            _place(scope, below)

        async def fit(message: Message) -> None:
            if message["type"] == "http.response.start":
                _make_fit(message, scope)
            await send(message)

        await self.app(scope, receive, fit)

    def _forwarded(self, scope: Scope) -> str:
        """The prefix that a trusted proxy names; empty where there is none to be believed."""
        sent = [value for name, value in scope["headers"] if name == HEADER]
        if not any(sent) or not self._trusts(scope.get("client")):
            return ""
        try:
            [value] = sent
            return path_prefix(value.decode("ascii"))
        except ValueError:  # UnicodeDecodeError is one
            if not self._warned:
                log.warning("A proxy sends an X-Forwarded-Prefix that is no path such as /cs. It is ignored.")
            self._warned = True
            return ""

    def _trusts(self, client: tuple[str, int] | None) -> bool:
        try:
            address = ipaddress.ip_address(client[0]) if client else None
        except ValueError:
            return False
        return address is not None and any(address in network for network in self._trusted)


def _place(scope: Scope, below: str) -> None:
    """Make `path` begin with the prefix, whether or not the proxy has taken it off."""
    path: str = scope["path"]
    inside = f"{path}/".startswith(f"{below}/")
    scope[ROUTE_PATH] = path.removeprefix(below) if inside else path
    scope["root_path"] = below
    if not inside:
        scope["path"] = below + path
        scope["raw_path"] = below.encode() + (scope.get("raw_path") or b"")


def _make_fit(start: Message, scope: Scope) -> None:
    """Redirect by path alone, since a proxy's scheme and port may be others; let event streams through as they come."""
    sent = dict(start.get("headers", ()))
    if b"location" in sent:
        to = urlsplit(sent[b"location"].decode("latin-1"))
        if to.netloc and to.netloc == Headers(scope=scope).get("host") and not to.path.startswith("//"):
            MutableHeaders(scope=start)["location"] = to._replace(scheme="", netloc="").geturl()
    if sent.get(b"content-type", b"").startswith(b"text/event-stream"):
        MutableHeaders(scope=start)["x-accel-buffering"] = "no"
