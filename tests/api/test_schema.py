"""The OpenAPI document keeps its word: a few hundred cases of every kind; tests/soak/schema_cases.py has 10,000."""

from collections import defaultdict
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse

from tests.support.browser.whole_service import listening, whole_service
from tests.support.fakes import FakeBackend
from tests.support.service.schema_cases import ENDLESS, LOCKED, cases
from tests.support.service.v1 import serving

FEW = 3  # random cases an operation, for each way to make them


@pytest.fixture(scope="module")
def found(tmp_path_factory, shipped):
    with whole_service(tmp_path_factory.mktemp("ledger"), shipped, LOCKED) as address:
        document = httpx.get(f"{address}/openapi.json", timeout=60).json()
        return document, cases(address, FEW)


def test_no_answer_breaks_what_the_document_says(found):
    assert not found[1].wrong, found[1].report()
    assert found[1].count > 500


def test_every_operation_succeeds_and_refuses_what_it_cannot_take(found):
    document, made = found
    statuses = defaultdict(set)
    for operation, status in made.answers:
        statuses[operation].add(status)
    for path, operations in document["paths"].items():
        if path == ENDLESS:
            continue
        for method, operation in operations.items():
            answered = statuses[f"{method.upper()} {path}"]
            assert answered & {200, 201, 204}, path
            if operation.get("parameters") or "requestBody" in operation:
                assert 422 in answered, path
            if operation.get("security"):
                assert 401 in answered, path


def test_what_is_wrong_with_a_service_is_found():
    app = FastAPI()

    @app.get("/says")
    async def says() -> dict[str, int]:
        return JSONResponse({"n": "many"})

    @app.get("/fails")
    async def fails() -> dict[str, int]:
        return JSONResponse({"n": 1}, 500)

    @app.get("/takes")
    async def takes(most: Annotated[int, Query(ge=5)]) -> dict[str, int]:
        raise HTTPException(422 if most < 7 else 404)

    with listening(app) as address:
        made = cases(address, FEW)
    assert {what.partition("\n")[0] for what in made.wrong} == {
        "GET /says: response_schema_conformance: Response violates schema",
        "GET /fails: not_a_server_error: Server error",
        "GET /fails: status_code_conformance: Undocumented status code",
        "GET /takes: positive_data_acceptance: Schema-valid request rejected",
        "GET /takes: response_schema_conformance: Response violates schema",
        "GET /takes: status_code_conformance: Undocumented status code",
    }
    assert made.report().count("curl -X GET") == len(made.wrong)


async def test_a_method_that_an_address_does_not_take_is_refused_with_all_those_that_it_takes():
    async with serving(FakeBackend()) as client:
        for address, methods in (
            ("/v1/anomalies", "GET, HEAD, POST"),
            ("/v1/forecasts/fc_1", "GET, HEAD"),
            ("/v1/chat", "POST"),
        ):
            answer = await client.delete(address)
            assert (answer.status_code, answer.headers["allow"]) == (405, methods)


async def test_a_whole_number_is_one_however_it_is_written():
    backend = FakeBackend(longest=24)
    async with serving(backend) as client:
        for hours in (b"6", b"6.0", b"0.6e1"):
            body = b'{"symbol": "BTC-USD", "hours": %b}' % hours
            answer = await client.post("/v1/forecast", content=body, headers={"content-type": "application/json"})
            assert len(answer.json()["horizons"]) == 6
    assert backend.calls == [("forecast", ("BTC-USD", 6))] * 3
