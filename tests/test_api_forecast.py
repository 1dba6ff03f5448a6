"""POST /v1/forecast and its batch: live, from candles, from closes; what is flagged, refused, and given again."""

import asyncio
import json
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest

from api import examples
from forecaster.backend import LocalBackend
from forecaster.candles import utc
from forecaster.data.source import Snapshot
from forecaster.distribution import detailed
from forecaster.errors import NoCandles
from forecaster.schema import HOUR, Forecast, ForecastWarning
from forecaster.settings import Settings
from tests.fakes import NOON, FakeBackend, FakeSource
from tests.markets import rewritten_after
from tests.serving import assert_problem, client_from
from tests.test_api_keys import ENTRIES, KEY
from tests.v1 import ETHER, HISTORY, closes, noon, question, rows, serving

JSON = {"content-type": "application/json"}


@pytest.fixture
def source():
    return FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))


@pytest.fixture
def backend(source, shipped):
    return LocalBackend(source, shipped, clock=noon)


@pytest.fixture
async def client(backend):
    async with serving(backend) as client:
        yield client


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
        Snapshot("BTC-USD", "caller", "USD", HISTORY[-300:], float(NOON)),
        24,
        Snapshot("ETH-USD", "caller", "USD", ETHER[-300:], float(NOON)),
    )
    assert told == made
    assert (told.source, told.age_seconds, told.warnings) == ("caller", 0, ())


async def test_fewer_candles_than_the_model_reads_are_taken_as_closes_and_flagged(client, shipped):
    told = await asked(client)
    assert told.warnings == (ForecastWarning.CLOSES_ONLY,)
    assert told.notes == ("168 hours of candles are at hand and 289 are needed, so only closes were used",)
    assert told.horizons[0].median == pytest.approx(shipped.predict_next_close(HISTORY.close[-60:]), rel=1e-6)


async def test_closes_alone_get_the_same_numbers_as_candles_taken_as_closes(client):
    from_candles = await asked(client)
    body = {"candles": None, "closes": closes(100), "last_open_time": NOON - HOUR}
    told = await asked(client, **body)
    assert told.horizons == from_candles.horizons
    assert told.warnings == (ForecastWarning.CLOSES_ONLY,)
    assert told.notes == ("closes are all that was given, and the newest 60 of them were used",)
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


async def test_moves_from_which_no_price_follows_are_refused(client):
    assert "no forecast after moves like these" in await refused(client, candles=None, closes=[1e-300, 1e300] * 30)


@pytest.mark.parametrize("symbol", ["DOGE-USD", "BTC", "btc-usd", "", None, 1, "SECRET-7f3a"])
async def test_an_unknown_symbol_is_refused_with_the_known_ones(client, symbol):
    answer = await client.post("/v1/forecast", json={"symbol": symbol})
    error = assert_problem(answer, 422)["errors"][0]
    assert error == {"pointer": "#/symbol", "detail": "Input should be 'BTC-USD' or 'ETH-USD'"}


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


async def test_forecasts_are_counted_with_the_age_of_their_candle(client):
    for _ in range(2):
        await asked(client, candles=None)
    await asked(client)
    text = (await client.get("/metrics")).text
    assert 'cryptosense_forecasts_total{symbol="BTC-USD"} 3.0' in text
    assert 'cryptosense_newest_candle_age_seconds{symbol="BTC-USD"}' in text


@pytest.mark.parametrize("body", [examples.LIVE, examples.FROM_CLOSES, examples.FROM_CANDLES], ids=str)
async def test_each_documented_example_works_as_it_stands(client, body):
    assert (await client.post("/v1/forecast", json=body)).status_code == 200


# Idempotency-Key


class Counting(FakeBackend):
    """Counts what it forecasts; holds the answer until `go_on` is set."""

    def __init__(self):
        super().__init__()
        self.count, self.go_on = 0, asyncio.Event()
        self.go_on.set()

    async def forecast(self, symbol, hours):
        self.count += 1
        await self.go_on.wait()
        issued = await super().forecast(symbol, hours)
        return issued.model_copy(update={"id": f"fc_{self.count}"})


