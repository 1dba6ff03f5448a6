"""Puts the service together: routes, errors, headers, and the chat behind everything else."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse

from api import documentation
from api.addresses import prefix
from api.background import Part, State
from api.dependencies import Turn
from api.middleware import (
    BODY_BYTES,
    Framing,
    Gate,
    Head,
    Hosts,
    Line,
    Metrics,
    Overload,
    Proxies,
    RequestLog,
    Rules,
    SecurityHeaders,
    content_security_policy,
    metrics,
)
from api.mounted_chat import Chat
from api.route_names import RouteNames
from api.routes import Mcp, Sessions, health, llms, mcp, predict, v1, widget
from api.summed_metrics import Replicas
from api.wire import Budget, OpenAIErrors, errors
from forecaster.alerts import Alerts
from forecaster.database import Health
from forecaster.errors import ConfigurationError
from forecaster.serving import ForecastBackend, ModelState
from forecaster.settings import Settings

Work = Callable[[asyncio.Event], Awaitable[None]]
Lead = Callable[[Work, asyncio.Event], Awaitable[None]]
ModelStates = Callable[[], Awaitable[ModelState | None]]

log = logging.getLogger(__name__)

DESCRIPTION = """Forecasts the next hours of BTC, ETH and other coins, and says how sure it is.

