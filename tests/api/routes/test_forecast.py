"""POST /v1/forecast and its batch: live, from candles, from closes; what is flagged, refused, and given again."""

import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from api import examples
from forecaster.errors import NoCandles
from forecaster.inference import detailed
from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast, ForecastWarning
from forecaster.serving.backend import LocalBackend
from forecaster.serving.caller_input import WHOLE, hourly
from tests.support.artifacts.markets import rewritten_after
from tests.support.fakes import NOON, FakeBackend, FakeSource
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import ETHER, HISTORY, closes, noon, question, rows, serving

JSON = {"content-type": "application/json"}


@pytest.fixture
def source():
    return FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))


@pytest.fixture
def backend(source, shipped):
    return LocalBackend(source, shipped, clock=noon)


async def asked(client, **changes):
    answer = await client.post("/v1/forecast", json=question(**changes))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return Forecast.model_validate_json(answer.content)


async def refused(client, **changes):
    answer = await client.post("/v1/forecast", json=question(**changes))
    problem = assert_problem(answer, 422)
    return problem["errors"][0] if "errors" in problem else problem["detail"]


async def test_a_symbol_alone_gets_the_live_forecast(client, backend):
    told = await asked(client, candles=None, hours=6)
    assert told == await backend.forecast("BTC-USD", 6)
    assert (told.source, told.age_seconds, len(told.horizons)) == ("bitstamp", 240, 6)


async def test_a_callers_candles_get_the_forecast_that_the_model_makes_of_them(client, shipped):
    told = await asked(client, candles=rows(HISTORY[-300:]), other_candles=rows(ETHER[-300:]), hours=24)
    made = shipped.forecast(
        hourly(Snapshot("BTC-USD", "caller", "USD", HISTORY[-300:], float(NOON)), WHOLE),
        24,
        Snapshot("ETH-USD", "caller", "USD", ETHER[-300:], float(NOON)),
    )
    assert told == made
    assert (told.source, told.age_seconds, told.warnings) == ("caller", 0, (ForecastWarning.HOURLY,))


async def test_fewer_candles_than_the_model_reads_are_taken_as_closes_and_flagged(client, shipped):
    told = await asked(client)
    assert told.warnings == (ForecastWarning.HOURLY, ForecastWarning.CLOSES_ONLY)
    assert told.notes == (
        WHOLE,
        "168 hours of candles are at hand and 289 are needed, so only closes were used",
    )
    assert told.horizons[0].median == pytest.approx(shipped.predict_next_close(HISTORY.close[-60:]), rel=1e-6)


async def test_closes_alone_get_the_same_numbers_as_candles_taken_as_closes(client):
    from_candles = await asked(client)
    body = {"candles": None, "closes": closes(100), "last_open_time": NOON - HOUR}
    told = await asked(client, **body)
    assert told.horizons == from_candles.horizons
    assert told.warnings == (ForecastWarning.HOURLY, ForecastWarning.CLOSES_ONLY)
    assert told.notes == (
        WHOLE,
        "closes are all that was given, and the newest 60 of them were used",
    )
    assert told.id != from_candles.id


async def test_closes_without_a_time_are_taken_for_the_newest_ones_and_that_is_said(client):
    told = await asked(client, candles=None, closes=closes())
    assert told.as_of == utc(NOON)
    assert told.notes[0].startswith("no last_open_time was given")


async def test_what_comes_later_in_the_other_symbol_or_changes_in_old_hours_changes_nothing(client):
    now = await asked(client, candles=rows(HISTORY[-300:-6]), other_candles=rows(ETHER[-300:-6]), hours=3)
    later = await asked(client, candles=rows(HISTORY[-300:-6]), other_candles=rows(ETHER[-300:]), hours=3)
    assert later.horizons == now.horizons
    rewritten = rewritten_after(HISTORY, 694, seed=3)
    again = await asked(client, candles=rows(rewritten[-300:-6]), other_candles=rows(ETHER[-300:-6]), hours=3)
    assert again == now


@pytest.mark.parametrize("order", ["backwards", "shuffled"])
async def test_the_order_of_candles_does_not_matter(client, order):
    mixed = rows()[::-1] if order == "backwards" else np.random.default_rng(1).permutation(rows()).tolist()
    assert await asked(client, candles=mixed) == await asked(client)


async def test_times_may_be_text_in_any_zone_or_seconds(client):
    plain = await asked(client)
    assert await asked(client, candles=rows(iso=False)) == plain
    for zone in (timezone(timedelta(hours=-5)), timezone(timedelta(hours=9))):
        moved = [
            row | {"open_time": datetime.fromisoformat(row["open_time"]).astimezone(zone).isoformat()} for row in rows()
        ]
        assert await asked(client, candles=moved) == plain
    assert await asked(client, candles=[row | {"open_time": row["open_time"][:-6] + "Z"} for row in rows()]) == plain


