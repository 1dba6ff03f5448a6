"""/v1/alerts: who may, what is refused, what comes back, and what is told on the stream."""

import asyncio
import hashlib
import json
from contextlib import asynccontextmanager

import httpx
import pytest

from api.middleware import Metrics
from forecaster.alerts import Alerts, Pace
from forecaster.ledger import Ledger
from forecaster.settings import Settings
from tests.support.fakes import LAST_CLOSE, FakeBackend
from tests.support.ledger.postgres import UNHURRIED
from tests.support.service.serving import assert_problem, served, settled
from tests.support.service.streams import PATIENCE, Moving, first, listening, streaming

ALICE, BOB = "a-key-of-alice", "a-key-of-bob"
KEYED = Settings(
    rate_limit="off",
    key_rate_limit="off",
    api_keys=[f"{name}:{hashlib.sha256(key.encode()).hexdigest()}" for name, key in (("alice", ALICE), ("bob", BOB))],
)
BODY = {"symbol": "BTC-USD", "condition": {"kind": "price", "above": 70_000}, "webhook": "https://a.example/hooks/1"}


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield ledger
    ledger.close()


def by(key):
    return {"X-API-Key": key}


@asynccontextmanager
async def service(tmp_path, settings=KEYED, **parts):
    url = f"sqlite:///{tmp_path / 'alerts.db'}"
    async with served(FakeBackend, settings, alerts=Alerts(url, within=UNHURRIED, **parts)) as client:
        await settled(client)
        yield client


@pytest.fixture
async def client(tmp_path):
    async with service(tmp_path) as client:
        yield client


async def test_an_alert_is_made_listed_paused_and_deleted(client):
    answer = await client.post("/v1/alerts", json=BODY, headers=by(ALICE))
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["secret"].startswith("whsec_") and made["stream_token"] is None
    assert made["condition"] == {"kind": "price", "above": 70_000.0, "below": None}
    found = (await client.get(f"/v1/alerts/{made['id']}", headers=by(ALICE))).json()
    assert "secret" not in found and made["secret"] not in json.dumps(found)
    listed = (await client.get("/v1/alerts", headers=by(ALICE))).json()
    assert listed == {"alerts": [found], "next_cursor": None}
    paused = await client.patch(f"/v1/alerts/{made['id']}", json={"paused": True}, headers=by(ALICE))
    assert paused.json()["paused"] is True
    resumed = await client.patch(f"/v1/alerts/{made['id']}", json={"paused": False}, headers=by(ALICE))
    assert resumed.json()["paused"] is False
    assert (await client.delete(f"/v1/alerts/{made['id']}", headers=by(ALICE))).status_code == 204
    assert_problem(await client.get(f"/v1/alerts/{made['id']}", headers=by(ALICE)), 404)


async def test_another_key_finds_nothing(client):
    made = (await client.post("/v1/alerts", json=BODY, headers=by(ALICE))).json()
    there = f"/v1/alerts/{made['id']}"
    assert_problem(await client.get(there, headers=by(BOB)), 404)
    assert_problem(await client.patch(there, json={"paused": True}, headers=by(BOB)), 404)
    assert_problem(await client.delete(there, headers=by(BOB)), 404)
    assert (await client.get("/v1/alerts", headers=by(BOB))).json()["alerts"] == []
    assert (await client.get(there, headers=by(ALICE))).json()["paused"] is False


async def test_without_a_key_it_is_said_what_to_do(client, tmp_path):
    answer = await client.post("/v1/alerts", json=BODY)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    async with service(tmp_path / "open", Settings(rate_limit="off")) as open_:
        problem = assert_problem(await open_.post("/v1/alerts", json=BODY), 403)
        assert "CRYPTOSENSE_API_KEYS" in problem["detail"]
    async with served(FakeBackend, KEYED) as bare:
        assert_problem(await bare.get("/v1/alerts", headers=by(ALICE)), 404)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook": "http://a.example/hooks/1"},
        {"webhook": "https://127.0.0.1/"},
        {"webhook": "https://[fd00::1]/"},
        {"webhook": "https://u:p@a.example/"},
        {"webhook": 7},
        {"symbol": "btc"},
        {"condition": {"kind": "moon"}},
        {"condition": {"kind": "price", "above": 1, "secret-of-mine": 2}},
        {"format": "xml"},
        {"format": "alertmanager", "webhook": None},
        {"note": "x" * 201},
        {"repeat_minutes": 1},
        {"unknown-of-mine": 1},
    ],
)
async def test_what_cannot_be_is_refused_without_repeating_it(client, change):
    answer = await client.post("/v1/alerts", json=BODY | change, headers=by(ALICE))
    assert_problem(answer, 422)
    assert "of-mine" not in answer.text