Errors are `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).

For agents: `/mcp` speaks the Model Context Protocol (streamable HTTP) with the same forecasts as read-only tools,
`/v1` is a base URL for clients of OpenAI's API where the chat is served, and [/llms.txt](llms.txt) lists all there is.

Educational, not financial advice."""


def create_app(
    backend: Callable[[], ForecastBackend],
    settings: Settings,
    chat: Callable[[], Starlette] | None = None,
    close: Callable[[], Awaitable[None]] | None = None,
    counted: Metrics | None = None,
    *,
    turn: Turn | None = None,
    work: Work | None = None,
    shared: Sequence[Work] = (),
    lead: Lead | None = None,
    model_state: ModelStates | None = None,
    database: Health | None = None,
    protocol: Callable[[], Sessions] | None = None,
    alerts: Alerts | None = None,
) -> FastAPI:
    """The service. It answers at once; `backend` and then `chat` are called in a thread after start.

    `turn` answers POST /v1/chat. `protocol` gives what answers /mcp, and is called when that is first asked. `work`
    runs beside the service from when the model is ready, and the page where it can be, until the event that it is
    given is set. As long, `lead` runs what is `shared` by all replicas, and the watch over `alerts`, while this one
    leads; without it that is always. `alerts` are closed. `close` is awaited at shutdown, after the chat has ended.
    `counted` is what GET /metrics shows, `model_state` what GET /readyz says of the model, which is not ready where it
    raises BackendError, `database` what it says of that. Raises ConfigurationError for settings that cannot work.
    """
    leaving = asyncio.Event()
    model, page = Part("model", backend), Chat(chat, leaving) if chat else None
    spoken = Mcp(protocol) if protocol else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        together = _together([*shared, *([_watching(app, alerts)] if alerts else [])])
        works = [app.state.replicas.run, *([work] if work else []), partial(lead, together) if lead else together]
        running = asyncio.create_task(_run(model, page, works, stop))
        async with app.state.streams.until(leaving), spoken.serving() if spoken else nullcontext():
            yield
        stop.set()
        await running
        if alerts:
            await alerts.close()
        await app.state.rules.close()
        await app.state.replicas.close()
        if close:
            await close()

    app = _described(lifespan)
    app.state.settings = settings
    app.state.leaving = leaving  # set by who runs the service when it is about to stop
    app.state.model = model
    app.state.parts = (model, page) if page else (model,)
    app.state.model_state = model_state or _unwatched
    app.state.database = database
    app.state.metrics = counted or Metrics()
    app.state.replicas = Replicas(settings.valkey_url, app.state.metrics.text)
    errors.install(app)
    documentation.install(app, settings)
    _protect(app, settings, app.state.metrics)
    guarded = errors.documented(401, 429, 503)
    app.include_router(predict.router, responses=guarded)
    v1.install(app, app.state.metrics, _assistant(turn), alerts)
    app.include_router(health.router)
    app.include_router(metrics.router)
    if spoken:
        app.state.mcp, app.state.hosts = spoken, Hosts(settings)
        app.include_router(mcp.router)
    llms.install(app, settings.public_origin, mcp=spoken is not None, assistant=turn is not None, page=page is not None)
    if page:
        widget.install(app, settings)
        app.router.default = page  # not a mount: a mount would also take what is ours with another method
    else:
        app.add_api_route("/", _to_docs, include_in_schema=False)
    _check_prefix(app, settings.root_path)
    return app


def _described(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    # The same Swagger UI as FastAPI's, but from this server instead of a third party's. Of FastAPI's own telemetry,
    # which tells whole addresses and the texts of errors, nothing: ours is forecaster/tracing.
    return FastAPIOffline(
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        title="CryptoSense",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/static",
        swagger_ui_parameters={"tryItOutEnabled": True, "validatorUrl": None},
    )


def _protect(app: FastAPI, settings: Settings, counted: Metrics) -> None:
    """Wrap `app` in its middleware, the innermost first."""
    places = Budget(settings.max_concurrent, lambda: counted.refused("overload"))
    app.state.line = Line(settings.max_concurrent, lambda: counted.refused("overload"))
    bodies = Budget(BODY_BYTES, lambda: counted.refused("overload"))
    rules = app.state.rules = Rules(settings)
    app.add_middleware(Gate, rules=rules, metrics=counted)
    app.add_middleware(Overload, places=places, bodies=bodies)
    app.add_middleware(errors.Failures)
    app.add_middleware(OpenAIErrors)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=[
                *("authorization", "content-type", "idempotency-key", "if-none-match", "x-api-key", "x-request-id"),
                *("last-event-id", "mcp-method", "mcp-name", "mcp-protocol-version"),
            ],
            expose_headers=[
                *("etag", "idempotency-replayed", "ratelimit", "ratelimit-policy", "retry-after", "x-request-id")
            ],
        )
    app.add_middleware(Framing, allowed_origins=settings.allowed_origins)
    app.add_middleware(SecurityHeaders, policy=content_security_policy(settings.allowed_origins))
    app.add_middleware(Head)
    app.add_middleware(RequestLog, names=RouteNames(app), metrics=counted)
    app.add_middleware(Proxies, root_path=settings.root_path, trusted=settings.trusted_proxies)


async def _run(model: Part[ForecastBackend], page: Chat | None, works: Sequence[Work], stop: asyncio.Event) -> None:
    await model.start()
    if stop.is_set():
        return
    beside = asyncio.ensure_future(_together(works if model.state is State.READY else [], page)(stop))
    if page:
        await page.run(stop)
    await stop.wait()
    beside.cancel()
    await asyncio.wait((beside,))


def _together(works: Sequence[Work], page: Chat | None = None) -> Work:
    """All of them side by side, after the page, which their imports would hold up; each goes on though others fail."""

    async def kept(work: Work, stop: asyncio.Event) -> None:
        try:
            await work(stop)
        except Exception:
            log.exception("What runs beside the service failed.")

    async def together(stop: asyncio.Event) -> None:
        if page:
            await page.settled.wait()
        await asyncio.gather(*(kept(each, stop) for each in works), return_exceptions=True)

    return together


def _watching(app: FastAPI, alerts: Alerts) -> Work:
    """The watch over alerts, as work beside the service."""

    async def watch(stop: asyncio.Event) -> None:
        await alerts.run(app.state.model.get(), app.state.streams.feed())

    return watch


def _assistant(turn: Turn | None) -> Part[Turn] | None:
    """The assistant as a part that is there at once; its first turn may wait until it is built."""
    if turn is None:
        return None
    part = Part("assistant", lambda: turn)
    part.done(turn)
    return part


def _check_prefix(app: FastAPI, root_path: str) -> None:
    """A path below which a proxy serves the whole must not be one of ours: /docs would then have two meanings."""
    if root_path and any(f"{each.path}/".startswith(f"{root_path}/") for each in iter_route_contexts(app.routes)):
        raise ConfigurationError(
            f"CRYPTOSENSE_ROOT_PATH cannot be {root_path}, which is an address of the service itself.",
            "Choose another path, such as /cryptosense, here and in the proxy.",
        )


async def _unwatched() -> ModelState | None:
    return None


async def _to_docs() -> RedirectResponse:
    return RedirectResponse(f"{prefix()}/docs")
