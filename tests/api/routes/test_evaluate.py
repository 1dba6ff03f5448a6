"""POST /v1/evaluate: the model graded on the caller's closes, never on an hour that it could have seen."""

import asyncio
import threading

import numpy as np
import pytest

from api import examples
from api.routes.evaluate import WAITING
from forecaster.errors import InvalidInput
from forecaster.evaluation.rolling_origin import RollingOrigin, rolling_origin
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from tests.support.artifacts.markets import market
from tests.support.fakes import FakeBackend, FakeSource
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import HISTORY, closes, noon, serving


@pytest.fixture
def backend(shipped):
    return LocalBackend(FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon())), shipped, clock=noon)


async def graded(client, **changes):
    answer = await client.post("/v1/evaluate", json={"symbol": "BTC-USD", "closes": closes(200)} | changes)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return RollingOrigin.model_validate_json(answer.content)


async def test_each_close_after_the_first_sixty_is_graded_beside_no_change(client, shipped):
    record, series = await graded(client), np.array(closes(200))
    assert (record.n, record.input, record.source, record.model) == (140, "closes_only", "caller", shipped.ref)
    assert record.mae_persistence == pytest.approx(np.abs(np.diff(series[59:])).mean())
    predicted = [shipped.predict_next_close(series[end - 60 : end]) for end in range(60, 200)]
    assert record.mae == pytest.approx(np.abs(predicted - series[60:]).mean(), rel=1e-6)
    assert record.skill.value == pytest.approx(1 - record.mae / record.mae_persistence)
    assert record.skill.baseline == "persistence" and record.crps_skill.baseline == "rolling_quantiles"
    assert set(record.coverage) == {"50", "80", "95"}
    assert "only later ones are a test" in record.notes[0]


async def test_an_interval_takes_two_weeks_of_graded_hours(client):
    short, long = await graded(client, closes=closes(395)), await graded(client, closes=closes(396))
    assert (short.n, long.n) == (335, 336)
    assert short.skill.ci_low is None and short.skill.ci_high is None
    assert long.skill.ci_low <= long.skill.value <= long.skill.ci_high
    assert 0 <= long.skill.p <= 1


async def test_prices_that_never_move_have_no_skill_to_tell(client):
    record = await graded(client, closes=[61_000.0] * 150)
    assert record.mae_persistence == 0
    assert (record.skill.value, record.direction) == (None, None)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
async def test_the_unit_of_the_prices_does_not_matter(client, factor):
    scaled = await graded(client, closes=[factor * close for close in closes(200)])
    assert scaled.skill.value == pytest.approx((await graded(client)).skill.value, rel=1e-3)


async def test_closes_that_come_later_change_no_forecast_before_them(shipped):
    series = np.array(closes(300))
    later = np.concatenate([series[:200], market(100, seed=5).close])
    before, after = shipped.next_hours("BTC-USD", series), shipped.next_hours("BTC-USD", later)
    assert np.array_equal(before[:140], after[:140])  # the last of them was issued at the 200th close
    assert not np.array_equal(before[141:], after[141:])


async def test_bands_follow_what_became_of_the_forecasts_before(shipped):
    quantiles, trackers = shipped.next_hours("BTC-USD", HISTORY.close[:80]), shipped.trackers("BTC-USD")
    for hour, told in enumerate(quantiles):
        window = HISTORY[hour : hour + 60]
        snapshot = Snapshot("BTC-USD", "caller", "USD", window, float(window.time[-1]) + 3600)
        issued = list(shipped.forecast(snapshot, 1, None, trackers).horizons[0].quantiles.values())
        assert window.close[-1] * np.exp(told) == pytest.approx(issued, rel=1e-6)
        outcome = np.log(HISTORY.close[hour + 60 : hour + 61] / window.close[-1])
        trackers["closes_only"].settle(np.array([1]), told[None], outcome)
    assert trackers["closes_only"].widths != shipped.trackers("BTC-USD")["closes_only"].widths


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"closes": closes(119)}, "#/closes"),
        ({"closes": [1.0] * 10_001}, "#/closes"),
        ({"closes": [*closes(150), 0]}, "#/closes/150"),
        ({"closes": [*closes(150), None]}, "#/closes/150"),
        ({"closes": "many"}, "#/closes"),
        ({"symbol": "DOGE-EUR"}, "#/symbol"),
        ({"candles": []}, "#"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_cannot_be_graded_is_refused_with_its_place(client, change, pointer):
    answer = await client.post("/v1/evaluate", json={"symbol": "BTC-USD", "closes": closes(150)} | change)
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == pointer


async def test_the_wildest_prices_that_are_taken_get_numbers(client):
    record = await graded(client, closes=[1e-12, 1e15] * 100)
    assert record.mae > 0 and record.crps > 0


def test_moves_without_a_number_for_their_error_are_refused(shipped):
    with pytest.raises(InvalidInput, match="No error can be computed"):
        rolling_origin(shipped, "BTC-USD", np.array([1e-300, 1e300] * 100))


async def test_a_model_without_quantiles_says_so(classic):
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, classic)) as client:
        answer = await client.post("/v1/evaluate", json={"symbol": "BTC-USD", "closes": closes(150)})
        assert "no quantiles to grade" in assert_problem(answer, 422)["detail"]


class Busy(FakeBackend):
    """Evaluates nothing until `go_on` is set."""

    def __init__(self):
        super().__init__()
        self.count, self.go_on = 0, threading.Event()

    async def evaluate(self, symbol, closes):
        self.count += 1
        await asyncio.to_thread(self.go_on.wait, 30)
        raise RuntimeError("not to be answered")


async def test_only_so_many_evaluations_wait_for_each_other():
    backend = Busy()
    async with serving(backend) as client:
        body = {"symbol": "BTC-USD", "closes": closes(150)}
        asking = [asyncio.create_task(client.post("/v1/evaluate", json=body)) for _ in range(WAITING)]
        while backend.count < WAITING:
            await asyncio.sleep(0.01)
        answer = await client.post("/v1/evaluate", json=body)
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "1"
        backend.go_on.set()
        assert {each.status_code for each in await asyncio.gather(*asking)} == {500}
        assert client.app.state.evaluations.used == 0


async def test_the_documented_example_works_as_it_stands(client):
    assert (await client.post("/v1/evaluate", json=examples.GRADED)).status_code == 200
