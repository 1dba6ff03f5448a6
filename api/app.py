"""Puts the service together: routes, errors, headers, and the chat behind everything else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse

from api import errors
from api.chat import Chat
from api.deps import Predictor
from api.headers import SecurityHeaders, content_security_policy
from api.parts import Part
from api.routes import health, predict
from forecaster.settings import Settings

DESCRIPTION = """Forecasts the next hours of BTC and ETH, and says how sure it is.

Errors are `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)).
Educational, not financial advice."""


def create_app(
    predictor: Callable[[], Predictor],
    settings: Settings,
    chat: Callable[[], Starlette] | None = None,
    close: Callable[[], Awaitable[None]] | None = None,
) -> FastAPI:
    """The service. It answers at once; `predictor` and then `chat` are called in a thread after start.

    `close` is awaited at shutdown, after the chat has ended. Raises ConfigurationError for settings
    that cannot work.
    """
    leaving = asyncio.Event()
    model, page = Part("model", predictor), Chat(chat, leaving) if chat else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stop = asyncio.Event()
        running = asyncio.create_task(_run(model, page, stop))
        yield
        stop.set()
        await running
        if close:
            await close()

    # The same Swagger UI as FastAPI's, but from this server instead of a third party's.
    app = FastAPIOffline(
        title="CryptoSense",
        version="1",
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/static",
        swagger_ui_parameters={"tryItOutEnabled": True, "validatorUrl": None},
    )
    app.state.leaving = leaving  # set by who runs the service when it is about to stop
    app.state.model = model
    app.state.parts = (model, page) if page else (model,)
    errors.install(app)
    if settings.allowed_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type"],
        )
    app.add_middleware(SecurityHeaders, policy=content_security_policy(settings.allowed_origins))
    app.include_router(predict.router)
    app.include_router(health.router)
    if page:
        app.router.default = page  # not a mount: a mount would also take what is ours with another method
    else:
        app.add_api_route("/", _to_docs, include_in_schema=False)
    return app


async def _run(model: Part[Predictor], page: Chat | None, stop: asyncio.Event) -> None:
    await model.start()
    if page and not stop.is_set():
        await page.run(stop)


async def _to_docs() -> RedirectResponse:
    return RedirectResponse("/docs")
