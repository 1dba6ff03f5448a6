"""GET /v1/model and /v1/metrics-report: which model answers, and what it scored."""

import threading

import pytest

from forecaster.evaluation.record import Evaluation
from forecaster.market.sources import Snapshot
from forecaster.market.symbols import catalogue
from forecaster.schema import ForecastWarning, ModelFacts, Report
from forecaster.serving.backend import LocalBackend
from forecaster.settings import ROOT
from tests.support.fakes import FakeSource
from tests.support.service.serving import assert_problem, served
from tests.support.service.v1 import HISTORY, noon, serving


def backend_of(predictor):
    return LocalBackend(FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon())), predictor)


@pytest.fixture
async def client(shipped):
    async with serving(backend_of(shipped)) as client:
        yield client


async def test_the_model_says_what_it_learned_from_and_how_far_it_looks(client, shipped):
    answer = await client.get("/v1/model")
    facts = ModelFacts.model_validate_json(answer.content)
    assert facts.model == shipped.ref
    assert (set(facts.symbols), facts.horizons, facts.input_hours) == (set(catalogue()), 24, 289)
    assert facts.trained_from < facts.trained_to < facts.expires
    assert {ForecastWarning.CLOSES_ONLY, ForecastWarning.MODEL_EXPIRED} <= set(facts.warnings)
    assert str(ROOT) not in answer.text


async def test_another_model_tells_other_facts(classic):
    async with serving(backend_of(classic)) as client:
        facts = ModelFacts.model_validate_json((await client.get("/v1/model")).content)
    assert (facts.recipe, facts.symbols, facts.horizons) == ("classic", ("BTC-USD",), 1)
    assert ForecastWarning.CLOSES_ONLY not in facts.warnings


async def test_the_report_is_the_models_own(client, shipped):
    answer = await client.get("/v1/metrics-report")
    assert Report.model_validate_json(answer.content) == shipped.report


async def test_the_full_report_holds_every_score(client, shipped):
    answer = await client.get("/v1/metrics-report?full=true")
    assert answer.content == shipped.evaluation
    assert len(Evaluation.expanded(answer.content).graded) > 100
    assert (await client.get("/v1/metrics-report?full=false")).content != answer.content


async def test_a_model_without_a_full_report_says_so(classic):
    async with serving(backend_of(classic)) as client:
        assert "no full evaluation" in assert_problem(await client.get("/v1/metrics-report?full=true"), 404)["detail"]


@pytest.mark.parametrize("address", ["/v1/model", "/v1/metrics-report", "/v1/metrics-report?full=true"])
async def test_what_holds_as_long_as_the_model_is_sent_once(client, address):
    first = await client.get(address)
    assert first.headers["cache-control"] == "public, max-age=3600"
    assert first.headers["etag"][0] == '"'
    assert (await client.get(address, headers={"if-none-match": first.headers["etag"]})).status_code == 304


@pytest.mark.parametrize("query", ["full=yes", "full=1", "full=", "full=True", "SECRET-7f3a=1"])
async def test_another_query_is_refused(client, query):
    answer = await client.get(f"/v1/metrics-report?{query}")
    assert_problem(answer, 422)
    assert "SECRET" not in answer.text


async def test_a_model_that_is_replaced_answers_from_then_on(shipped, classic):
    backend = backend_of(shipped)
    async with serving(backend) as client:
        before = (await client.get("/v1/model")).headers["etag"]
        backend.serve(classic)
        assert (await client.get("/v1/model", headers={"if-none-match": before})).json()["recipe"] == "classic"
        answer = await client.post("/v1/forecast", json={"symbol": "BTC-USD"})
        assert answer.json()["model"]["name"] == "classic"


async def test_until_the_model_is_loaded_every_question_is_told_to_wait(shipped):
    gate = threading.Event()

    def build():
        assert gate.wait(10)
        return backend_of(shipped)

    async with served(build) as client:
        for address in ("/v1/model", "/v1/metrics-report", "/v1/price?symbol=BTC-USD", "/v1/forecasts"):
            answer = await client.get(address)
            assert_problem(answer, 503)
            assert answer.headers["retry-after"] == "1"
        gate.set()
