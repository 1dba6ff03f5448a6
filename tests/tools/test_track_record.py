import json

import pytest

from forecaster.ledger.track_record import Kept, LedgerPage, Outcome, inside, pit
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ModelRef
from tests.support.fakes import NOON, FakeBackend
from tests.support.ledger.issued import issued
from tools.tool import BoundTool
from tools.track_record import PAGES, ROWS, TRACK_RECORD

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


async def test_the_forecast_for_a_moment_is_told_with_what_came_of_it():
    data, told = await call(kept(2), kept(1, 70_070.0), kept(0, 75_000.0), at="2026-03-19T13:10Z")
    assert data.asked.forecast.id == issued(0).id
    assert (told["asked"]["target_time"], told["asked"]["actual"]) == ("2026-03-19T13:00Z", 75_000)
    assert told["asked"]["inside_80"] is False and told["asked"]["error_pct"] < 0


async def test_a_forecast_that_is_open_is_told_without_an_outcome():
    data, told = await call(kept(2), kept(1, 70_070.0), at="2026-03-19T15:00Z")
    assert data.asked.forecast.id == issued(2).id and "actual" not in told["asked"]


async def test_a_moment_that_nothing_was_forecast_for_is_told_as_such():
    data, told = await call(kept(1, 70_070.0), at="2026-03-12T15:00Z")
    assert data.asked is None and told["asked_unknown"].startswith("No forecast") and told["settled"] == 1


async def test_the_worst_miss_is_the_farthest_in_percent():
    data, told = await call(kept(2, 70_100.0), kept(1, 60_000.0), kept(0, 75_000.0), worst=True)
    assert data.worst.forecast.id == issued(1).id and told["worst"]["actual"] == 60_000
    assert (await call(kept(0), worst=True))[0].worst is None
    assert (await call(kept(0, 70_000.0)))[0].worst is None


async def test_forecasts_farther_ahead_are_judged_by_their_own_close():
    def later(hour, actual):
        forecast = issued(hour)
        row = outcome(forecast, 70_000.0)
        far = row.model_copy(update={"hours": 3, "minutes": 180, "actual": actual})
        return Kept(forecast=forecast, issued_at=utc(NOON + hour * HOUR + 25), outcomes=(row, far))

    data, told = await call(later(1, 71_000.0), later(0, 72_000.0), hours=3)
    assert (data.hours, told["hours_ahead"], told["settled"]) == (3, 3, 2)
    assert told["newest"]["rows"][0].split(",")[3] == "71000.00"
    assert (await call(later(1, 71_000.0), hours=9))[1]["settled"] == 0


async def test_a_moment_some_pages_back_is_found_and_farther_back_is_not_looked_for():
    class Paged(FakeBackend):
        async def history(self, symbol, since, cursor, limit):
            self._called("history", symbol, since, cursor, limit)
            hour = -int(cursor or 0) * 100
            page = tuple(kept(hour - back, 70_000.0) for back in range(100))
            return LedgerPage(forecasts=page, next_cursor=str(int(cursor or 0) + 1))

    backend = Paged()
    for back, found in ((250, True), (450, True), (5_000, False)):
        backend.calls.clear()
        at = utc(NOON - (back - 1) * HOUR).isoformat()
        result = await BoundTool(TRACK_RECORD, backend).call({"symbol": "BTC-USD", "at": at})
        assert (result.data.asked is not None) is found
        assert len(backend.calls) <= PAGES + 1
