import json
from datetime import timedelta

import jsonschema
import pytest
from pydantic import TypeAdapter

from forecaster.errors import ExchangeError, NoCandles, UnsupportedHorizon, UnsupportedSymbol
from forecaster.market.candles import utc
from forecaster.schema import HOUR, ForecastWarning, ModelRef, TouchFactors
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tests.tools.test_registry import TalkativeBackend
from tools.forecast import FORECAST, PICTURED
from tools.tool import LONGEST_TEXT, BoundTool


async def call(backend, **arguments):
    return await BoundTool(FORECAST, backend).call({"symbol": "BTC-USD"} | arguments)


async def test_the_text_leads_with_range_chance_and_record():
    told = json.loads((await call(FakeBackend())).text)
    assert (told["last_close"], told["hours"], told["probability_up"]) == (LAST_CLOSE, 1, 0.51)
    assert told["range_80"] == [69622.42, 70294.02]
    assert told["error_as_multiple_of_no_change"] == 12.26
    assert told["skill_vs_no_change_pct"] == -1126
    assert told["graded_hours"] == 21_765


async def test_the_text_says_from_which_moment_and_price_it_starts_and_how_far_it_looks():
    told = json.loads((await call(FakeBackend(longest=24, minute=40), minutes=20)).text)
    assert (told["as_of"], told["price_time"]) == ("2026-03-19T12:40Z", "2026-03-19T12:42Z")
    assert (told["last_close"], told["last_price"]) == (LAST_CLOSE, LAST_CLOSE + 40)
    assert (told["minutes"], told["target_time"]) == (20, "2026-03-19T13:00Z")
    assert "hours" not in told and told["minute_by_minute"]["columns"].startswith("minutes,")
    assert [row.partition(",")[0] for row in told["minute_by_minute"]["rows"]] == ["15", "20"]


@pytest.mark.parametrize(
    ("asked", "minutes"),
    [
        ({}, 60),
        ({"hours": 3}, 180),
        ({"minutes": 90}, 90),
        ({"until": "2026-03-19T17:00Z"}, 300),
        ({"until": "2026-03-19T19:30:00+02:00"}, 330),
        ({"hours": None, "minutes": 45, "until": None}, 45),
    ],
)
async def test_hours_minutes_or_a_time_say_how_far_a_forecast_looks(asked, minutes):
    answer = (await call(FakeBackend(longest=24), **asked)).data
    assert answer.forecast.horizons[-1].minutes == minutes


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"hours": 2, "minutes": 30}, "give only one of hours, minutes and until"),
        ({"minutes": 0}, "minutes: Input should be greater than or equal to 1"),
        ({"minutes": 1441}, "minutes: Input should be less than or equal to 1440"),
        ({"until": "2026-03-19T17:00"}, "until: Input should be a time with its zone"),
        ({"until": "2026-02-30T17:00Z"}, "until: Input should be a time with its zone"),
        ({"until": "at five <b>"}, "until: Input should be a time with its zone"),
        ({"until": 1773921600}, "until: Input should be a time with its zone"),
    ],
)
async def test_what_says_no_distance_is_refused_in_words_that_repeat_nothing(asked, told):
    result = await call(FakeBackend(longest=24), **asked)
    message = json.loads(result.text)["message"]
    assert not result.ok and told in message and message.endswith("call again.") and "<b>" not in message


async def test_minutes_count_from_now_where_there_are_but_full_hours():
    class HourlyBackend(FakeBackend):
        def _provenance(self, symbol):
            return super()._provenance(symbol) | {"age_seconds": 40 * 60, "warnings": (ForecastWarning.HOURLY,)}

    forecast = (await call(HourlyBackend(longest=24), minutes=30)).data.forecast
    assert f"{forecast.as_of:%H:%M} {forecast.horizons[-1].target_time:%H:%M}" == "12:00 13:10"


async def test_hours_count_from_now_where_candles_are_old_and_from_these_where_the_model_sees_no_farther():
    class Stale(FakeBackend):
        def _provenance(self, symbol):
            return super()._provenance(symbol) | {"age_seconds": 75 * 60, "warnings": (ForecastWarning.STALE_CANDLES,)}

        async def forecast(self, symbol, hours=None, *, minutes=None, until=None):
            if until is not None and until > utc(NOON + 24 * HOUR):
                raise UnsupportedHorizon(25, 24)
            return await super().forecast(symbol, hours, minutes=minutes, until=until)

    for asked, time in (({"hours": 3}, "16:15"), ({"minutes": 10}, "13:25"), ({"hours": 24}, "12:00"), ({}, "14:15")):
        forecast = (await call(Stale(longest=24), **asked)).data.forecast
        assert f"{forecast.horizons[-1].target_time:%H:%M}" == time


async def test_a_time_that_has_passed_is_refused():
    result = await call(FakeBackend(longest=24), until="2026-03-19T11:00Z")
    assert not result.ok and json.loads(result.text)["error"] == "unavailable"


