"""Logs: one line a request without what was sent, and its id in every line that it causes."""

import asyncio
import json
import logging
import re
import signal

import httpx
import pytest
from fastapi import APIRouter

from api.middleware.logs import JSONLines, Words
from api.routes.predict import EXAMPLE_PRICES
from api.wire.errors import request_id
from api.wire.strict_json import StrictJSONRoute
from forecaster.errors import ArtifactError, ConfigurationError
from forecaster.settings import Settings
from tests.api.middleware.test_keys import ENTRIES, KEY
from tests.support.service.processes import PATIENCE, started, stopped, until_ready
from tests.support.service.serving import LastClose, client_from, served, settled

PREDICTION = {"prices": EXAMPLE_PRICES}
SECRET = "SECRET-7f3a"


@pytest.fixture
def requests(caplog):
    """What was logged of requests, as the JSON lines say it."""
    caplog.set_level(logging.INFO, "api.requests")

    def lines():
        return [
            json.loads(JSONLines().format(each))
            for each in caplog.records
            if each.name == "api.requests" and "/readyz" not in each.getMessage()
        ]

    return lines


def later():
    """Routes that log, and that fail."""
    router = APIRouter(prefix="/v1", route_class=StrictJSONRoute)
    log = logging.getLogger("somewhere.else")

    @router.get("/logs/{secret}")
    async def logs(secret: str) -> list[str]:
        log.warning("here")
        await asyncio.to_thread(log.warning, "in a thread")
        return [request_id()]

    @router.get("/fails/{how}")
    async def fails(how: str) -> None:
        raise ArtifactError("A file was altered.", "Rebuild it.") if how == "known" else RuntimeError("the cause")

    return router


async def test_a_request_is_one_line_with_what_matters(requests):
    async with served(settings=Settings(api_keys=ENTRIES)) as client:
        await settled(client)
        async with client_from(client.app, "203.0.113.9") as other:
            answer = await other.post("/predict", json=PREDICTION, headers={"x-api-key": KEY})
    (line,) = requests()
    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "INFO",
        "logger": "api.requests",
        "message": "POST /predict 200",
        "request_id": answer.headers["x-request-id"],
        "method": "POST",
        "route": "/predict",
        "status": 200,
        "bytes": len(answer.content),
        "client": "203.0.113.0/24",
        "key": "alice",
    }


async def test_nothing_that_was_sent_is_logged(requests, caplog):
    async with served(routers=[later()]) as client:
        await settled(client)
        await client.post(
            f"/predict?{SECRET}", json={"prices": SECRET}, headers={"cookie": SECRET, "x-api-key": SECRET}
        )
        await client.get(f"/v1/logs/{SECRET}")
        await client.get(f"/v1/fails/{SECRET}")
        await client.get(f"/v1/{SECRET}")
        await client.get(f"/{SECRET}")
    routes = [line["route"] for line in requests()]
    assert routes == ["/predict", "/v1/logs/{secret}", "/v1/fails/{how}", "other", "other"]
    assert SECRET not in caplog.text + json.dumps(requests())


async def test_a_refused_request_is_logged_under_the_route_that_it_was_for(requests):
    settings = Settings(rate_limit="1/hour")
    async with served(settings=settings, routers=[later()]) as client:
        await client.get("/v1/nothing")
        await client.get("/v1/logs/x")
        await client.get("/v1/nothing")
    assert [(line["route"], line["status"]) for line in requests()] == [
        ("other", 404),
        ("/v1/logs/{secret}", 429),
        ("other", 429),
    ]


async def test_each_request_has_its_own_id_and_a_sent_one_is_kept():
    async with served() as client:
        own = [(await client.get("/healthz")).headers["x-request-id"] for _ in range(20)]
        assert len(set(own)) == 20
        assert all(re.fullmatch("[0-9a-f]{16}", each) for each in own)
        sent = "5f0c.Trace_1-a"
        assert (await client.get("/nothing", headers={"x-request-id": sent})).headers["x-request-id"] == sent


@pytest.mark.parametrize("sent", ["", "a b", 'a"b', "x" * 65, "<script>", "é", "a\tb"])
async def test_an_id_that_may_not_be_logged_is_replaced(sent):
    async with served() as client:
        answer = await client.get("/healthz", headers={b"x-request-id": sent.encode()})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["x-request-id"])


async def test_other_lines_of_a_request_carry_its_id_too_and_no_other_requests(caplog):
    lines = []

    class Kept(logging.Handler):
        def emit(self, record):
            lines.append(json.loads(JSONLines().format(record)))

    kept = Kept()
    logging.getLogger("somewhere.else").addHandler(kept)
    async with served(routers=[later()]) as client:
        asked = [client.get("/v1/logs/x", headers={"x-request-id": f"r{number}"}) for number in range(5)]
        answers = await asyncio.gather(*asked)
    logging.getLogger("somewhere.else").removeHandler(kept)
    assert [answer.json() for answer in answers] == [[f"r{number}"] for number in range(5)]
    assert sorted((line["request_id"], line["message"]) for line in lines) == [
        (f"r{number}", text) for number in range(5) for text in ("here", "in a thread")
    ]
    assert request_id() == ""


@pytest.mark.parametrize(("how", "logged"), [("known", "A file was altered. Rebuild it."), ("unknown", "the cause")])
async def test_a_failure_is_logged_once_with_its_cause_and_answered_without(caplog, how, logged):
    async with served(routers=[later()]) as client:
        answer = await client.get(f"/v1/fails/{how}", headers={"x-request-id": "r1"})
    assert answer.status_code == 500
    assert answer.json()["request_id"] == "r1"
    assert logged not in answer.text
    (record,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    line = JSONLines().format(record)
    assert logged in line
    assert ("Traceback" in line) == (how == "unknown")
    assert "\n" not in line


def test_words_are_a_line_for_people():
    record = logging.LogRecord("api", logging.WARNING, __file__, 1, "It %s.", ("rains",), None)
    record.created = 1_773_921_600.25
    assert Words().format(record) == "2026-03-19T12:00:00.250Z WARNING api: It rains."


def test_a_form_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_LOG_FORMAT", "xml")
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_LOG_FORMAT"):
        Settings.load()


def test_in_json_everything_that_the_server_says_is_an_object_a_line(monkeypatch):
    monkeypatch.setenv("CRYPTOSENSE_LOG_FORMAT", "json")
    with started("serve") as (process, address):
        until_ready(address)
        answer = httpx.post(f"{address}/predict", json=PREDICTION, timeout=PATIENCE)
        code, out, err = stopped(process, signal.SIGTERM)
    lines = [json.loads(line) for line in err.splitlines()]
    (predicted,) = [line for line in lines if line.get("route") == "/predict"]
    assert predicted["request_id"] == answer.headers["x-request-id"]
    assert predicted["client"] == "127.0.0.0/24"
    assert (code, out) == (0, "")


async def test_a_client_that_leaves_before_the_answer_is_noted(requests):
    router = APIRouter(prefix="/v1", route_class=StrictJSONRoute)

    @router.get("/waits")
    async def waits() -> None:
        await asyncio.Event().wait()

    async with served(LastClose, routers=[router]) as client:
        asking = asyncio.ensure_future(client.get("/v1/waits"))
        await asyncio.sleep(0.05)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    (line,) = requests()
    assert (line["route"], line["status"]) == ("/v1/waits", 499)
