"""GET /v1/forecasts, one of them, and the track record: what was issued live, and what became of it."""

import asyncio
import time
from datetime import datetime

import pytest

from forecaster.errors import ConfigurationError
from forecaster.ledger.ledger import Ledger
from forecaster.ledger.recorder import PATIENCE
from forecaster.ledger.track_record import Kept, LedgerPage, TrackRecord
from forecaster.market.candles import utc
from forecaster.market.sources import Snapshot
from forecaster.schema import HOUR, Forecast
from forecaster.serving.backend import LocalBackend
from tests.support.fakes import NOON, FakeSource
from tests.support.ledger.issued import alike, closing, issued
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import HISTORY, closes, noon, question, serving


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """Ten forecasts of Bitcoin and one of Ether; the outcomes of the first hours are known."""
    kept = Ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'ledger.db'}")
    for hour in range(10):
        kept.record(issued(hour))
    kept.record(issued(0, symbol="ETH-USD"))
    kept.settle("BTC-USD", "bitstamp", closing(6))
    yield kept
    kept.close()


@pytest.fixture
async def client(ledger, shipped):
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, shipped, ledger=ledger)) as client:
        yield client


async def test_a_forecast_is_told_with_what_became_of_it(client, ledger):
    answer = await client.get(f"/v1/forecasts/{issued(0).id}")
    kept = Kept.model_validate_json(answer.content)
    assert kept == ledger.get(issued(0).id)
    assert alike(kept.forecast, issued(0))
    assert [outcome.hours for outcome in kept.outcomes] == [1, 2, 3]
    assert {"actual", "error_pct", "inside", "pit"} <= set(answer.json()["outcomes"][0])


async def test_a_settled_forecast_holds_and_an_open_one_only_for_a_minute(client):
    settled, waiting = [await client.get(f"/v1/forecasts/{issued(hour).id}") for hour in (0, 9)]
    assert settled.headers["cache-control"] == "public, max-age=604800"
    assert waiting.headers["cache-control"] == "public, max-age=60"
    again = await client.get(f"/v1/forecasts/{issued(0).id}", headers={"if-none-match": settled.headers["etag"]})
    assert again.status_code == 304
    assert settled.headers["etag"][0] == '"'  # strong: the same bytes


async def test_an_unknown_id_is_not_found_and_what_is_no_id_is_refused(client):
    answer = await client.get("/v1/forecasts/fc_SECRET7f3a")
    assert "POST /v1/forecast" in assert_problem(answer, 404)["detail"]
    assert "SECRET" not in answer.text
    for strange in ("a" * 65, "a b", "é", "a%00", "..."):
        assert_problem(await client.get(f"/v1/forecasts/{strange}"), 422)


async def test_pages_follow_each_other_newest_first_without_a_gap(client):
    found, cursor = [], None
    while True:
        params = {"symbol": "BTC-USD", "limit": 4} | ({"cursor": cursor} if cursor else {})
        page = LedgerPage.model_validate_json((await client.get("/v1/forecasts", params=params)).content)
        found += [kept.forecast.id for kept in page.forecasts]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [issued(hour).id for hour in range(9, -1, -1)]


async def test_forecasts_are_found_by_symbol_and_time(client):
    ether = (await client.get("/v1/forecasts?symbol=ETH-USD")).json()["forecasts"]
    assert [each["forecast"]["symbol"] for each in ether] == ["ETH-USD"]
    since = utc(NOON + 8 * HOUR)
    for sent in (since.isoformat(), since.isoformat().replace("+00:00", "Z"), str(NOON + 8 * HOUR)):
        page = (await client.get("/v1/forecasts", params={"since": sent})).json()
        assert [each["forecast"]["id"] for each in page["forecasts"]] == [issued(9).id, issued(8).id]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"symbol": "SECRET-7f3a"}, "#/symbol"),
        ({"since": "SECRET-7f3a"}, "#/since"),
        ({"since": "2026-03-19"}, "#/since"),
        ({"since": "1773921600000"}, "#/since"),
        ({"limit": "0"}, "#/limit"),
        ({"limit": "201"}, "#/limit"),
        ({"limit": "x"}, "#/limit"),
        ({"cursor": "x" * 201}, "#/cursor"),
        ({"SECRET-7f3a": "1"}, "#"),
    ],
    ids=str,
)
async def test_a_query_that_cannot_be_is_refused_with_its_place(client, query, pointer):
    answer = await client.get("/v1/forecasts", params=query)
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == pointer
    assert "SECRET" not in answer.text


