"""Which addresses are the API's own and guarded, which only tell about the service, and which are the chat's."""

from enum import Enum

GUARDED = ("/predict", "/v1")  # beginnings: API keys, rate limits and the bound on work hold here
OPEN = ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json")  # asked by machines, often, or static


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
