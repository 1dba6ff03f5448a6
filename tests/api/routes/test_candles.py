"""GET /v1/price and /v1/candles: the newest closed candles, how long the answer holds, and strict queries."""

import pytest

from forecaster.errors import NoCandles
from forecaster.market.candles import utc
from forecaster.schema import STEPS, CandleSpan, ForecastWarning, Price
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.fakes import LAST_CLOSE, NOON, FakeBackend
from tests.support.service.serving import assert_problem
from tests.support.service.v1 import serving

ADDRESSES = ("/v1/price?symbol=BTC-USD", "/v1/candles?symbol=BTC-USD&hours=3")


async def test_the_price_is_the_newest_close(client):
    price = Price.model_validate_json((await client.get("/v1/price?symbol=ETH-USD")).content)
    assert (price.symbol, price.price, price.as_of) == ("ETH-USD", LAST_CLOSE, utc(NOON))


async def test_candles_are_those_of_the_hours_asked_for(client, backend):
    span = CandleSpan.model_validate_json((await client.get("/v1/candles?symbol=BTC-USD&hours=5")).content)
    assert len(span.candles) == span.hours == 5
    assert span.candles == backend.candle_history[-5:].to_schema()
    assert (await client.get("/v1/candles?symbol=BTC-USD")).json()["hours"] == 24


async def test_simulated_prices_are_named_as_such():
    async with serving(FakeBackend(source="demo")) as client:
        price = (await client.get("/v1/price?symbol=BTC-USD")).json()
    assert (price["source"], price["warnings"]) == ("demo", [ForecastWarning.DEMO_DATA])


@pytest.mark.parametrize(("address", "seconds"), [(ADDRESSES[0], 5), (ADDRESSES[1], 3600 - 240)])
async def test_a_price_holds_for_moments_and_candles_until_the_next_closes_by_the_sources_clock(
    client, address, seconds
):
    answer = await client.get(address)
    assert answer.headers["cache-control"] == f"public, max-age={seconds}"
    assert answer.headers["vary"] == "Authorization, X-API-Key"


async def test_an_answer_from_a_late_candle_holds_no_longer():
    class Late(FakeBackend):
        def _provenance(self, symbol):
            return super()._provenance(symbol) | {"age_seconds": 4000}

    async with serving(Late()) as client:
        assert (await client.get(ADDRESSES[0])).headers["cache-control"] == "public, max-age=0"


@pytest.mark.parametrize("address", ADDRESSES)
async def test_what_a_client_has_already_is_not_sent_again(client, address):
    first = await client.get(address)
    tag = first.headers["etag"]
    for sent in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await client.get(address, headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert {name: again.headers[name] for name in ("etag", "cache-control", "vary")} == {
            name: first.headers[name] for name in ("etag", "cache-control", "vary")
        }
    for sent in ('"other"', "", "nonsense"):
        assert (await client.get(address, headers={"if-none-match": sent})).status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
async def test_the_tag_is_that_of_the_candle_and_not_of_its_age(address):
    class Aging(FakeBackend):
        age = 240
        as_of = NOON

        def _provenance(self, symbol):
            return super()._provenance(symbol) | {"age_seconds": self.age, "as_of": utc(self.as_of)}

    backend = Aging()
    async with serving(backend) as client:
        tag = (await client.get(address)).headers["etag"]
        assert tag.startswith('W/"')  # the age in it is another one every second
        backend.age = 900
        older = await client.get(address)
        seconds = 5 if "price" in address else 2700
        assert (older.headers["etag"], older.headers["cache-control"]) == (tag, f"public, max-age={seconds}")
        backend.as_of += 3600
        assert (await client.get(address)).headers["etag"] != tag
        other = address.replace("BTC", "ETH")
        assert (await client.get(other)).headers["etag"] != tag


async def test_what_a_key_has_got_is_for_nobody_else_to_keep(backend):
    async with serving(backend, Settings(rate_limit="off", api_keys=ENTRIES)) as client:
        answer = await client.get(ADDRESSES[0], headers={"x-api-key": KEY})
        assert answer.headers["cache-control"] == "private, max-age=5"
        assert (await client.get(ADDRESSES[0])).headers["cache-control"].startswith("public")


@pytest.mark.parametrize("address", ["/v1/price", "/v1/candles"])
@pytest.mark.parametrize("symbol", ["", "btc-usd", "DOGE-EUR", "BTC-USD ", "SECRET-7f3a"])
async def test_what_is_no_symbol_is_refused_with_how_one_is_written(client, backend, address, symbol):
    answer = await client.get(address, params={"symbol": symbol})
    error = assert_problem(answer, 422)["errors"][0]
    assert error == {
        "pointer": "#/symbol",
        "detail": "Input should be a coin in US dollars, such as BTC-USD or SOL-USD",
    }
    assert "SECRET" not in answer.text
    assert backend.calls == []


@pytest.mark.parametrize("query", ["", "hours=3", "symbol=BTC-USD&SECRET-7f3a=1", "symbol=BTC-USD&hour=3"])
async def test_a_query_that_lacks_something_or_has_too_much_is_refused(client, query):
    answer = await client.get(f"/v1/candles?{query}")
    assert_problem(answer, 422)
    assert "SECRET" not in answer.text


@pytest.mark.parametrize("hours", ["0", "301", "-1", "1.0", "1e2", "1_0", " 5", "five", "", "9" * 5000, "٣"])
async def test_hours_that_are_not_offered_are_refused(client, hours):
    answer = await client.get("/v1/candles", params={"symbol": "BTC-USD", "hours": hours})
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == "#/hours"


@pytest.mark.parametrize(("address", "method"), [(ADDRESSES[0], "price"), (ADDRESSES[1], "candles")])
async def test_without_candles_there_is_a_problem_that_says_when_to_try_again(client, backend, address, method):
    backend.failure[method] = NoCandles("BTC-USD", ())
    answer = await client.get(address)
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "60"
    assert "etag" not in answer.headers


async def test_another_method_is_refused(client):
    assert (await client.post("/v1/price")).status_code == 405


@pytest.mark.parametrize(("step", "hours", "count"), [("5m", 6, 72), ("1h", 6, 6), ("1d", 240, 10)])
async def test_candles_of_another_step_are_those_of_the_same_hours(client, step, hours, count):
    span = CandleSpan.model_validate_json(
        (await client.get(f"/v1/candles?symbol=BTC-USD&step={step}&hours={hours}")).content
    )
    assert (len(span.candles), span.hours, span.step_minutes * 60) == (count, hours, STEPS[step])


@pytest.mark.parametrize(("step", "hours"), [("5m", 61), ("1h", 301), ("1d", 6481)])
async def test_more_hours_than_a_step_offers_are_refused(client, backend, step, hours):
    answer = await client.get("/v1/candles", params={"symbol": "BTC-USD", "step": step, "hours": str(hours)})
    assert assert_problem(answer, 422)["errors"][0]["pointer"] == "#/hours"
    assert backend.calls == []


async def test_five_minutes_hold_until_the_next_close_and_days_for_an_hour(client):
    for step, seconds in (("5m", 60), ("1d", 3600)):
        answer = await client.get(f"/v1/candles?symbol=BTC-USD&hours=48&step={step}")
        assert answer.headers["cache-control"] == f"public, max-age={seconds}"
