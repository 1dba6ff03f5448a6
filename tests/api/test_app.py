"""The service around /predict: readiness, the chat behind it, headers, documentation."""

import asyncio
import threading
from contextlib import asynccontextmanager

import pytest
from fastapi import APIRouter
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from api.app import create_app
from api.middleware.headers import content_security_policy
from api.routes.predict import EXAMPLE_PRICES
from forecaster.errors import ArtifactError, ConfigurationError
from forecaster.settings import Settings
from tests.support.service.serving import Chat, LastClose, assert_problem, served, settled

PREDICTION = {"prices": EXAMPLE_PRICES}
BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def gate():
    gate = threading.Event()
    yield gate
    gate.set()


def behind(gate, value):
    def build():
        assert gate.wait(10)
        return value

    return build


async def test_a_server_that_is_ready_says_so():
    async with served(chat=Chat) as client:
        answer = await settled(client)
        assert (answer.status_code, answer.json()) == (
            200,
            {"status": "ready", "parts": {"model": "ready", "chat": "ready"}},
        )


async def test_liveness_does_not_wait_for_model_and_chat(gate):
    async with served(behind(gate, LastClose()), chat=Chat) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        answer = await client.get("/readyz")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["parts"] == {"model": "starting", "chat": "starting"}
        prediction = await client.post("/predict", json=PREDICTION)
        assert (prediction.status_code, prediction.headers["retry-after"]) == (503, "1")
        gate.set()
        assert (await settled(client)).status_code == 200
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200


async def test_a_service_that_is_leaving_is_alive_and_not_ready():
    async with served() as client:
        assert (await settled(client)).status_code == 200
        client.app.state.leaving.set()  # as api/server.py does at SIGTERM
        problem = assert_problem(await client.get("/readyz"), 503)
        assert problem["detail"].startswith("Not ready: the service is leaving.")
        assert problem["parts"] == {"model": "ready"}
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200


async def test_predictions_do_not_wait_for_the_chat(gate):
    async with served(chat=behind(gate, Chat())) as client:
        while (await client.post("/predict", json=PREDICTION)).status_code != 200:
            await asyncio.sleep(0.01)
        assert (await client.get("/readyz")).json()["parts"] == {"model": "ready", "chat": "starting"}
        gate.set()


async def test_a_chat_that_is_still_starting_shows_a_page_that_comes_back(gate):
    async with served(chat=behind(gate, Chat())) as client:
        page = await client.get("/", headers=BROWSER)
        assert page.status_code == 503
        assert 'http-equiv="refresh"' in page.text
        assert (await client.get("/")).headers["content-type"] == "application/problem+json"
        gate.set()
        await settled(client)
        assert (await client.get("/", headers=BROWSER)).text == "chat"


async def test_a_chat_that_cannot_start_leaves_the_api_working(caplog):
    def broken():
        raise RuntimeError("no theme")

    async with served(chat=broken) as client:
        answer = await settled(client)
        assert answer.status_code == 503
        assert answer.json()["parts"] == {"model": "ready", "chat": "failed"}
        page = await client.get("/", headers=BROWSER)
        assert page.status_code == 503
        assert "could not start" in page.text
        assert "refresh" not in page.text
        assert "no theme" not in page.text + answer.text
        assert (await client.post("/predict", json=PREDICTION)).status_code == 200
    assert "The chat could not start." in caplog.text
    assert "no theme" in caplog.text


async def test_a_chat_whose_start_fails_late_is_failed_too(caplog):
    class Late(Chat):
        @asynccontextmanager
        async def live(self, app):
            raise RuntimeError("no port")
            yield

    async with served(chat=Late) as client:
        assert (await settled(client)).json()["parts"]["chat"] == "failed"
        assert (await client.get("/", headers=BROWSER)).status_code == 503
    assert "no port" in caplog.text


