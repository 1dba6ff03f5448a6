"""Which addresses are the API's own and guarded, which only tell about the service, and which are the chat's."""

from enum import Enum

GUARDED = ("/predict", "/v1", "/mcp")  # beginnings: API keys, rate limits and the bound on work hold here
OPEN = (  # asked by machines, often, or static
    *("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/llms.txt", "/widget"),
)


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
