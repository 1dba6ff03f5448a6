"""Two machines of a Ray cluster, which are one here: what two replicas share, and what clients see when one is gone."""

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from forecaster.artifact import load_artifact
from forecaster.schema import HOUR
from tests.support.artifacts.altered import widened
from tests.support.cluster import CLIENTS, LIMIT, PREDICTION, STARTS, Cluster, Load, models_told, running
from tests.support.exchanges.fake import FakeExchanges
from tests.support.exchanges.formats import CANDLES
from tests.support.fakes import candles_ending

UNSCHEDULED = "SOL-USD"  # a coin that nobody asks about but these tests


class Receiver(ThreadingHTTPServer):
    """Keeps what it is told of alerts."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Told)
        self.got: list[dict[str, object]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class Told(BaseHTTPRequestHandler):
    """One delivery."""

    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as there:
        thread = Thread(target=there.serve_forever)
        thread.start()
        yield there
        there.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Cluster]:
    tape = candles_ending(int(time.time()) // HOUR * HOUR)
    with (
        FakeExchanges(tape) as exchanges,
        running(tmp_path_factory, exchanges, replicas=2, alert_hosts=receiver.host) as found,
    ):
        yield found


async def test_two_replicas_on_two_nodes_let_in_as_many_as_the_limit_says_to_the_request(cluster):
    async with cluster.client(keyed=False) as client:
        answers = [await client.post("/predict", json=PREDICTION) for _ in range(2 * LIMIT)]
    assert Counter(each.status_code for each in answers) == {200: LIMIT, 429: LIMIT}


async def test_each_coin_has_one_scheduled_forecast_of_the_hour(cluster):
    async with cluster.client() as client:
        async with asyncio.timeout(STARTS):
            while len(kept := await forecasts(client)) < 2:
                await asyncio.sleep(0.5)
    assert len(kept) == len(set(kept)) and {symbol for symbol, _ in kept} == {"BTC-USD", "ETH-USD"}


async def forecasts(client: httpx.AsyncClient) -> list[tuple[str, str]]:
    """Coin and time of each that is kept."""
    answer = await client.get("/v1/forecasts", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    return [(each["forecast"]["symbol"], each["forecast"]["as_of"]) for each in answer.json()["forecasts"]]


async def test_an_exchange_is_asked_once_for_all_replicas(cluster):
    async with cluster.client() as client:
        asked = {"symbol": UNSCHEDULED, "hours": 24}
        answers = await asyncio.gather(*(client.get("/v1/candles", params=asked) for _ in range(20)))
    assert {each.status_code for each in answers} == {200}
    hours = [each for _, each in cluster.exchanges.asked if each[:3] == (CANDLES, UNSCHEDULED, HOUR)]
    assert len(hours) == 1


async def test_an_alert_is_told_once_by_all_replicas_together(cluster, receiver):
    wanted = {"symbol": "BTC-USD", "condition": {"kind": "price", "above": 1}, "webhook": f"http://{receiver.host}/"}
    async with cluster.client() as client:
        made = await client.post("/v1/alerts", json=wanted)
    assert made.status_code == 201, made.text
    async with asyncio.timeout(STARTS):
        while not receiver.got:
            await asyncio.sleep(0.2)
    await asyncio.sleep(5)  # the other replica looks at the market every two seconds
    assert [each["alert_id"] for each in receiver.got] == [made.json()["id"]]


async def test_a_new_model_reaches_every_replica_without_an_error(cluster):
    before = models_told(cluster)
    async with Load(cluster) as load:
        widened(load_artifact(cluster.models), cluster.models, 0.0001, version="2.1")
        async with asyncio.timeout(STARTS):
            while len(told := await asyncio.to_thread(models_told, cluster)) != 1 or told == before:
                await asyncio.sleep(0.5)
    assert (load.failed, load.given_up) == ([], []) and load.answered > 0


async def test_a_poisoned_model_is_refused_by_every_replica_while_the_old_one_answers(cluster):
    before = models_told(cluster)
    model = cluster.models / "model.onnx"
    good = model.read_bytes()
    async with Load(cluster) as load:
        model.write_bytes(good[:-100] + bytes(100))
        async with asyncio.timeout(STARTS):
            while not all(each.get("refused") for each in await asyncio.to_thread(states, cluster)):
                await asyncio.sleep(0.5)
    assert models_told(cluster) == before
    assert (load.failed, load.given_up) == ([], [])
    model.write_bytes(good)


def states(on: Cluster) -> list[dict[str, str]]:
    return [httpx.get(f"{on.address}/readyz", timeout=60).json()["model"] for _ in range(6)]


async def test_a_killed_replica_loses_what_is_inside_it_and_clients_that_try_again_see_nothing(cluster):
    victim, other = cluster.replicas()
    async with Load(cluster) as load:
        await asyncio.sleep(1)
        os.kill(victim, signal.SIGKILL)
        async with asyncio.timeout(STARTS):
            while len(now := cluster.replicas()) < 2 or victim in now:
                await asyncio.sleep(0.2)
        await asyncio.sleep(1)
    assert other in cluster.replicas()
    assert load.given_up == [] and load.answered > 0
    assert len(load.failed) <= CLIENTS, load.failed  # each had one request inside at most
