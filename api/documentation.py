"""What the OpenAPI document says of the whole API: one Problem, what guards every route, how a key is sent."""

from functools import partial
from typing import Any

from fastapi import FastAPI

from api.addresses import Surface, surface_of
from api.wire import Problem
from forecaster.settings import Settings

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "an API key"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def install(app: FastAPI, settings: Settings) -> None:
    """Complete what `app` documents."""
    setattr(app, "openapi", partial(_document, app, app.openapi, settings))  # noqa: B010  FastAPI's own way


def _document(app: FastAPI, generated: Any, settings: Settings) -> dict[str, Any]:
    if app.openapi_schema:
        return app.openapi_schema
    document: dict[str, Any] = generated()
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = Problem.model_json_schema()
    if settings.api_keys:
        components["securitySchemes"] = SCHEMES
        either: list[dict[str, list[str]]] = [{name: []} for name in SCHEMES]
        for path, operations in document["paths"].items():
            if surface_of(path) is Surface.API:
                for operation in operations.values():
                    operation["security"] = either if settings.require_api_key else [{}, *either]
    return document