async def test_a_model_that_cannot_be_loaded_is_named_and_logged(caplog):
    def broken():
        raise ArtifactError("model.onnx was altered.", "Rebuild it.")

    async with served(broken) as client:
        assert (await settled(client)).json()["detail"].startswith("Not ready: the model could not start.")
        answer = await client.post("/predict", json=PREDICTION)
        assert answer.status_code == 503
        assert "retry-after" not in answer.headers
        assert "altered" not in answer.text
    assert "The model could not start. model.onnx was altered. Rebuild it." in caplog.text


async def test_shutdown_ends_the_chat_and_then_gives_back_the_rest():
    chat = Chat()

    async def close():
        chat.trace.append("given back")

    async with served(chat=lambda: chat, close=close) as client:
        await settled(client)
        assert chat.trace == ["opened"]
    assert chat.trace == ["opened", "closed", "given back"]


async def test_shutdown_while_the_model_loads_does_not_start_the_chat(gate):
    chat = Chat()
    async with served(behind(gate, LastClose()), chat=lambda: chat) as client:
        await client.get("/healthz")
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert chat.trace == []


async def test_what_is_shared_by_replicas_goes_on_while_this_one_leads_and_the_rest_always(caplog):
    trace = []

    def noting(name):
        async def work(stop):
            trace.append(name)
            await stop.wait()

        return work

    async def fails(stop):
        raise KeyError("of a kind that nobody expects")

    async def lead(work, stop):
        trace.append("waits")
        await leads.wait()
        await work(stop)

    leads = asyncio.Event()
    async with (
        asyncio.timeout(30),
        served(work=noting("own"), shared=[fails, noting("shared")], lead=lead),
    ):
        while sorted(trace) != ["own", "waits"]:
            await asyncio.sleep(0.01)
        leads.set()
        while trace[-1] != "shared" or "What runs beside the service failed." not in caplog.text:
            await asyncio.sleep(0.01)
    assert sorted(trace) == ["own", "shared", "waits"]


@pytest.mark.parametrize("fails", [False, True])
async def test_what_runs_beside_the_service_waits_for_the_page_whether_it_can_be_built_or_not(gate, fails):
    begun = asyncio.Event()

    async def work(stop):
        begun.set()

    def chat():
        gate.wait(30)
        if fails:
            raise KeyError("of a kind that nobody expects")
        return Chat()

    async with asyncio.timeout(30), served(chat=chat, work=work) as client:
        while (await client.get("/readyz")).json()["parts"]["model"] != "ready":
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert not begun.is_set()
        gate.set()
        await begun.wait()


async def test_the_chat_does_not_hide_the_api():
    async with served(chat=Chat) as client:
        await settled(client)
        assert (await client.get("/predict")).status_code == 405
        assert (await client.get("/docs")).status_code == 200
        unknown = await client.get("/v1/nothing")
        assert unknown.status_code == 404
        assert unknown.headers["content-type"] == "application/problem+json"
        assert "nothing" not in unknown.json()["detail"]
        assert (await client.post("/", content=b"x" * 1_100_000)).status_code in (405, 413)


async def test_a_chat_request_may_not_be_endless():
    async def echo(request):
        return PlainTextResponse(str(len(await request.body())))

    async with served(chat=lambda: Starlette(routes=[Route("/gradio_api/x", echo, methods=["POST"])])) as client:
        await settled(client)
        assert (await client.post("/gradio_api/x", content=b"1" * 500_000)).text == "500000"
        assert (await client.post("/gradio_api/x", content=b"1" * 1_100_000)).status_code == 413


async def test_without_a_chat_the_front_page_is_the_documentation():
    async with served() as client:
        answer = await client.get("/")
        assert (answer.status_code, answer.headers["location"]) == (307, "/docs")
        assert (await client.get("/nothing")).json()["status"] == 404


async def test_every_answer_carries_the_security_headers(gate):
    async with served(chat=Chat) as client:
        await settled(client)
        for path in ("/", "/healthz", "/predict", "/docs", "/nothing"):
            headers = (await client.get(path)).headers
            assert headers["x-content-type-options"] == "nosniff"
            policy = headers["content-security-policy"]
            assert "default-src 'self'" in policy
            assert policy.endswith("frame-ancestors 'self'")
            assert "unsafe-eval" not in policy


