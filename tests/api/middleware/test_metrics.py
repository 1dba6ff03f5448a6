"""GET /metrics: what is counted, and that nobody can make it grow or learn a secret from it."""

import asyncio
import time
from dataclasses import replace

import pytest
from fastapi import APIRouter
from prometheus_client.parser import text_string_to_metric_families

from api.middleware.metrics import Metrics
from api.routes.predict import EXAMPLE_PRICES
from api.wire.strict_json import StrictJSONRoute
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.fakes import NOON, FakeSource
from tests.support.service.serving import client_from, served, settled
from tests.support.service.v1 import HISTORY, closes, noon, question, rows, serving

PREDICTION = {"prices": EXAMPLE_PRICES}


def series(text):
    """(name, labels) -> value of every sample."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def scraped(client):
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return series(answer.text)


def labelled(series, **labels):
    return series, frozenset(labels.items())


def requests(route, method, status):
    return labelled("cryptosense_http_requests_total", route=route, method=method, status=str(status))


async def test_requests_are_counted_and_timed_by_route():
    async with served() as client:
        await settled(client)
        for _ in range(3):
            await client.post("/predict", json=PREDICTION)
        await client.post("/predict", json={})
        found = await scraped(client)
    assert found[requests("/predict", "POST", 200)] == 3
    assert found[requests("/predict", "POST", 422)] == 1
    timed = labelled("cryptosense_http_request_seconds_count", route="/predict")
    assert found[timed] == 4
    assert 0 < found[labelled("cryptosense_http_request_seconds_sum", route="/predict")] < 60
    assert found[labelled("cryptosense_http_request_seconds_bucket", route="/predict", le="+Inf")] == 4


async def test_requests_in_flight_include_the_one_that_asks():
    waiting, go = asyncio.Event(), asyncio.Event()
    router = APIRouter(prefix="/v1", route_class=StrictJSONRoute)

    @router.get("/waits")
    async def waits() -> None:
        waiting.set()
        await go.wait()

    in_flight = labelled("cryptosense_http_requests_in_flight")
    async with served(routers=[router]) as client:
        asking = asyncio.ensure_future(client.get("/v1/waits"))
        await waiting.wait()
        assert (await scraped(client))[in_flight] == 2
        go.set()
        await asking
        assert (await scraped(client))[in_flight] == 1


async def test_refusals_are_counted_by_reason():
    settings = Settings(rate_limit="2/hour", api_keys=ENTRIES)
    async with served(settings=settings) as client:
        found = await scraped(client)
        assert [found[labelled("cryptosense_refused_total", reason=each)] for each in ("rate_limit", "key")] == [0, 0]
        for key in ("guess", "guess", "guess", KEY):
            await client.get("/v1/nothing", headers={"x-api-key": key})
        found = await scraped(client)
    assert found[labelled("cryptosense_refused_total", reason="key")] == 2
    assert found[labelled("cryptosense_refused_total", reason="rate_limit")] == 1
    assert found[labelled("cryptosense_refused_total", reason="overload")] == 0


async def test_who_else_counts_is_shown():
    counted = Metrics()
    counted.serves("quantile", "2.0", "ab" * 32)
    counted.forecast_issued("BTC-USD")
    counted.forecast_issued("BTC-USD")
    counted.candle_seen("ETH-USD", 3600)
    async with served(counted=counted) as client:
        found = await scraped(client)
    assert found[labelled("cryptosense_forecasts_total", symbol="BTC-USD")] == 2
    assert found[labelled("cryptosense_model_info", name="quantile", version="2.0", sha256="ab" * 32)] == 1
    assert 3600 <= found[labelled("cryptosense_newest_candle_age_seconds", symbol="ETH-USD")] < 7200


async def test_a_newer_candle_takes_the_place_of_an_older():
    counted = Metrics()
    for hours in (5, 1):
        counted.candle_seen("BTC-USD", 3600 * hours)
    found = series(counted.text().decode())
    assert found[labelled("cryptosense_newest_candle_age_seconds", symbol="BTC-USD")] < 2 * 3600


@pytest.fixture
async def observed(shipped):
    """A backend on BTC's candles, the source of which may be replaced, and a client of it with /metrics."""
    counted = Metrics()
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    backend = LocalBackend(source, shipped, clock=noon, observer=counted)
    async with serving(backend, counted=counted) as client:
        yield backend, source, client


