"""One of several processes that answer: the same application as in a single one, which Ray Serve starts and asks.

    initial health check   once the model and the page are ready: nobody is sent to a replica that still starts
    health check           every few seconds; one whose model failed is replaced
    end                    requests inside are finished first, then the application's own shutdown runs

A page's requests carry a cookie, by which HAProxy sends them to the replica that has its queue.
"""

import asyncio
import json
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from cluster.network import Answering
    from forecaster.artifact import Artifact
    from forecaster.inference import Engine, EngineKind

COOKIE = "cryptosense_visitor"
LOOKS = 0.1  # seconds between looks whether a replica is ready


class Replica:
    """What Ray Serve makes one of for each replica."""

    def __init__(self, settings: str, with_chat: bool, network: "Answering | None" = None) -> None:
        """`settings` are those that were set where the service was started, in JSON, `network` is the deployed one."""
        from forecaster.settings import Settings

        self._settings = Settings.load(**json.loads(settings))
        self._with_chat, self._network = with_chat, network

    def __serve_build_asgi_app__(self) -> ASGIApp:
        """The application; Ray Serve asks for it once, under this name."""
        from api.middleware import logs
        from composition import service

        logs.install(self._settings.log_format)
        engine_of = self._engine_of if self._network else None
        self._service = service(self._settings, with_chat=self._with_chat, engine_of=engine_of)
        return Sticky(self._service) if self._with_chat else self._service

    def _engine_of(self, artifact: "Artifact", kind: "EngineKind") -> "Engine":
        from cluster.network import RemoteEngine

        assert self._network is not None
        return RemoteEngine(self._network, artifact)

    async def check_health(self) -> None:
        """Return once everything is ready. Raises RuntimeError, for Ray Serve, where it cannot be."""
        from api import State

        parts = self._service.state.parts
        while any(part.state is State.STARTING for part in parts):
            await asyncio.sleep(LOOKS)
        failed = [part.name for part in parts if part.state is State.FAILED]
        if failed:
            raise RuntimeError(f"could not start: {', '.join(failed)}")


class Sticky:
    """Gives each browser a cookie of chance, which says nothing of who it is, with the page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].endswith("/") or _known(scope):
            await self._app(scope, receive, send)
            return
        name = secrets.token_urlsafe(12)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("set-cookie", f"{COOKIE}={name}; Path=/; HttpOnly; {_kind(scope)}")
            await send(message)

        await self._app(scope, receive, marked)


def _known(scope: Scope) -> bool:
    try:
        return COOKIE in SimpleCookie(Headers(scope=scope).get("cookie", ""))
    except CookieError:
        return False


def _kind(scope: Scope) -> str:
    """Within a stranger's page browsers send a cookie back over https alone, and only one kept apart for that page."""
    https = Headers(scope=scope).get("x-forwarded-proto", scope["scheme"]) == "https"
    return "SameSite=None; Secure; Partitioned" if https else "SameSite=Lax"