async def test_equal_duplicates_are_merged_and_conflicting_ones_named(client):
    assert await asked(client, candles=[*rows(), *rows()[:5]]) == await asked(client)
    other = rows()[3] | {"volume": 0.5}
    assert await refused(client, candles=[*rows(), other]) == {
        "pointer": "#/candles/168",
        "detail": "Two candles of the same hour contradict each other. "
        "Send hourly candles as exchanges publish them: seconds since 1970 UTC, low <= open, close <= high.",
    }


async def test_up_to_six_missing_hours_are_filled_and_flagged(client):
    told = await asked(client, candles=[*rows()[:140], *rows()[146:]])
    assert ForecastWarning.GAPS_FILLED in told.warnings
    assert "6 of the last 60 hours had no trade and were filled forward" in told.notes


@pytest.mark.parametrize(("start", "hours"), [(10, 7), (140, 7), (100, 30)])
async def test_more_than_six_missing_hours_are_refused_wherever_they_are(client, start, hours):
    detail = await refused(client, candles=[*rows()[:start], *rows()[start + hours :]])
    assert detail == (
        f"{hours} hours in a row have no candle, {167 - start - hours} hours before the newest. "
        "Send them too, or only what came after: up to 6 hours are filled."
    )


async def test_a_gap_beyond_what_the_model_reads_does_not_matter(client):
    old = rows(HISTORY[:100])
    told = await asked(client, candles=[*old, *rows(HISTORY[-300:])])
    assert told.horizons == (await asked(client, candles=rows(HISTORY[-300:]))).horizons
    assert ForecastWarning.GAPS_FILLED not in told.warnings


async def test_the_forming_candle_is_left_out_and_that_is_said(client):
    forming = rows()[-1] | {"open_time": utc(NOON).isoformat()}
    told = await asked(client, candles=[*rows(), forming])
    assert told.as_of == utc(NOON)
    assert told.notes[0] == "the newest candle was still forming and was left out"
    assert told.horizons == (await asked(client)).horizons


async def test_candles_from_the_future_are_refused_as_local_time(client):
    moved = [row | {"open_time": int(time) + 2 * HOUR} for row, time in zip(rows(), HISTORY.time[-168:], strict=True)]
    detail = await refused(client, candles=moved)
    assert detail.startswith("1 of the candles opens in the future.")
    assert "local time without its offset" in detail
    assert "in the future" in await refused(client, candles=None, closes=closes(), last_open_time=NOON + HOUR)


MILLISECONDS = "This looks like milliseconds. Send seconds since 1970, or ISO 8601 text with a zone."
ZONE = "This time has no zone. End it with Z, or with an offset such as +01:00."
TIME = "Send a time as ISO 8601 text with a zone, or as seconds since 1970."
HOURLY = "A candle opens on the full hour in UTC, and this time is not one."
RANGE = "This is no time between 2009 and 2100 in seconds since 1970."


@pytest.mark.parametrize(
    ("time", "why"),
    [
        (1_773_921_600_000, MILLISECONDS),
        (1_773_921_600_000_000, MILLISECONDS.replace("milli", "micro")),
        (1_773_921_600_000_000_000, MILLISECONDS.replace("milli", "nano")),
        ("2026-03-19T12:00:00", ZONE),
        ("2026-03-19", ZONE),
        ("2026-03-19T12:00:00+05:30", HOURLY),
        ("2026-03-19T12:01:00Z", HOURLY),
        (1_773_921_601, HOURLY),
        (1_773_921_600.5, HOURLY),
        ("noon", TIME),
        ("", TIME),
        ("1773921600", TIME),
        (None, TIME),
        (True, TIME),
        ([1_773_921_600], TIME),
        (0, RANGE),
        (-1_773_921_600, RANGE),
        (10**400, RANGE),
        ("0001-01-01T00:00:00+14:00", RANGE),
    ],
    ids=str,
)
async def test_a_time_that_is_not_one_is_refused_with_the_reason(client, time, why):
    broken = rows()
    broken[3] = broken[3] | {"open_time": time}
    assert await refused(client, candles=broken) == {"pointer": "#/candles/3/open_time", "detail": why}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"high": 1.0, "low": 2.0}, "A candle's open or close lies outside its low and high."),
        ({"high": 1e-9}, "A candle's open or close lies outside its low and high."),
        ({"low": 1e12}, "A candle's open or close lies outside its low and high."),
        ({"open_time": "2008-12-31T23:00:00Z"}, RANGE),
    ],
    ids=str,
)
async def test_a_candle_that_is_none_is_named(client, change, why):
    broken = rows()
    broken[100] = broken[100] | change
    error = await refused(client, candles=broken)
    assert error["pointer"].startswith("#/candles/100")
    assert error["detail"].startswith(why)


