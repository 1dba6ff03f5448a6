"""Security headers on every response, as pure ASGI: a wrapping middleware would hold back streams."""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.addresses import route_path
from forecaster.errors import ConfigurationError

ORIGIN = re.compile(r"https?://[a-zA-Z0-9.\-]+(:\d{1,5})?|https?://\[[0-9a-fA-F:]+\](:\d{1,5})?")
HASHED_ASSETS = "/assets/"  # the chat's scripts and styles: another content has another name
FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")


def content_security_policy(allowed_origins: tuple[str, ...]) -> str:
    """Everything from this server alone, no eval; `allowed_origins` may frame the pages.

    Raises ConfigurationError for what is not an origin.
    """
    for origin in allowed_origins:
        if not ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                "CRYPTOSENSE_ALLOWED_ORIGINS holds something that is not an origin.",
                "List origins such as https://example.com, without a path, separated by commas.",
            )
    return "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline'",  # the chat's page and Swagger UI start from inline scripts
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            " ".join(("frame-ancestors 'self'", *allowed_origins)),
        )
    )


class SecurityHeaders:
    """Adds the headers to whatever the wrapped app answers."""

    def __init__(self, app: ASGIApp, policy: str) -> None:
        self.app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"strict-origin-when-cross-origin"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; complete the start of the response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(name.lower(), value) for name, value in message.get("headers", ())]
                names = {name for name, _ in own}
                added = [header for header in self._headers if header[0] not in names]
                if route_path(scope).startswith(HASHED_ASSETS) and message["status"] == 200:
                    own = [header for header in own if header[0] != b"cache-control"]
                    added.append(FOREVER)
                message["headers"] = [*own, *added]
            await send(message)

        await self.app(scope, receive, completed)
