"""Under which names the service may be asked, and from which sites: a page elsewhere must not reach a local one.

A site can give its own name the address 127.0.0.1 (DNS rebinding). A browser then lets it talk to a service there, but
still sends the site's name as Host and Origin. The check that the MCP package brings tells names by their case, takes
localhost:8000:8000, and logs whatever was sent.
"""

import re
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers

from forecaster.settings import Settings

LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})
EVERYWHERE = ("0.0.0.0", "::", "")  # to listen on, but no name of anything
WRONG_HOST = "This name is not one of this service's. Set CRYPTOSENSE_PUBLIC_URL to the address it is reached at."
WRONG_ORIGIN = "Pages of this site may not ask. List its origin in CRYPTOSENSE_ALLOWED_ORIGINS."

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")


class Hosts:
    """The service's names and the sites that may ask it."""

    def __init__(self, settings: Settings) -> None:
        bound = f"[{settings.host}]" if ":" in settings.host else settings.host
        self._public = urlsplit(settings.public_url)
        named = {bound.lower(), *_name(self._public.netloc.lower())}
        self._names = LOCAL | named - {*EVERYWHERE, "[::]"}
        self._origins = frozenset(each.lower() for each in settings.allowed_origins)

    def check(self, headers: Headers) -> None:
        """Raises HTTPException 421 for a foreign Host, 403 for a foreign Origin."""
        host = headers.get("host", "").lower()
        if not _name(host) & self._names:
            raise HTTPException(421, WRONG_HOST)
        origin = headers.get("origin")
        if origin is not None and not self._may_ask(origin.lower(), host):
            raise HTTPException(403, WRONG_ORIGIN)

    def _may_ask(self, origin: str, host: str) -> bool:
        if origin in self._origins:
            return True
        scheme, _, place = origin.partition("://")
        return scheme in ("http", "https") and place in (host, self._public.netloc.lower()) and place != ""


def _name(host: str) -> frozenset[str]:
    """The name in a Host header, without its port; nothing where there is none."""
    found = _HOST.fullmatch(host)
    return frozenset({found[1]}) if found else frozenset()