@pytest.mark.parametrize("value", [0, -1.0, "61000", None, True, [], {}])
@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume"])
async def test_a_number_that_is_none_is_refused_with_its_place(client, field, value):
    if (field, value) == ("volume", 0):
        return
    broken = rows()
    broken[9] = broken[9] | {field: value}
    assert (await refused(client, candles=broken))["pointer"] == f"#/candles/9/{field}"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "1" + "0" * 400])
async def test_numbers_beyond_numbers_are_refused(client, value):
    body = json.dumps(question()).replace(f'"volume": {HISTORY.volume[-1]}', f'"volume": {value}')
    assert_problem(await client.post("/v1/forecast", content=body.encode(), headers=JSON), 422)


@pytest.mark.parametrize("count", [1, 59])
async def test_too_few_hours_are_refused_with_how_many_are_needed(client, count):
    assert f"needs 60 hours of candles and got {count}" in await refused(client, candles=rows()[-count:])
    error = await refused(client, candles=None, closes=closes()[:count])
    assert error["pointer"] == "#/closes"


async def test_too_many_candles_are_refused(client):
    error = await refused(client, candles=rows(iso=False) * 6)
    assert error == {"pointer": "#/candles", "detail": "List should have at most 1000 items after validation, not 1008"}


@pytest.mark.parametrize("factor", [1e-4, 1e4])
async def test_prices_far_from_those_of_training_give_the_same_forecast_in_their_own_unit(client, factor):
    scaled = [row | {name: row[name] * factor for name in ("open", "high", "low", "close")} for row in rows()]
    there, here = await asked(client, candles=scaled), await asked(client)
    assert there.horizons[0].median == pytest.approx(factor * here.horizons[0].median, rel=1e-6)


async def test_moves_unlike_any_in_training_are_flagged(client):
    wild = closes(60)
    wild[-1] *= 100
    told = await asked(client, candles=None, closes=wild)
    assert ForecastWarning.OUT_OF_DISTRIBUTION in told.warnings


@pytest.mark.parametrize("price", [9e-13, 5e-324, 1.1e15, 1.7976931348623157e308])
async def test_prices_that_no_currency_has_are_refused(client, price):
    assert (await refused(client, candles=None, closes=[*closes(59), price]))["pointer"] == "#/closes/59"
    assert (await refused(client, threshold=price))["pointer"] == "#/threshold"


async def test_moves_from_which_no_price_follows_are_refused(client):
    assert "no forecast after moves like these" in await refused(
        client, candles=None, closes=[1e-12, 1e15] * 30, hours=24
    )


@pytest.mark.parametrize("wild", [[1e15, 1e15], [1e-12, 1e-12], [1.0, 1e4]])
async def test_the_wildest_prices_that_are_taken_get_numbers(client, wild):
    told = await asked(client, candles=None, closes=wild * 30, hours=24, threshold=1e15)
    assert all(price > 0 for horizon in told.horizons for price in horizon.quantiles.values())
    assert ForecastWarning.OUT_OF_DISTRIBUTION in told.warnings


@pytest.mark.parametrize("symbol", ["DOGE-EUR", "BTC", "btc-usd", "", None, 1, "SECRET-7f3a"])
async def test_what_is_no_symbol_is_refused_with_how_one_is_written(client, symbol):
    answer = await client.post("/v1/forecast", json={"symbol": symbol})
    error = assert_problem(answer, 422)["errors"][0]
    known = {"Input should be a coin in US dollars, such as BTC-USD or SOL-USD", "Input should be a valid string"}
    assert error["pointer"] == "#/symbol" and error["detail"] in known


@pytest.mark.parametrize("hours", [0, -1, 25, 10**9, "6", 1.5, None, True])
async def test_an_hour_that_is_not_forecast_is_refused(client, hours):
    error = assert_problem(await client.post("/v1/forecast", json={"symbol": "BTC-USD", "hours": hours}), 422)
    assert error["errors"][0]["pointer"] == "#/hours"


