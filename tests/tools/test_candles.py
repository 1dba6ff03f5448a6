"""What happened between two moments: calendar days in any zone, with when the extremes were."""

import json

import numpy as np
import pytest

from forecaster.market.candles import utc
from tests.support.fakes import NOON, FakeBackend
from tools.candles import GET_CANDLES
from tools.tool import BoundTool, minute


async def call(**arguments):
    backend = FakeBackend()
    return await BoundTool(GET_CANDLES, backend).call({"symbol": "BTC-USD"} | arguments), backend.candle_history


async def test_a_day_is_told_with_when_its_extremes_were():
    result, history = await call(start="2026-03-18T00:00Z", end="2026-03-19T00:00Z")
    day = history.since(NOON - 36 * 3600).closed_at(NOON - 12 * 3600)
    told, answer = json.loads(result.text), result.data
    assert len(day) == 24 and (told["start"], told["end"]) == ("2026-03-18T00:00Z", "2026-03-19T00:00Z")
    assert (told["open"], told["close"]) == (round(float(day.open[0]), 2), round(float(day.close[-1]), 2))
    assert answer.span.high == day.high.max() and answer.span.low == day.low.min()
    assert int(answer.high_time.timestamp()) == int(day.time[day.high.argmax()])
    assert int(answer.low_time.timestamp()) == int(day.time[day.low.argmin()])
    returns = np.diff(np.log([day.open[0], *day.close]))
    assert told["volatility_pct"] == pytest.approx(100 * returns.std(ddof=1), abs=5e-4)


async def test_without_an_end_the_span_ends_now():
    told = json.loads((await call(start="2026-03-19T00:00+01:00"))[0].text)
    assert (told["start"], told["end"], told["hours"]) == ("2026-03-18T23:00Z", "2026-03-19T12:00Z", 13)


async def test_without_a_start_the_span_has_so_many_hours():
    told = json.loads((await call(end="2026-03-19T06:00Z", hours=6))[0].text)
    assert (told["start"], told["hours"]) == ("2026-03-19T00:00Z", 6)


async def test_a_zone_half_an_hour_off_gets_the_hours_that_lie_in_its_day_for_the_most_part():
    told = json.loads((await call(start="2026-03-18T00:00+05:30", end="2026-03-19T00:00+05:30"))[0].text)
    assert told["hours"] == 24


async def test_too_short_a_span_has_no_volatility():
    result, _ = await call(start="2026-03-19T10:00Z", end="2026-03-19T12:00Z")
    assert result.data.volatility_pct is None and "volatility" not in result.text


async def test_a_span_that_begins_within_the_hour_is_told_by_five_minute_candles():
    result, _ = await call(start="2026-03-19T11:40Z")
    told = json.loads(result.text)
    assert (told["start"], told["end"], told["hours"]) == ("2026-03-19T11:40Z", "2026-03-19T12:00Z", 1)
    assert len(result.data.span.candles) == 4 and result.data.volatility_pct is None


async def test_a_span_of_less_than_three_hours_is_told_by_five_minute_candles():
    result, _ = await call(start="2026-03-19T08:10Z", end="2026-03-19T08:55Z")
    told = json.loads(result.text)
    assert (told["start"], told["end"]) == ("2026-03-19T08:10Z", "2026-03-19T08:55Z")
    long, _ = await call(start="2026-03-19T08:10Z", end="2026-03-19T11:10Z")
    assert long.data.span.step_minutes == 60


async def test_a_short_span_of_days_ago_is_told_by_hours():
    result, _ = await call(start="2026-03-15T08:00Z", end="2026-03-15T10:00Z")
    assert result.data.span.step_minutes == 60 and len(result.data.span.candles) == 2


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"start": "2026-03-19T12:00Z"}, "No candle of that span has closed"),
        ({"start": "2027-01-01T00:00Z"}, "No candle of that span has closed"),
        ({"start": "2025-01-01T00:00Z"}, "Candles reach back to 2026-03-07T00:00Z. Ask for a span that begins later."),
        ({"start": "2026-03-19T10:00Z", "end": "2026-03-19T10:00Z"}, "start must lie before end"),
        ({"start": "2026-03-19T10:00"}, "start: Input should be a time with its zone"),
        ({"end": "0001-01-01T00:00Z"}, "end: Input should be a time between 1970 and 2999"),
    ],
)
async def test_a_span_that_cannot_be_told_is_refused_with_what_to_do(asked, words):
    result, _ = await call(**asked)
    assert not result.ok and words in json.loads(result.text)["message"]


async def test_a_span_that_begins_too_early_is_told_from_when_there_are_candles():
    result, history = await call(start="2015-01-01T00:00Z", end="2015-01-02T00:00Z")
    told = json.loads(result.text)
    assert not result.ok and told["error"] == "too_early"
    assert told["earliest"] == minute(utc(int(history.time[0])))


async def test_the_last_hours_have_their_volatility_too():
    told = json.loads((await call(hours=24))[0].text)
    assert told["volatility_pct"] > 0 and told["hour_of_high"] >= told["start"]