LIVE = {"symbol": "BTC-USD"}


def keyed(key, **headers):
    return {"idempotency-key": key, **headers}


async def test_the_same_key_and_body_get_the_same_bytes():
    backend = Counting()
    async with serving(backend) as client:
        first = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        again = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        other = await client.post("/v1/forecast", json=LIVE, headers=keyed("a-2"))
        without = await client.post("/v1/forecast", json=LIVE)
    assert again.content == first.content != other.content
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert backend.count == 3 and without.json()["id"] == "fc_3"


async def test_the_same_key_with_another_body_is_refused():
    async with serving(Counting()) as client:
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        answer = await client.post("/v1/forecast", json={"symbol": "ETH-USD"}, headers=keyed("a-1"))
    assert "another body" in assert_problem(answer, 422)["detail"]


async def test_who_asks_again_too_soon_waits_for_the_first_answer():
    backend = Counting()
    backend.go_on.clear()
    async with serving(backend) as client:
        asking = [asyncio.create_task(client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))) for _ in range(5)]
        while not backend.count:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in asking)
        backend.go_on.set()
        answers = await asyncio.gather(*asking)
    assert len({answer.content for answer in answers}) == 1
    assert backend.count == 1


async def test_a_failure_is_not_kept_under_its_key():
    backend = Counting()
    backend.failure["forecast"] = NoCandles("BTC-USD", ())
    async with serving(backend) as client:
        assert (await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))).status_code == 503
        backend.failure.clear()
        assert (await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))).status_code == 200


async def test_keys_of_different_clients_are_different_keys():
    backend = Counting()
    async with serving(backend, Settings(rate_limit="off", api_keys=ENTRIES)) as client:
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
        await client.post("/v1/forecast", json=LIVE, headers=keyed("a-1", authorization=f"Bearer {KEY}"))
        async with client_from(client.app, "10.1.2.3") as other:
            await other.post("/v1/forecast", json=LIVE, headers=keyed("a-1"))
    assert backend.count == 3


@pytest.mark.parametrize("key", ["", "x" * 65, "with space", "tab\t", "h\xe9"])
async def test_a_key_that_is_too_long_or_strange_is_refused(key):
    async with serving(Counting()) as client:
        sent = {"idempotency-key": key.encode("latin-1")}
        assert_problem(await client.post("/v1/forecast", json=LIVE, headers=sent), 422)


# the batch


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
        alone = await asked(client, **{"candles": None} | window, hours=3, quantiles=[0.2], threshold=HISTORY.close[-1])
        together = Forecast.model_validate(result["forecast"])
        assert together.model_copy(update={"horizons": ()}) == alone.model_copy(update={"horizons": ()})
        for here, there in zip(together.horizons, alone.horizons, strict=True):
            assert list(here.quantiles.values()) == pytest.approx(list(there.quantiles.values()), rel=1e-6)
            assert here.probability_up == pytest.approx(there.probability_up, abs=1e-4)


async def test_many_windows_are_answered_in_their_order(client):
    windows = [{"symbol": "BTC-USD", "closes": HISTORY.close[start : start + 60].tolist()} for start in range(300)]
    results = await batched(client, windows)
    assert [each["forecast"]["last_close"] for each in results] == HISTORY.close[59:359].tolist()


async def test_a_window_that_cannot_be_forecast_from_gets_a_problem_in_its_place(client):
    broken = [*rows()[:100], *rows()[130:]]
    results = await batched(
        client,
        [
            {"symbol": "BTC-USD", "candles": broken},
            {"symbol": "BTC-USD", "candles": rows()},
            {"symbol": "BTC-USD", "candles": rows()[:10]},
            {"symbol": "BTC-USD", "closes": [1e-300, 1e300] * 30},
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