async def test_a_model_of_one_hour_says_how_far_it_looks(classic, source):
    async with serving(LocalBackend(source, classic, clock=noon)) as client:
        assert await refused(client, hours=2) == (
            "The loaded model does not forecast 2 hours ahead. Ask for 1 hour ahead."
        )
        far = [row | {name: row[name] * 1e5 for name in ("open", "high", "low", "close")} for row in rows()]
        assert "no forecast for closes at this level" in await refused(client, candles=far)
        told = await asked(client, candles=None, closes=closes())
        assert told.horizons[0].median == pytest.approx(classic.predict_next_close(closes()))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"closes": [1.0] * 60}, "Send candles or closes, not both."),
        ({"candles": None, "other_candles": rows(ETHER[-60:])}, "Send other_candles with candles, or not at all."),
        ({"last_open_time": NOON - HOUR}, "Send last_open_time with closes, or not at all."),
    ],
    ids=str,
)
async def test_what_does_not_go_together_is_refused(client, changes, why):
    assert await refused(client, **changes) == {"pointer": "#", "detail": why}


async def test_a_field_that_is_not_known_is_refused_without_its_name(client):
    answer = await client.post("/v1/forecast", json=question(**{"SECRET-7f3a": 1}))
    assert_problem(answer, 422)
    assert "SECRET" not in answer.text


async def test_more_quantiles_are_told_where_they_are_asked_for(client):
    told = await asked(client, hours=2, quantiles=[0.333, 0.5, 0.025, 0.9])
    for horizon, plain in zip(told.horizons, (await asked(client, hours=2)).horizons, strict=True):
        assert horizon.quantiles["0.30"] < horizon.quantiles["0.333"] < horizon.quantiles["0.35"]
        assert list(map(float, horizon.quantiles)) == sorted(map(float, horizon.quantiles))
        assert {key: price for key, price in horizon.quantiles.items() if key != "0.333"} == plain.quantiles


@pytest.mark.parametrize("levels", [[0.0249], [0.976], [0], [1], ["0.5"], [None], [0.5] * 51, 0.5])
async def test_levels_beyond_the_distribution_are_refused(client, levels):
    assert (await refused(client, quantiles=levels))["pointer"].startswith("#/quantiles")


async def test_a_threshold_is_told_with_its_chance(client):
    plain = (await asked(client)).horizons[0]
    assert plain.probability_above is None
    last = HISTORY.close[-1]
    assert (await asked(client, threshold=last)).horizons[0].probability_above == pytest.approx(plain.probability_up)
    for level, price in plain.quantiles.items():
        above = (await asked(client, threshold=price)).horizons[0].probability_above
        assert above == pytest.approx(1 - float(level), abs=1e-9)
    for threshold, chance in ((last * 10, 0.025), (last / 10, 0.975)):
        assert (await asked(client, threshold=threshold)).horizons[0].probability_above == pytest.approx(chance)


def test_asking_for_nothing_more_changes_nothing(shipped):
    issued = shipped.forecast(Snapshot("BTC-USD", "caller", "USD", HISTORY, float(NOON)), 3)
    assert detailed(issued) is issued


async def test_candles_that_cannot_be_had_are_a_passing_problem():
    backend = FakeBackend()
    backend.failure["forecast"] = NoCandles("BTC-USD", ())
    async with serving(backend) as client:
        answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "60"


async def test_simulated_candles_are_named_as_such():
    async with serving(FakeBackend(source="demo")) as client:
        told = await asked(client, candles=None)
        assert (told.source, told.warnings) == ("demo", (ForecastWarning.DEMO_DATA,))


@pytest.mark.parametrize("body", [examples.LIVE, examples.FROM_CLOSES, examples.FROM_CANDLES], ids=str)
async def test_each_documented_example_works_as_it_stands(client, body):
    assert (await client.post("/v1/forecast", json=body)).status_code == 200


async def test_minutes_and_moments_are_told_of_live_forecasts(client):
    for body in ({"minutes": 40}, {"until": NOON + 2400}, {"until": "2026-03-19T12:40:00Z"}):
        answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD", **body})
        told = Forecast.model_validate_json(answer.content)
        assert [(each.minutes, each.hours) for each in told.horizons] == [(15, None), (30, None), (40, None)]
        assert told.horizons[-1].target_time == utc(NOON + 2400)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"minutes": 40, "hours": 1}, "Send one of hours, minutes and until."),
        ({"minutes": 40, "until": NOON + 2400}, "Send one of hours, minutes and until."),
        ({"minutes": 40, "closes": closes()}, "not minutes or until"),
        ({"until": NOON - 60}, "That moment is over"),
        ({"until": NOON + 25 * HOUR}, "1500 minutes ahead"),
    ],
)
async def test_a_question_that_looks_ahead_in_two_ways_or_in_none_that_works_is_refused(client, body, words):
    answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD", **body})
    assert answer.status_code == 422
    assert words in answer.text