async def test_candles_of_the_hours_before_lead_to_a_forecast_from_within_the_hour():
    answer = (await call(FakeBackend(longest=24, minute=40), minutes=30)).data
    assert len(answer.recent) == PICTURED
    assert answer.forecast.as_of - (answer.recent[-1].open_time + timedelta(hours=1)) == timedelta(minutes=40)


@pytest.mark.parametrize("asked", [{"minutes": 1440}, {"minutes": 1439}, {"until": "2026-03-20T11:59Z"}])
async def test_the_text_of_every_minute_stays_small(asked):
    result = await call(FakeBackend(longest=24), threshold=70_000.0, **asked)
    assert len(json.loads(result.text)["minute_by_minute"]["rows"]) == 27
    assert len(result.text.encode()) <= LONGEST_TEXT


async def test_every_hour_is_told_where_more_than_one_was_asked_for():
    told = json.loads((await call(FakeBackend(longest=24), hours=24)).text)
    assert len(told["hour_by_hour"]["rows"]) == 24 and told["hours"] == 24


async def test_the_data_holds_the_newest_candles_for_a_picture():
    backend = FakeBackend()
    answer = (await call(backend)).data
    assert answer.forecast == await backend.forecast("BTC-USD", 1)
    assert len(answer.recent) == PICTURED
    assert answer.recent[-1].open_time + timedelta(hours=1) == answer.forecast.as_of


async def test_a_forecast_is_given_without_candles_where_they_fail():
    backend = FakeBackend()
    backend.failure["candles"] = NoCandles("BTC-USD", (ExchangeError("kraken", "timed out"),))
    result = await call(backend)
    assert result.ok and result.data.recent == ()


@pytest.mark.parametrize(
    "field", [{"source": "kraken"}, {"as_of": FakeBackend().candle_history.to_schema()[0].open_time}]
)
async def test_candles_of_another_source_or_hour_are_not_shown_beside_a_forecast(field):
    class MovedOnBackend(FakeBackend):
        async def candles(self, symbol, hours):
            return (await super().candles(symbol, hours)).model_copy(update=field)

    assert (await call(MovedOnBackend())).data.recent == ()


async def test_a_horizon_beyond_the_model_says_how_far_it_looks():
    told = json.loads((await call(FakeBackend(longest=1), hours=6)).text)
    assert (told["error"], told["longest_hours"]) == ("unsupported_horizon", 1)
    assert "1 hour ahead" in told["message"]


async def test_a_coin_unknown_to_the_model_says_which_it_knows():
    backend = FakeBackend()
    backend.failure["forecast"] = UnsupportedSymbol("ETH-USD", ("BTC-USD",))
    told = json.loads((await call(backend, symbol="ETH-USD")).text)
    assert (told["error"], told["supported"]) == ("unsupported_symbol", ["BTC-USD"])


async def test_a_threshold_brings_the_chance_of_a_close_above_it():
    result = await call(FakeBackend(), threshold=LAST_CLOSE)
    told = json.loads(result.text)
    assert told["threshold"] == LAST_CLOSE
    assert told["probability_above"] == pytest.approx(result.data.forecast.horizons[-1].probability_above, abs=0.001)
    assert 0.5 < told["probability_above"] < 0.6  # the median lies a little above


async def test_a_chance_beyond_the_outermost_quantile_is_not_told_as_a_number():
    assert json.loads((await call(FakeBackend(), threshold=1.0)).text)["probability_above"] == "over 0.975"
    assert json.loads((await call(FakeBackend(), threshold=1e8)).text)["probability_above"] == "under 0.025"


async def test_without_a_threshold_there_is_no_such_chance():
    assert "probability_above" not in json.loads((await call(FakeBackend())).text)


NEUTRAL = TouchFactors(up=(1.0,) * 24, down=(1.0,) * 24)
EVERYTHING = {
    "threshold": 70_500.0,
    "between": [69_000.0, 71_000.0],
    "move_pct": 0.5,
    "level": 90.0,
    "touch": True,
    "amount": 123_456.789,
    "amount_in": "quote",
}


async def test_two_prices_a_move_a_level_and_an_amount_are_told_of_the_last_horizon():
    backend = FakeBackend(longest=24)
    backend.touch = NEUTRAL
    result = await call(backend, hours=6, **EVERYTHING)
    told, odds = json.loads(result.text), result.data.odds
    assert told["probability_above"] == pytest.approx(odds.above, abs=1e-3)
    assert told["probability_above"] + told["probability_below"] == pytest.approx(1)
    assert (told["between"], told["probability_between"]) == ([69_000, 71_000], pytest.approx(odds.between, abs=1e-3))
    assert told["price_after_rise"] == pytest.approx(LAST_CLOSE * 1.005, abs=0.01)
    assert told["price_after_fall"] == pytest.approx(LAST_CLOSE * 0.995, abs=0.01)
    assert told["stays_above"] < told["range_80"][0] < told["range_80"][1] < told["stays_below"]
    assert told["probability_of_touch"] == pytest.approx(2 * odds.above, abs=1e-3)
    assert (told["amount"], told["amount_in"], told["value_now"]) == (123_456.789, "quote", 123_456.79)
    assert 0 < told["expected_loss"] < told["value_at_risk_95"]
    assert "beyond_outermost_quantiles" not in told