def model(predictor):
    ref = predictor.ref
    return labelled("cryptosense_model_info", name=ref.name, version=ref.version, sha256=ref.sha256)


FORECASTS = labelled("cryptosense_forecasts_total", symbol="BTC-USD")
AGE = labelled("cryptosense_newest_candle_age_seconds", symbol="BTC-USD")


async def test_forecasts_are_counted_through_whichever_door_they_went(observed):
    backend, _, client = observed
    assert FORECASTS not in await scraped(client)
    window = {"symbol": "BTC-USD", "closes": closes()}
    for body in ({"symbol": "BTC-USD"}, {"symbol": "BTC-USD"}, window, question()):
        assert (await client.post("/v1/forecast", json=body)).status_code == 200
    gapped = question(candles=rows(HISTORY[-100:-40]) + rows(HISTORY[-20:]), hours=None)
    await client.post("/v1/forecast/batch", json={"windows": [window, gapped, window]})
    await backend.forecast("BTC-USD", 1)  # as the assistant's tools and the schedule do
    assert (await scraped(client))[FORECASTS] == 7


@pytest.mark.parametrize("path", ["price", "candles", "anomalies", "forecast"])
async def test_the_age_of_the_newest_candle_is_that_of_the_scrape(observed, path):
    _, _, client = observed
    assert AGE not in await scraped(client)
    before = time.time()
    if path == "forecast":
        await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
    else:
        await client.get(f"/v1/{path}?symbol=BTC-USD")
    age = (await scraped(client))[AGE]
    assert noon() - NOON <= age <= noon() - NOON + time.time() - before  # by the exchange's clock, not by ours


async def test_neither_simulated_candles_nor_those_of_a_caller_have_an_age(observed):
    _, source, client = observed
    source.snapshot = replace(source.snapshot, source="demo", warnings=(ForecastWarning.DEMO_DATA,), notes=("made up",))
    await client.get("/v1/price?symbol=BTC-USD")
    await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
    await client.post("/v1/forecast", json=question())
    assert AGE not in await scraped(client)


async def test_the_model_that_answers_is_named_and_its_successor_takes_its_place(observed, shipped, classic):
    backend, _, client = observed
    assert (await scraped(client))[model(shipped)] == 1
    backend.serve(classic)
    found = await scraped(client)
    assert found[model(classic)] == 1
    assert model(shipped) not in found


async def test_coins_that_stand_in_no_catalogue_make_one_series_together():
    metrics = Metrics()
    for number in range(50):
        metrics.forecast_issued(f"COIN{number}-USD")
        metrics.candle_seen(f"COIN{number}-USD", 10.0)
    metrics.forecast_issued("SOL-USD")
    text = metrics.text().decode()
    assert 'cryptosense_forecasts_total{symbol="other"} 50.0' in text
    assert 'cryptosense_forecasts_total{symbol="SOL-USD"} 1.0' in text
    assert "COIN" not in text


async def test_apps_count_apart():
    async with served() as one, served() as other:
        await one.get("/healthz")
        assert requests("/healthz", "GET", 200) in await scraped(one)
        assert requests("/healthz", "GET", 200) not in await scraped(other)


@pytest.mark.parametrize("api", ["/v1", "/predict", ""])
async def test_strange_addresses_and_methods_make_no_new_series(api):
    async with served(settings=Settings(rate_limit="off")) as client:
        sizes = []
        for round_ in range(2):
            for number in range(50):
                await client.request(f"M{round_}{number}", f"{api}/x{round_}{number}")
            await client.get("/metrics")
            sizes.append(len(await scraped(client)))
    assert sizes[0] == sizes[1]


async def test_nothing_of_clients_and_keys_is_told():
    async with served(settings=Settings(api_keys=ENTRIES)) as client:
        async with client_from(client.app, "203.0.113.9") as other:
            await other.get("/v1/SECRET-7f3a?SECRET-7f3a", headers={"x-api-key": KEY})
        text = (await client.get("/metrics")).text
    for secret in ("SECRET", KEY, ENTRIES[0].partition(":")[2], "alice", "203.0"):
        assert secret not in text
