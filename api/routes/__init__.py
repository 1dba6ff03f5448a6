"""One file a group of endpoints."""

from api.routes.mcp import Mcp, Sessions
from api.routes.predict import EXAMPLE_PRICES

__all__ = [
    "EXAMPLE_PRICES",
    "Mcp",
    "Sessions",
    "health",
    "llms",
    "mcp",
    "predict",
    "stream",
    "v1",
    "widget",
]