@pytest.mark.parametrize("cursor", ["nonsense", "SECRET-7f3a", "é", "MTIzNA", "' OR 1=1"])
async def test_a_cursor_that_is_not_the_ledgers_is_refused(client, cursor):
    answer = await client.get("/v1/forecasts", params={"cursor": cursor})
    assert "next_cursor" in assert_problem(answer, 422)["detail"]
    assert "SECRET" not in answer.text


async def test_the_track_record_grades_what_has_closed(client, ledger):
    answer = await client.get("/v1/track-record?symbol=BTC-USD&hours=1")
    record = TrackRecord.model_validate_json(answer.content)
    assert record == ledger.track_record("BTC-USD", 1)
    [row] = record.rows
    assert (row.symbol, row.hours, row.n) == ("BTC-USD", 1, 6)
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert len((await client.get("/v1/track-record")).json()["rows"]) == 3  # hours ahead


async def test_a_track_record_is_computed_once_a_minute_for_everybody(ledger, shipped):
    class Counting(LocalBackend):
        asked = 0

        async def track_record(self, symbol, hours):
            self.asked += 1
            return await super().track_record(symbol, hours)

    backend = Counting(FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon())), shipped, ledger=ledger)
    async with serving(backend) as client:
        answers = await asyncio.gather(*[client.get("/v1/track-record") for _ in range(5)])
        assert len({answer.content for answer in answers}) == backend.asked == 1
        await client.get("/v1/track-record?hours=1")
        assert backend.asked == 2


@pytest.mark.parametrize("query", ["hours=0", "hours=25", "symbol=DOGE", "last=3"])
async def test_a_record_that_is_not_kept_is_refused(client, query):
    assert_problem(await client.get(f"/v1/track-record?{query}"), 422)


@pytest.mark.parametrize("address", ["/v1/forecasts", "/v1/forecasts/fc_1", "/v1/track-record"])
async def test_a_service_without_a_ledger_says_so(shipped, address):
    source = FakeSource(Snapshot("BTC-USD", "file", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, shipped)) as client:
        assert "No forecasts are kept here." in assert_problem(await client.get(address), 503)["detail"]


class Ledgers(Ledger):
    """A ledger that a test makes fail or wait."""

    def __init__(self, url):
        super().__init__(url)
        self.failure, self.seconds, self.told = None, 0.0, []

    def record(self, forecast):
        time.sleep(self.seconds)
        self.told.append(forecast.id)
        if self.failure:
            raise self.failure
        return super().record(forecast)


async def written(client, forecast_id):
    """The forecast once it is on disk: the first write opens the database too, for which no answer waits."""
    async with asyncio.timeout(30):
        while (answer := await client.get(f"/v1/forecasts/{forecast_id}")).status_code == 404:
            await asyncio.sleep(0.01)
    return Kept.model_validate_json(answer.content)


@pytest.fixture
def trouble(tmp_path):
    return Ledgers(f"sqlite:///{tmp_path / 'ledger.db'}")


