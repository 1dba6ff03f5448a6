"""POST /predict: the original contract, and what bad input gets."""

import asyncio
import json

import httpx
import pytest

from api.app import create_app
from api.routes.predict import EXAMPLE_PRICES
from forecaster.errors import ArtifactError, InvalidInput, NoCandles
from tests.support.service.serving import assert_problem

JSON = {"content-type": "application/json"}
NUMBERS = ",".join(["61000.5"] * 59)


class FakePredictor:
    """Says that the next close is the last one plus 1.005, and remembers what it was asked."""

    def __init__(self):
        self.asked = []
        self.failure = None

    async def next_close(self, closes):
        self.asked.append(closes)
        if self.failure:
            raise self.failure
        return closes[-1] + 1.006


@pytest.fixture
def predictor():
    return FakePredictor()


@pytest.fixture
async def client(predictor, settings):
    app = create_app(lambda: predictor, settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api") as client,
    ):
        while (await client.get("/readyz")).status_code != 200:
            await asyncio.sleep(0.01)
        yield client


def body_with(last):
    return f'{{"prices":[{NUMBERS},{last}]}}'.encode()


@pytest.mark.parametrize("last", [0.15, 0.0000123])
async def test_below_ten_six_significant_digits_are_kept(client, predictor, last):
    predictor.next_close = lambda closes: asyncio.sleep(0, closes[-1] * 1.0123456789)
    answer = await client.post("/predict", json={"prices": [last] * 60})
    assert answer.json() == {"predicted_next_hour_price": float(f"{last * 1.0123456789:.6g}")}


async def test_sixty_prices_give_the_next_one_in_cents(client, predictor):
    answer = await client.post("/predict", json={"prices": EXAMPLE_PRICES})
    assert answer.status_code == 200
    assert answer.json() == {"predicted_next_hour_price": 61651.01}
    assert predictor.asked == [EXAMPLE_PRICES]


async def test_whole_numbers_are_numbers(client):
    answer = await client.post("/predict", json={"prices": [60000] * 60})
    assert answer.json() == {"predicted_next_hour_price": 60001.01}


async def test_other_fields_are_ignored_as_the_original_did(client):
    answer = await client.post("/predict", json={"prices": EXAMPLE_PRICES, "symbol": "BTC"})
    assert answer.status_code == 200


async def test_a_content_type_with_a_charset_is_json(client):
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert (await client.post("/predict", content=body_with(1), headers=headers)).status_code == 200


@pytest.mark.parametrize("count", [0, 1, 59, 61, 600])
async def test_any_other_count_than_sixty_is_refused(client, count):
    problem = assert_problem(await client.post("/predict", json={"prices": [61000.5] * count}), 422)
    assert problem["errors"][0]["pointer"] == "#/prices"


BAD_VALUES = [
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e400", "null", "true", "false", "-1", "0", "0.0", "-0.0"),
    *('"61000"', '"NaN"', '""', "[61000]", "{}", '{"a":1}', "1" + "0" * 400, "1" * 5000, "01", "+1", "0x10", ".5"),
    *("1_000", "1e", "--1", "", "61000,", '"\\ud800"', "'61000'", "undefined"),
]


@pytest.mark.parametrize("value", BAD_VALUES, ids=lambda value: value[:20] or "nothing")
async def test_a_value_that_is_not_a_finite_positive_number_is_refused(client, predictor, value):
    answer = await client.post("/predict", content=body_with(value), headers=JSON)
    assert_problem(answer, 422)
    assert predictor.asked == []


async def test_the_answer_says_where_the_bad_value_stands(client):
    problem = assert_problem(await client.post("/predict", content=body_with("null"), headers=JSON), 422)
    assert problem["errors"] == [{"pointer": "#/prices/59", "detail": "Input should be a valid number"}]


@pytest.mark.parametrize("count", [60, 1000])
async def test_many_bad_values_still_get_a_small_answer(client, count):
    body = json.dumps({"prices": [None] * count}).encode()
    assert_problem(await client.post("/predict", content=body, headers=JSON), 422)


