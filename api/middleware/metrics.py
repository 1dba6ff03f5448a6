"""What the service counts about itself, for Prometheus. Counts and ages only: nothing of a client, no secret."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, cast

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from api.wire import documented
from forecaster.market import catalogue

if TYPE_CHECKING:
    from api.summed_metrics import Replicas
    from forecaster.serving import Drift

METHODS = frozenset(("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"))  # others count as one
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # upper ends of buckets

OTHERS = "other"  # the label of coins that stand in no catalogue

router = APIRouter(tags=["service"])


class Answered(NamedTuple):
    """One request that is over."""

    method: str
    route: str  # the template, not the address
    status: int
    seconds: float

    @property
    def counted_as(self) -> str:
        """Its method, or "other": anybody can send any word as one."""
        return self.method if self.method in METHODS else "other"


class Metrics:
    """The counters of one app, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._requests = Counter(
            "cryptosense_http_requests", "Answered requests", ("route", "method", "status"), registry=registry
        )
        self._seconds = Histogram(
            "cryptosense_http_request_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=registry
        )
        self.in_flight = 0  # requests; who answers them keeps it
        in_flight = Gauge("cryptosense_http_requests_in_flight", "Requests being answered", registry=registry)
        in_flight.set_function(lambda: self.in_flight)
        self._refused = Counter(
            "cryptosense_refused", "Requests refused by rate limit, overload or key", ("reason",), registry=registry
        )
        self._forecasts = Counter("cryptosense_forecasts", "Forecasts issued", ("symbol",), registry=registry)
        self._model = Info("cryptosense_model", "The model that answers", registry=registry)
        self._candle_age = Gauge(
            "cryptosense_newest_candle_age_seconds", "Since the newest candle closed", ("symbol",), registry=registry
        )
        self._database = Gauge(
            "cryptosense_database_up", "0 while candles and forecasts cannot be kept or read", registry=registry
        )
        self._database.set(1)
        self._leader = Gauge(
            "cryptosense_leader", "1 while this process does what is done once for all replicas", registry=registry
        )
        self._drift = {
            name: Gauge(f"cryptosense_forecast_{name}", words, ("symbol",), registry=registry)
            for name, words in {
                "crps_last_30_days": "CRPS of the model's live forecasts of an hour ahead, log return times 10,000",
                "crps_record": "The same of the hours in the model's record",
                "scored_last_30_days": "Live forecasts of an hour ahead whose outcome is known",
            }.items()
        }
        self._fired = Counter("cryptosense_alerts_fired", "Alerts that came to hold", ("kind",), registry=registry)
        self._deliveries = Counter(
            "cryptosense_alert_deliveries", "Tries to tell webhooks, by how they ended", ("result",), registry=registry
        )
        self._waiting = Gauge("cryptosense_alert_deliveries_waiting", "Yet to be told to webhooks", registry=registry)
        for result in ("delivered", "failed", "refused", "given_up", "dropped"):
            self._deliveries.labels(result)
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        for reason in ("rate_limit", "overload", "key"):
            self._refused.labels(reason)  # so that each is there, as 0, from the start

    def answered(self, request: Answered) -> None:
        """Count a request that is over."""
        kind = (request.route, request.counted_as, request.status)
        if kind not in self._series:  # looking a series up by its labels takes longer than counting in it
            self._series[kind] = (self._requests.labels(*kind), self._seconds.labels(request.route))
        counter, histogram = self._series[kind]
        counter.inc()
        histogram.observe(request.seconds)

    def refused(self, reason: str) -> None:
        """Count a request that was refused: for rate_limit, overload or key."""
        self._refused.labels(reason).inc()

    def forecast_issued(self, symbol: str) -> None:
        """Count a forecast; coins that stand in no catalogue count as one, since each label makes a series."""
        self._forecasts.labels(_known(symbol)).inc()

    def serves(self, name: str, version: str, sha256: str) -> None:
        """Name the model that answers."""
        self._model.info({"name": name, "version": version, "sha256": sha256})

    def candle_seen(self, symbol: str, age: float) -> None:
        """Note how many seconds ago the newest candle of a symbol closed; it ages until the scrape."""
        closed = time.monotonic() - age
        self._candle_age.labels(_known(symbol)).set_function(lambda: time.monotonic() - closed)

    def database_works(self, works: bool) -> None:
        """Note whether candles and forecasts can be kept and read."""
        self._database.set(works)

    def leads(self, leads: bool) -> None:
        """Note whether this process does what is done once for all that share its database."""
        self._leader.set(leads)

    def drifted(self, drifts: "Sequence[Drift]") -> None:
        """Note how live forecasts of each coin compare with the record, and forget what was noted before."""
        for gauge in self._drift.values():
            gauge.clear()
        for each in drifts:
            if _known(each.symbol) == each.symbol:
                self._drift["crps_last_30_days"].labels(each.symbol).set(each.crps)
                self._drift["crps_record"].labels(each.symbol).set(each.record)
                self._drift["scored_last_30_days"].labels(each.symbol).set(each.n)

    def alert_fired(self, kind: str) -> None:
        """Count an alert that came to hold."""
        self._fired.labels(kind).inc()

    def alert_delivery(self, result: str) -> None:
        """Count a try to tell a webhook, or what was given up or dropped."""
        self._deliveries.labels(result).inc()

    def alert_deliveries_waiting(self, count: int) -> None:
        """Note how many are yet to be told."""
        self._waiting.set(count)

    def text(self) -> bytes:
        """Everything, in Prometheus's text format."""
        return generate_latest(self._registry)


def _known(symbol: str) -> str:
    return symbol if symbol in catalogue() else OTHERS


async def app_metrics(request: Request) -> Metrics:
    """The counters of the app that answers."""
    return cast(Metrics, request.app.state.metrics)


MetricsDep = Annotated[Metrics, Depends(app_metrics)]


@router.get("/metrics", summary="Counters for Prometheus", response_class=PlainTextResponse, responses=documented(422))
async def metrics(
    request: Request,
    counted: MetricsDep,
    replicas: Annotated[
        Literal["own", "all"], Query(description="all: the sum of all replicas that share a Valkey")
    ] = "own",
) -> Response:
    """Requests, latencies, refusals, forecasts and the process. Meant for the operator: let no proxy pass it on."""
    text = counted.text() if replicas == "own" else await cast("Replicas", request.app.state.replicas).text()
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