async def test_a_live_forecast_can_be_looked_up_by_its_id_and_a_callers_cannot(shipped, trouble):
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, shipped, ledger=trouble, clock=noon)) as client:
        live = (await client.post("/v1/forecast", json={"symbol": "BTC-USD", "hours": 3})).json()
        kept = await written(client, live["id"])
        assert len(kept.forecast.horizons) == 27  # of minutes too
        told = [kept.forecast.horizons[3:6], Forecast.model_validate(live).horizons]
        assert alike(*(kept.forecast.model_copy(update={"horizons": each}) for each in told))
        for body in (question(), {"symbol": "BTC-USD", "closes": closes()}):
            own = (await client.post("/v1/forecast", json=body)).json()
            assert (await client.get(f"/v1/forecasts/{own['id']}")).status_code == 404
        await client.post("/v1/forecast", json={"symbol": "BTC-USD", "hours": 5})
        assert trouble.told == [live["id"]]  # once for each candle
    await asyncio.to_thread(trouble.close)


@pytest.mark.parametrize("failure", [ConfigurationError("No disk.", "Buy one."), RuntimeError("SECRET-7f3a")])
async def test_a_ledger_that_fails_fails_no_forecast_and_is_logged(shipped, trouble, caplog, failure):
    trouble.failure = failure
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    async with serving(LocalBackend(source, shipped, ledger=trouble)) as client:
        first = await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        assert first.status_code == 200
        assert f"{first.json()['id']} is not in the ledger" in caplog.text
        trouble.failure = None
        await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        assert (await written(client, first.json()["id"])).forecast.id == first.json()["id"]
        assert len(trouble.told) == 2  # it was told again


async def test_a_slow_ledger_is_not_waited_for_and_still_told(shipped, trouble):
    trouble.seconds = 3 * PATIENCE
    source = FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))
    backend = LocalBackend(source, shipped, ledger=trouble)
    async with serving(backend) as client:
        answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        assert answer.status_code == 200 and trouble.told == []
    await backend.close()
    assert trouble.told == [answer.json()["id"]]


async def test_ranges_are_one_horizon_of_each_forecast_with_what_became_of_it(client):
    answer = await client.get("/v1/forecasts/ranges?symbol=BTC-USD")
    ranges = answer.json()["ranges"]
    assert [each["id"] for each in ranges] == [issued(hour).id for hour in range(9, -1, -1)]
    kept = Kept.model_validate_json((await client.get(f"/v1/forecasts/{issued(0).id}")).content)
    horizon, outcome = kept.forecast.horizons[0], kept.outcomes[0]
    assert horizon.minutes == outcome.minutes == 60
    oldest = ranges[-1]
    assert datetime.fromisoformat(oldest["target_time"]) == horizon.target_time
    assert oldest["median"] == pytest.approx(horizon.median, abs=0.006)
    assert oldest["bands"]["80"] == pytest.approx([horizon.quantiles["0.10"], horizon.quantiles["0.90"]], abs=0.006)
    assert oldest["outcome"] == {"actual": outcome.actual, "inside": outcome.inside}
    assert ranges[0]["outcome"] is None
    assert len(answer.content) / len(ranges) < 500  # bytes
    assert answer.headers["cache-control"] == "public, max-age=60"


async def test_ranges_come_page_by_page_and_of_the_horizon_asked_for(client):
    query = {"symbol": "BTC-USD", "limit": "4", "minutes": "120"}
    first = (await client.get("/v1/forecasts/ranges", params=query)).json()
    rest = (await client.get("/v1/forecasts/ranges", params=query | {"cursor": first["next_cursor"]})).json()
    assert [each["id"] for each in rest["ranges"]] == [issued(hour).id for hour in range(5, 1, -1)]
    assert {each["minutes"] for each in first["ranges"]} == {120}
    assert (await client.get("/v1/forecasts/ranges?symbol=BTC-USD&minutes=61")).json()["ranges"] == []


@pytest.mark.parametrize("query", ["", "symbol=BTC-USD&minutes=1441", "symbol=BTC-USD&limit=201", "symbol=btc"])
async def test_ranges_that_are_not_offered_are_refused(client, query):
    assert_problem(await client.get(f"/v1/forecasts/ranges?{query}"), 422)
