"""Which route a request was for, as its template: /v1/forecasts/{id}, not the address with its values."""

import re

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path
from starlette.types import Scope

from api.addresses import OPEN, Surface, route_path, surface_of

OTHER = "other"  # the chat's, or nobody's


class RouteNames:
    """Names the route of a request, in as many words as there are routes: fit for logs and metrics."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._patterns: list[tuple[re.Pattern[str], str]] = []

    def of(self, scope: Scope) -> str:
        """The template of the route that answered, or would have, had the request not been refused before."""
        path = route_path(scope)
        surface = surface_of(path)
        if surface is Surface.CHAT:
            return OTHER
        if surface is Surface.SERVICE:
            return next(each for each in OPEN if path.startswith(each))
        if route := scope.get("route"):
            return str(route.path)
        return next((template for pattern, template in self._known() if pattern.match(path)), OTHER)

    def _known(self) -> list[tuple[re.Pattern[str], str]]:
        if not self._patterns:  # made when first needed: then all routes are there
            templates = [each.path for each in iter_route_contexts(self._app.routes) if each.path]
            self._patterns = [(compile_path(each)[0], each) for each in templates]
        return self._patterns
