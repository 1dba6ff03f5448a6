import json
from datetime import timedelta

import pytest

from forecaster.errors import ExchangeError, NoCandles, UnsupportedSymbol
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tools.forecast import FORECAST, PICTURED
from tools.tool import BoundTool


async def call(backend, **arguments):
    return await BoundTool(FORECAST, backend).call({"symbol": "BTC-USD"} | arguments)


async def test_the_text_leads_with_range_chance_and_record():
    told = json.loads((await call(FakeBackend())).text)
    assert (told["last_close"], told["hours"], told["probability_up"]) == (LAST_CLOSE, 1, 0.51)
    assert told["range_80"] == [69622.42, 70294.02]
    assert told["error_as_multiple_of_no_change"] == 12.26
    assert told["skill_vs_no_change_pct"] == -1126
    assert told["graded_hours"] == 21_765


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