async def test_a_failure_of_ours_carries_the_security_headers_too_and_those_for_an_allowed_site():
    class Broken:
        async def next_close(self, closes):
            raise RuntimeError("broken")

    site = "https://portfolio.example"
    async with served(Broken, Settings(allowed_origins=(site,))) as client:
        await settled(client)
        answer = await client.post("/predict", json=PREDICTION, headers={"origin": site})
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["access-control-allow-origin"] == site
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_an_answer_that_has_begun_is_not_turned_into_a_failure():
    async def breaking():
        yield b"half"
        raise RuntimeError("broken")

    async def stream():
        return StreamingResponse(breaking())

    router = APIRouter()
    router.add_api_route("/stream", stream)
    async with served(routers=[router]) as client:
        answer = await client.get("/stream")
    assert (answer.status_code, answer.text) == (200, "half")


async def test_only_hashed_assets_are_kept_forever():
    async with served(chat=Chat) as client:
        await settled(client)
        assert "immutable" in (await client.get("/assets/a1b2.js")).headers["cache-control"]
        for path in ("/", "/assets/gone.js", "/healthz"):
            assert "immutable" not in (await client.get(path)).headers.get("cache-control", "")


async def test_allowed_sites_may_frame_the_chat_and_call_it_and_others_may_not():
    site = "https://portfolio.example"
    async with served(settings=Settings(allowed_origins=(site,)), chat=Chat) as client:
        await settled(client)
        answer = await client.get("/", headers={"origin": site})
        assert answer.headers["content-security-policy"].endswith(f"frame-ancestors 'self' {site}")
        assert answer.headers["access-control-allow-origin"] == site
        other = await client.get("/", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
        asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,x-api-key"}
        assert (await client.options("/predict", headers={"origin": site, **asked})).status_code == 200
        assert (await client.options("/predict", headers={"origin": "https://evil.example", **asked})).is_error


@pytest.mark.parametrize(
    "origin", ["*", "example.com", "https://a.example/path", "https://a.example; script-src *", "https://a\r\nx: y", ""]
)
def test_what_is_not_an_origin_is_refused_at_the_start(origin):
    with pytest.raises(ConfigurationError, match="CRYPTOSENSE_ALLOWED_ORIGINS"):
        create_app(LastClose, Settings(allowed_origins=(origin,)))


def test_origins_with_a_port_or_an_address_are_origins():
    origins = ("http://localhost:3000", "https://a-b.example", "http://[::1]:8080", "http://127.0.0.1")
    assert content_security_policy(origins).endswith(" ".join(("frame-ancestors 'self'", *origins)))


async def test_the_documentation_asks_no_third_party():
    async with served() as client:
        page = (await client.get("/docs")).text
        assert "http://" not in page
        assert "https://" not in page
        for path in ("/docs/static/swagger-ui-bundle.js", "/docs/static/swagger-ui.css", "/docs/static/favicon.png"):
            assert path in page
            assert (await client.get(path)).status_code == 200


async def test_the_documented_example_works_as_it_stands():
    async with served() as client:
        await settled(client)
        schema = (await client.get("/openapi.json")).json()
        example = schema["components"]["schemas"]["PredictRequest"]["examples"][0]
        assert (await client.post("/predict", json=example)).status_code == 200


async def test_every_error_of_an_endpoint_is_documented_as_a_problem():
    async with served() as client:
        responses = (await client.get("/openapi.json")).json()["paths"]["/predict"]["post"]["responses"]
    assert set(responses) == {"200", "401", "408", "413", "415", "422", "429", "503"}
    for status, response in responses.items():
        if status != "200":
            assert list(response["content"]) == ["application/problem+json"]
            assert response["content"]["application/problem+json"]["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert ("Retry-After" in response.get("headers", {})) == (status in ("429", "503"))


async def test_the_documentation_describes_a_problem_once():
    async with served() as client:
        text = (await client.get("/openapi.json")).text
        again = await client.get("/openapi.json")
    assert "Problem" in again.json()["components"]["schemas"]
    assert text.count("what happened, and what to do next") == 1
    assert text == again.text
