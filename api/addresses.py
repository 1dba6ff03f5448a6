"""Which addresses are the API's own and guarded, which only tell about the service, and which are the chat's."""

from collections.abc import Iterable
from contextvars import ContextVar
from enum import Enum

from starlette.types import Scope

GUARDED = ("/predict", "/v1", "/mcp")  # beginnings: API keys, rate limits and the bound on work hold here
OPEN = (  # asked by machines, often, or static
    *("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/llms.txt", "/widget"),
)

ROUTE_PATH = "cryptosense.path"  # in a request's scope: mounts change root_path on its way
PREFIX: ContextVar[str] = ContextVar("prefix", default="")  # below which path the request came in


class Surface(Enum):
    """A side that the service shows to the outside."""

    API = "api"
    SERVICE = "service"
    CHAT = "chat"  # and whatever else nobody serves


def surface_of(path: str) -> Surface:
    """Where an address belongs. A beginning is enough, so that no spelling of a guarded address slips through."""
    if path.startswith(GUARDED):
        return Surface.API
    return Surface.SERVICE if path.startswith(OPEN) else Surface.CHAT


def prefix() -> str:
    """Below which path the request that is being answered came in, for links; empty where there is none."""
    return PREFIX.get()


def route_path(scope: Scope) -> str:
    """The path that routes see: without the prefix."""
    return str(scope.get(ROUTE_PATH, scope["path"]))


def allowed(methods: Iterable[str]) -> str:
    """The Allow header of an address whose routes take these methods."""
    taken = set(methods)
    return ", ".join(sorted(taken | ({"HEAD"} if "GET" in taken else set())))