OTHER_FORMS = {  # tests/support/service/hostile_bodies.py has what no endpoint takes
    "list": b"[]",
    "two values": body_with(1) + b"{}",
    "no prices": b"{}",
    "prices null": b'{"prices":null}',
    "prices object": b'{"prices":{}}',
    "prices string": b'{"prices":"1,2,3"}',
    "prices nested": b'{"prices":[[' + NUMBERS.encode() + b",1]]}",
    "wrong case": body_with(1).replace(b"prices", b"Prices"),
    "key twice the same": b'{"prices":[1],"prices":[1]}',
    "Latin-1": b'{"pr\xe9ces":[1]}',
    "control character": b'{"prices\x01":[1]}',
    "huge exponent": b'{"prices":1e99999999999999}',
    "prototype": b'{"__proto__":{"prices":[1]}}',
}


@pytest.mark.parametrize("body", OTHER_FORMS.values(), ids=OTHER_FORMS.keys())
async def test_another_form_gets_a_small_problem(client, predictor, body):
    assert_problem(await client.post("/predict", content=body, headers=JSON), 422)
    assert predictor.asked == []


@pytest.mark.parametrize(
    "last", ['"SECRET-7f3a"', '{"SECRET-7f3a":1}', "SECRET-7f3a", '1],"SECRET-7f3a":[1],"SECRET-7f3a":[1'], ids=str
)
async def test_the_input_is_never_echoed(client, last):
    answer = await client.post("/predict?SECRET-7f3a", content=body_with(last), headers=JSON)
    assert answer.status_code == 422
    assert "SECRET" not in answer.text


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_another_content_type_is_refused_with_the_cure(client, content_type):
    headers = {"content-type": content_type} if content_type else {}
    problem = assert_problem(await client.post("/predict", content=body_with(1), headers=headers), 415)
    assert "Content-Type: application/json" in problem["detail"]


async def test_a_megabyte_of_digits_is_too_large(client):
    assert_problem(await client.post("/predict", content=b"1" * 1_000_000, headers=JSON), 413)


async def test_a_chunked_body_is_cut_off_at_the_limit(client):
    sent = []
    assert_problem(await client.post("/predict", content=megabytes(sent), headers=JSON), 413)
    assert len(sent) <= 66


async def test_a_body_that_announces_its_size_is_refused_unread(client):
    sent = []
    headers = {**JSON, "content-length": str(4096 * 1024)}
    assert_problem(await client.post("/predict", content=megabytes(sent), headers=headers), 413)
    assert sent == []


async def megabytes(sent):
    """4 MiB in chunks of 1 KiB; `sent` counts them."""
    for _ in range(4096):
        sent.append(1)
        yield b"1" * 1024


async def test_a_body_just_within_the_limit_is_read(client):
    body = body_with(1)
    padded = body + b" " * (64 * 1024 - len(body))
    assert (await client.post("/predict", content=padded, headers=JSON)).status_code == 200
    assert_problem(await client.post("/predict", content=padded + b" ", headers=JSON), 413)


async def test_a_body_that_does_not_arrive_is_not_waited_for_forever(client):
    async def stalled():
        yield b'{"prices":['
        await asyncio.Event().wait()

    assert_problem(await client.post("/predict", content=stalled(), headers=JSON, timeout=60), 408)


async def test_another_method_is_refused_and_the_right_one_named(client):
    answer = await client.get("/predict")
    assert_problem(answer, 405)
    assert answer.headers["allow"] == "POST"


async def test_what_the_predictor_refuses_is_the_clients_problem(client, predictor):
    predictor.failure = InvalidInput("The prices are far from all that the model has seen.", "Send closes in USD.")
    problem = assert_problem(await client.post("/predict", json={"prices": EXAMPLE_PRICES}), 422)
    assert problem["detail"] == str(predictor.failure)


async def test_missing_candles_are_a_passing_problem(client, predictor):
    predictor.failure = NoCandles("BTC-USD", ())
    answer = await client.post("/predict", json={"prices": EXAMPLE_PRICES})
    assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "60"


@pytest.mark.parametrize("failure", [RuntimeError("SECRET-7f3a"), ArtifactError("SECRET-7f3a.", "Rebuild it.")])
async def test_a_failure_of_ours_is_a_500_that_says_nothing_of_its_cause(client, predictor, failure):
    predictor.failure = failure
    answer = await client.post("/predict", json={"prices": EXAMPLE_PRICES})
    assert_problem(answer, 500)
    assert "SECRET" not in answer.text
