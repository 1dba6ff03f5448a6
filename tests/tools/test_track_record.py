import json

import pytest

from forecaster.ledger.track_record import Kept, Outcome, inside, pit
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ModelRef
from tests.support.fakes import NOON, FakeBackend
from tests.support.ledger.issued import issued
from tools.tool import BoundTool
from tools.track_record import ROWS, TRACK_RECORD

OLDER = ModelRef(name="quantile", version="0.9", sha256="b" * 64)


def kept(hour, actual=None, **changes):
    """The forecast of `hour`; with `actual`, what the next hour closed at."""
    forecast = issued(hour, **changes)
    outcomes = () if actual is None else (outcome(forecast, actual),)
    return Kept(forecast=forecast, issued_at=utc(NOON + hour * HOUR + 25), outcomes=outcomes)


def outcome(forecast, actual):
    horizon = forecast.horizons[0]
    return Outcome(
        hours=1,
        target_time=horizon.target_time,
        actual=actual,
        error_pct=100 * (horizon.median / actual - 1),
        inside=inside(horizon, actual),
        pit=pit(horizon, actual),
    )


async def call(*forecasts, **arguments):
    backend = FakeBackend()
    backend.kept = forecasts
    result = await BoundTool(TRACK_RECORD, backend).call({"symbol": "BTC-USD"} | arguments)
    assert result.ok, result.text
    return result.data, json.loads(result.text)


async def test_forecasts_are_told_with_what_happened_and_how_good_they_were():
    hit, miss = 70_070.0, 75_000.0
    data, told = await call(kept(2), kept(1, hit), kept(0, miss))
    assert (told["waiting"], told["settled"]) == (1, 2)
    assert told["coverage_pct"] == {"50": 50.0, "80": 50.0, "95": 50.0}
    assert told["mae_no_change"] == pytest.approx((70 + 5_000) / 2)
    assert told["newest"]["rows"][0].endswith(",70070.00,yes")
    assert told["newest"]["rows"][1].endswith(",75000.00,no")
    assert told["newest_misses"][0].endswith(",75000.00")
    assert [each.forecast.id for each in data.forecasts] == [issued(1).id, issued(0).id]


async def test_only_the_newest_so_many_are_graded():
    data, told = await call(*(kept(hour, 70_000.0 + hour) for hour in range(30, 0, -1)), last=5)
    assert (told["settled"], len(data.forecasts), told["waiting"]) == (5, 5, 0)
    assert told["graded_to"] == "2026-03-20T19:00Z"


async def test_forecasts_of_an_earlier_model_are_not_counted_for_the_one_that_answers():
    _, told = await call(kept(1, 70_000.0), kept(0, 75_000.0, model=OLDER))
    assert (told["settled"], told["coverage_pct"]["80"]) == (1, 100.0)


async def test_without_outcomes_the_answer_says_so():
    data, told = await call(kept(0))
    assert data.grades is None and told["settled"] == 0
    assert "No live forecast" in told["message"]
    assert (await call())[1]["waiting"] == 0


async def test_the_text_stays_small_and_the_data_has_all():
    data, told = await call(*(kept(hour, 70_000.0 + 900 * (hour % 3)) for hour in range(168, 0, -1)), last=168)
    assert len(data.forecasts) == 168 and len(told["newest"]["rows"]) == ROWS
