"""``/v1/alerts``: what the holder of a key wants to be told of, made, listed, paused and deleted."""

from api.routes.alerts.owners import watched
from api.routes.alerts.route import router

__all__ = ["router", "watched"]
