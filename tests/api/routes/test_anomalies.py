"""/v1/anomalies: live and in the caller's candles, whose monitor remembers nobody."""

import numpy as np
import pytest

from api import examples
from forecaster.anomalies.monitor import AnomalyReport, Monitor
from forecaster.features.closes import window_volatility
from forecaster.market.candles import Candles
from forecaster.market.sources import Snapshot
from forecaster.schema import ForecastWarning
from forecaster.serving.backend import LocalBackend
from tests.support.fakes import NOON, FakeSource
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import ETHER, HISTORY, noon, rows, serving


@pytest.fixture
def backend(shipped):
    return LocalBackend(FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon())), shipped, clock=noon)


def spiked(sigmas: float, hours: int = 300) -> Candles:
    """The newest hour closes so many sigmas higher."""
    candles = HISTORY[-hours:]
    close, high = candles.close.copy(), candles.high.copy()
    close[-1] *= np.exp(sigmas * window_volatility(candles.close)[-2])
    high[-1] = max(high[-1], close[-1])
    return Candles(candles.time, candles.open, high, np.minimum(candles.low, close), close, candles.volume)


async def sent(client, **changes):
    body = {"symbol": "BTC-USD", "candles": rows(HISTORY[-300:]), "hours": 24} | changes
    answer = await client.post("/v1/anomalies", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return AnomalyReport.model_validate_json(answer.content)


async def test_a_move_of_twelve_sigmas_in_the_callers_newest_candle_is_an_anomaly(client):
    report = await sent(client, candles=rows(spiked(12)))
    assert report.newest.anomalous and report.newest == report.anomalies[-1]
    assert (report.source, report.age_seconds, report.newest.input) == ("caller", 0, "full")
    assert not (await sent(client, candles=rows(spiked(0.5)))).newest.anomalous


async def test_a_report_is_that_of_the_models_monitor(client, shipped):
    report = await sent(client, other_candles=rows(ETHER[-300:]), budget_days=2.5)
    own, other = (
        Snapshot(symbol, "caller", "USD", candles[-300:], float(NOON))
        for symbol, candles in (("BTC-USD", HISTORY), ("ETH-USD", ETHER))
    )
    assert report == Monitor.of(shipped).report(own, 24, 2.5, other)
    assert report.budget_days == 2.5


async def test_one_callers_candles_change_nothing_that_another_is_told(client):
    before = await sent(client)
    wild = np.exp(np.cumsum(np.tile([0.2, -0.2], 150)))
    await sent(client, candles=rows(Candles(HISTORY.time[-300:], wild, wild, wild, wild, wild)))
    assert await sent(client) == before


async def test_few_candles_are_judged_by_closes_and_that_is_said(client):
    report = await sent(client, candles=rows(HISTORY[-70:]))
    assert report.warnings == (ForecastWarning.CLOSES_ONLY,)
    assert report.hours == 5


async def test_live_hours_are_judged_and_hold_until_the_next_five_minute_mark(client):
    answer = await client.get("/v1/anomalies?symbol=BTC-USD&hours=12&budget_days=30")
    report = AnomalyReport.model_validate_json(answer.content)
    assert (report.source, report.hours, report.budget_days) == ("bitstamp", 12, 30)
    assert answer.headers["cache-control"] == "public, max-age=60"
    headers = {"if-none-match": answer.headers["etag"]}
    assert (
        await client.get("/v1/anomalies?symbol=BTC-USD&hours=12&budget_days=30", headers=headers)
    ).status_code == 304
    assert (await client.get("/v1/anomalies?symbol=BTC-USD&hours=13", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hours": 0}, "#/hours"),
        ({"hours": 236}, "#/hours"),
        ({"budget_days": 0.5}, "#/budget_days"),
        ({"budget_days": 366}, "#/budget_days"),
        ({"budget_days": "10"}, "#/budget_days"),
        ({"symbol": "DOGE-EUR"}, "#/symbol"),
        ({"candles": None}, "#/candles"),
        ({"candles": []}, "#/candles"),
        ({"closes": [1.0]}, "#"),
    ],
    ids=str,
)
async def test_what_cannot_be_judged_is_refused_with_its_place(client, change, pointer):
    body = {"symbol": "BTC-USD", "candles": rows(HISTORY[-70:])} | change
    answer = await client.post("/v1/anomalies", json=body)
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("query", ["", "symbol=X", "symbol=BTC-USD&hours=236", "symbol=BTC-USD&budget_days=1.5", "x=1"])
async def test_a_query_that_cannot_be_is_refused(client, query):
    assert_problem(await client.get(f"/v1/anomalies?{query}"), 422)


async def test_too_few_candles_are_refused_with_how_many_are_needed(client):
    body = {"symbol": "BTC-USD", "candles": rows(HISTORY[-65:])}
    assert (
        "needs 66 hours of candles and got 65"
        in assert_problem(await client.post("/v1/anomalies", json=body), 422)["detail"]
    )


async def test_a_model_that_judges_nothing_says_so(classic):
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, classic, clock=noon)) as client:
        for answer in (
            await client.get("/v1/anomalies?symbol=BTC-USD"),
            await client.post("/v1/anomalies", json=examples.WATCHED),
        ):
            assert "does not judge anomalies" in assert_problem(answer, 503)["detail"]


async def test_the_documented_example_works_as_it_stands(client):
    assert (await client.post("/v1/anomalies", json=examples.WATCHED)).status_code == 200