async def test_a_move_of_so_many_dollars_is_one_of_so_many_percent_of_the_price():
    last = (await call(FakeBackend())).data.forecast.last_price
    dollars, percent = [await call(FakeBackend(), **asked) for asked in ({"move": last / 100}, {"move_pct": 1.0})]
    assert dollars.data.odds.move == pytest.approx(percent.data.odds.move)
    assert dollars.data.odds.move_price_up == pytest.approx(1.01 * last)
    assert (dollars.data.move_size, percent.data.move_size) == (last / 100, None)
    assert json.loads(dollars.text)["move_size"] == last / 100


async def test_what_is_not_asked_is_not_told():
    answer = (await call(FakeBackend())).data
    assert answer.odds is None and not answer.touch and not answer.path
    backend = FakeBackend()
    await call(backend, threshold=70_000.0)
    assert "facts" not in [name for name, _ in backend.calls]


@pytest.mark.parametrize(
    ("asked", "name", "words"),
    [
        ({"between": [70_000.0, 200_000.0], "threshold": 200_000.0}, "probability_above", "under 0.025"),
        ({"between": [10_000.0, 200_000.0]}, "probability_between", "over 0.95"),
        ({"between": [190_000.0, 200_000.0]}, "probability_between", "under 0.025"),
        ({"move_pct": 60.0}, "probability_of_move", "under 0.05"),
        ({"move_pct": 60.0, "direction": "down"}, "probability_of_move", "under 0.025"),
        ({"move_pct": 60.0, "direction": "up", "touch": True}, "probability_of_touch", "under 0.05"),
    ],
)
async def test_a_chance_beyond_the_outermost_quantiles_is_told_in_words(asked, name, words):
    backend = FakeBackend()
    backend.touch = NEUTRAL
    told = json.loads((await call(backend, **asked)).text)
    assert told[name] == words and told["beyond_outermost_quantiles"] is True


async def test_a_small_chance_between_two_near_prices_is_known():
    told = json.loads((await call(FakeBackend(), between=[70_000.0, 70_001.0])).text)
    assert 0 < told["probability_between"] < 0.01


@pytest.mark.parametrize("taught", [None, NEUTRAL])
async def test_a_touch_is_not_known_of_a_model_that_was_not_taught_or_that_did_not_answer(taught):
    class Renewed(FakeBackend):
        async def facts(self):
            other = ModelRef(name="classic", version="2.0", sha256="1" * 64)
            return (await super().facts()).model_copy(update={"model": other})

    backend = Renewed() if taught else FakeBackend()
    backend.touch = taught
    result = await call(backend, threshold=70_000.0, touch=True)
    assert result.data.odds.touch is None and not result.data.odds.touch_known and result.data.touch
    assert json.loads(result.text)["probability_of_touch"] == "not known"


async def test_a_touch_is_not_known_while_the_model_tells_nothing_of_itself():
    backend = FakeBackend()
    backend.failure["facts"] = ExchangeError("kraken", "timed out")
    assert (await call(backend, move_pct=1.0, touch=True)).data.odds.touch is None


@pytest.mark.parametrize("path", [False, True])
@pytest.mark.parametrize("symbol", ["BTC-USD", "DOGE-USD"])
async def test_everything_at_once_stays_small(path, symbol):
    for backend in (FakeBackend(longest=24), TalkativeBackend(longest=24)):
        result = await BoundTool(FORECAST, backend).call({"symbol": symbol, "hours": 24, "path": path} | EVERYTHING)
        assert result.ok and len(result.text.encode()) <= LONGEST_TEXT
        told = json.loads(result.text)
        assert not path or len(told["hour_by_hour"]["rows"]) == 24
        jsonschema.validate(told, TypeAdapter(FORECAST.facts).json_schema())
        assert set(told) <= set(TypeAdapter(FORECAST.facts).json_schema()["properties"])


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"between": [71_000.0, 70_000.0]}, "between needs a lower and a higher price"),
        ({"between": [70_000.0]}, "between: List should have at least 2 items"),
        ({"touch": True}, "touch needs a threshold or a move_pct"),
        ({"move_pct": 1.0, "move": 100.0}, "give only one of move_pct and move"),
        ({"move_pct": 0.0}, "move_pct: Input should be greater than 0"),
        ({"move_pct": 1001.0}, "move_pct: Input should be less than or equal to 1000"),
        ({"level": 100.0}, "level: Input should be less than 100"),
        ({"amount": 1e300}, "amount: Input should be less than or equal to 1000000000000"),
        ({"amount": 1.0, "amount_in": "euro"}, "amount_in: Input should be 'coin' or 'quote'"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_words(asked, words):
    result = await call(FakeBackend(), **asked)
    assert not result.ok and words in json.loads(result.text)["message"]