async def test_the_same_key_of_idempotency_makes_one_alert(client):
    headers = by(ALICE) | {"Idempotency-Key": "k1"}
    first_, again = [await client.post("/v1/alerts", json=BODY, headers=headers) for _ in range(2)]
    assert (first_.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    assert again.status_code == 201
    assert len((await client.get("/v1/alerts", headers=by(ALICE))).json()["alerts"]) == 1
    assert_problem(await client.post("/v1/alerts", json=BODY | {"note": "x"}, headers=headers), 422)


async def test_pages_are_bounded(client):
    for _ in range(5):
        await client.post("/v1/alerts", json=BODY, headers=by(ALICE))
    page = (await client.get("/v1/alerts?limit=3", headers=by(ALICE))).json()
    rest = (await client.get(f"/v1/alerts?limit=3&cursor={page['next_cursor']}", headers=by(ALICE))).json()
    assert (len(page["alerts"]), len(rest["alerts"]), rest["next_cursor"]) == (3, 2, None)
    for query in ("limit=101", "limit=0", "cursor=%00", "x=1"):
        assert_problem(await client.get(f"/v1/alerts?{query}", headers=by(ALICE)), 422)


async def test_a_database_that_fails_is_told_as_503(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "alerts.db").mkdir()
    async with service(tmp_path / "folder") as client:
        assert_problem(await client.get("/v1/alerts", headers=by(ALICE)), 503)


async def test_an_alert_is_told_on_the_stream_to_the_holder_of_its_key_or_token_and_to_nobody_else(tmp_path, ledger):
    market = Moving(ledger)
    alerts = Alerts(f"sqlite:///{tmp_path / 'alerts.db'}", within=UNHURRIED)
    condition = {"kind": "price", "above": LAST_CLOSE + 10}
    async with streaming(market, settings=KEYED, alerts=alerts) as (to, _):
        async with httpx.AsyncClient(base_url=to, headers=by(ALICE), timeout=60) as client:
            answer = await client.post("/v1/alerts", json={"symbol": "BTC-USD", "condition": condition})
            token = answer.json()["stream_token"]
        async with (
            listening(to, f"symbols=ETH-USD&alerts={token}") as with_token,
            listening(to, "symbols=ETH-USD", **by(ALICE)) as with_key,
            listening(to, "symbols=BTC-USD", **by(BOB)) as bob,
            listening(to, f"symbols=BTC-USD&alerts=st_{'x' * 43}") as guessed,
        ):
            await asyncio.gather(*(first(each, "quote") for each in (with_token, with_key, bob, guessed)))
            market.trades(LAST_CLOSE + 11, at=1)
            told = await asyncio.gather(first(with_token, "alert"), first(with_key, "alert"))
            assert {data["value"] for _, _, data in told} == {LAST_CLOSE + 11}
            market.trades(LAST_CLOSE + 12, at=2)
            for each in (bob, guessed):
                async with asyncio.timeout(PATIENCE):
                    while (event := await anext(each))[2] is None or event[2].get("price") != LAST_CLOSE + 12:
                        assert event[0] != "alert"
        async with httpx.AsyncClient(base_url=to, timeout=60) as client:
            for wrong in ("st_short", ",".join([f"st_{'x' * 43}"] * 11)):
                assert_problem(await client.get(f"/v1/stream?symbols=BTC-USD&alerts={wrong}"), 422)


async def test_a_service_delivers_to_a_webhook_that_its_operator_allows(tmp_path, ledger):
    got = asyncio.get_running_loop().create_future()

    async def served_(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        got.set_result(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()

    market, counted = Moving(ledger), Metrics()
    async with await asyncio.start_server(served_, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        alerts = Alerts(
            f"sqlite:///{tmp_path / 'alerts.db'}",
            hosts=[place],
            pace=Pace(idle=0.05),
            within=UNHURRIED,
            counted=counted,
        )
        async with streaming(market, settings=KEYED, alerts=alerts) as (to, _):
            body = {
                "symbol": "BTC-USD",
                "condition": {"kind": "price", "below": LAST_CLOSE + 1},
                "webhook": f"http://{place}/alertmanager",
                "format": "alertmanager",
            }
            async with httpx.AsyncClient(base_url=to, headers=by(ALICE), timeout=60) as client:
                assert (await client.post("/v1/alerts", json=body)).status_code == 201
            async with asyncio.timeout(PATIENCE):
                told = await got
            shown = counted.text().decode()
    assert (told["version"], told["status"], told["alerts"][0]["status"]) == ("4", "firing", "firing")
    assert told["alerts"][0]["labels"]["symbol"] == "BTC-USD"
    assert told["alerts"][0]["startsAt"].endswith("Z") and told["groupKey"].startswith("{}:{alert_id=")
    assert 'cryptosense_alerts_fired_total{kind="price"} 1.0' in shown
