"""Everything under /v1: its routes, and what they share while the service runs."""

from fastapi import FastAPI

from api.background import Part
from api.dependencies import Turn
from api.middleware import Idempotency, Metrics
from api.routes import alerts, anomalies, candles, chat, completions, evaluate, forecast, forecasts, model, stream
from api.wire import Budget, documented
from forecaster.alerts import Alerts

ROUTERS = (
    forecast.router,
    forecast.batch_router,
    forecasts.router,
    candles.router,
    anomalies.router,
    evaluate.router,
    model.router,
    stream.router,
    chat.router,
)


def install(app: FastAPI, counted: Metrics, assistant: Part[Turn] | None = None, watched: Alerts | None = None) -> None:
    """Serve it from `app`; `assistant` answers what is said to it, and `watched` are the alerts."""
    app.state.alerts = watched
    app.state.assistant = assistant
    app.state.idempotency = Idempotency()
    settings = app.state.settings
    app.state.streams = stream.Streams(
        app.state.model, settings.symbols, counted.refused, of_one=settings.client_streams
    )
    app.state.records = Idempotency(seconds=forecasts.MINUTE)
    app.state.evaluations = Budget(evaluate.WAITING, lambda: counted.refused("overload"))
    for router in (*ROUTERS, *([alerts.router] if watched else [])):
        app.include_router(router, responses=documented(401, 429, 503))
    app.include_router(completions.router)  # whose errors are of another form
