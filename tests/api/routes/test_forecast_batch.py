"""POST /v1/forecast/batch: each window gets the forecast that it gets alone, or a problem in its place."""

import asyncio

import pytest

from api.wire import results_json
from forecaster.artifact.loading import load_artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.quantile import BATCH, QuantilePredictor
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import Sent
from forecaster.settings import Settings
from tests.forecaster.inference.test_predictor_batch import Broken
from tests.support.fakes import NOON, FakeSource
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import ETHER, HISTORY, closes, noon, rows, serving

SOURCE = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
COINS = {"BTC-USD": HISTORY.close, "ETH-USD": ETHER.close, "SOL-USD": ETHER.close / 10}


@pytest.fixture
async def client(shipped):
    async with serving(LocalBackend(SOURCE, shipped, clock=noon)) as client:
        yield client


async def batched(client, windows, **more):
    answer = await client.post("/v1/forecast/batch", json={"windows": windows, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def test_a_batch_gives_each_window_the_forecast_that_it_gets_alone(client):
    windows = [
        {"symbol": "BTC-USD", "candles": rows(HISTORY[-300:]), "other_candles": rows(ETHER[-300:])},
        {"symbol": "ETH-USD", "candles": rows(ETHER[-300:])},
        {"symbol": "BTC-USD", "closes": closes(70), "last_open_time": NOON - HOUR},
        {"symbol": "BTC-USD", "candles": rows()},
        {"symbol": "ETH-USD", "closes": closes(60, ETHER)},
    ]
    results = await batched(client, windows, hours=3, quantiles=[0.2], threshold=HISTORY.close[-1])
    for window, result in zip(windows, results, strict=True):
        more = {"hours": 3, "quantiles": [0.2], "threshold": HISTORY.close[-1]}
        alone = Forecast.model_validate_json((await client.post("/v1/forecast", json=window | more)).content)
        together = Forecast.model_validate(result["forecast"])
        assert together.model_copy(update={"horizons": ()}) == alone.model_copy(update={"horizons": ()})
        for here, there in zip(together.horizons, alone.horizons, strict=True):
            assert list(here.quantiles.values()) == pytest.approx(list(there.quantiles.values()), rel=1e-6)
            assert here.probability_up == pytest.approx(there.probability_up, abs=1e-4)


async def test_many_windows_are_answered_in_their_order(client):
    windows = [{"symbol": "BTC-USD", "closes": HISTORY.close[start : start + 60].tolist()} for start in range(300)]
    results = await batched(client, windows)
    assert [each["forecast"]["last_close"] for each in results] == HISTORY.close[59:359].tolist()


async def test_what_is_sent_while_the_network_still_runs_is_what_is_written_at_once(client, shipped):
    """Byte for byte, though three coins take turns and some windows have no forecast."""
    sent = [
        Sent(symbol, closes=closes[start : start + 60].tolist(), last_open_time=NOON - HOUR * (1 + start % 3))
        for start in range(BATCH)
        for symbol, closes in COINS.items()
    ]
    windows = [{"symbol": each.symbol, "closes": each.closes, "last_open_time": each.last_open_time} for each in sent]
    for candles in (HISTORY[-300:], HISTORY[-10:]):
        sent.insert(7, Sent("BTC-USD", candles))
        windows.insert(7, {"symbol": "BTC-USD", "candles": rows(candles)})
    answer = await client.post("/v1/forecast/batch", json={"windows": windows, "hours": 24})
    at_once = list(await LocalBackend(SOURCE, shipped, clock=noon).forecast_batch(sent, 24))
    assert answer.content == results_json(b'{"results":[', at_once) + b"]}"


@pytest.mark.parametrize("run", [1, 4])
async def test_a_network_that_fails_gives_an_error_and_later_on_no_whole_answer(run):
    artifact = load_artifact(Settings().model_dir)
    predictor = QuantilePredictor(artifact, Broken(open_engine(artifact), run))
    windows = [{"symbol": "BTC-USD", "closes": HISTORY.close[n : n + 60].tolist()} for n in range(5 * BATCH)]
    async with serving(LocalBackend(SOURCE, predictor, clock=noon)) as client:
        answer = await client.post("/v1/forecast/batch", json={"windows": windows})
    if run == 1:
        assert_problem(answer, 500)
    else:
        assert answer.text.startswith('{"results":[{') and not answer.text.endswith("]}")
    assert "SECRET" not in answer.text


async def test_a_window_that_cannot_be_forecast_from_gets_a_problem_in_its_place(client):
    broken = [*rows()[:100], *rows()[130:]]
    results = await batched(
        client,
        [
            {"symbol": "BTC-USD", "candles": broken},
            {"symbol": "BTC-USD", "candles": rows()},
            {"symbol": "BTC-USD", "candles": rows()[:10]},
            {"symbol": "BTC-USD", "closes": closes(), "last_open_time": NOON + 9 * HOUR},
        ],
    )
    assert [bool(each["forecast"]) for each in results] == [False, True, False, False]
    problems = [each["problem"] for each in results if each["problem"]]
    assert {each["status"] for each in problems} == {422}
    assert "hours in a row have no candle" in problems[0]["detail"]


async def test_a_batch_refuses_what_is_not_of_its_form(client):
    def wrong(answer):
        return assert_problem(answer, 422)["errors"][0]

    window = {"symbol": "BTC-USD", "closes": closes()}
    for windows, pointer in (
        ([], "#/windows"),
        ([window] * 1025, "#/windows"),
        ([window, {"symbol": "BTC-USD"}], "#/windows/1"),
        ([window, {"symbol": "BTC-USD", "candles": [*rows(), rows()[3] | {"volume": 1e9}]}], "#/windows/1/candles/168"),
    ):
        body = {"windows": windows}
        assert wrong(await client.post("/v1/forecast/batch", json=body))["pointer"] == pointer


async def test_a_batch_of_1024_windows_of_closes_is_within_the_limit_of_its_body(client):
    windows = [{"symbol": "BTC-USD", "closes": closes()}] * 1024
    assert len(await batched(client, windows)) == 1024


async def test_of_many_wrong_candles_the_first_is_told(client):
    window = {"symbol": "BTC-USD", "candles": [{}] * 1000}
    answer = await client.post("/v1/forecast/batch", json={"windows": [window] * 100})
    pointers = [each["pointer"] for each in assert_problem(answer, 422)["errors"]]
    assert pointers and all(each.startswith("#/windows/0/candles/0/") for each in pointers)


async def test_a_long_body_is_refused_for_the_same_reason_as_a_short_one(client):
    window = {"symbol": "BTC-USD", "closes": closes()}
    wrong = {"symbol": "BTC-USD", "closes": [*closes(), -1]}
    for count in (1, 500):
        answer = await client.post("/v1/forecast/batch", json={"windows": [*[window] * count, wrong]})
        assert [each["pointer"] for each in assert_problem(answer, 422)["errors"]] == [f"#/windows/{count}/closes/60"]


async def test_others_are_answered_while_a_long_body_is_read(client):
    windows = [{"symbol": "BTC-USD", "closes": HISTORY.close.tolist()}] * 600
    long = asyncio.create_task(client.post("/v1/forecast/batch", json={"windows": windows, "unknown": 1}))
    answered = 0
    while not long.done():
        await asyncio.sleep(0)  # in this process an answer may come without the loop going round
        assert (await client.get("/healthz")).status_code == 200
        answered += 1
        await asyncio.sleep(0.001)  # without a network between them, nothing else gives the server a turn
    assert_problem(long.result(), 422)
    assert answered > 10
