"""A cluster on this machine whose network is deployed apart, in Keras: what clients see, also when it is killed."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from forecaster.settings import ROOT
from tests.soak.cluster import STARTS, ended, free_port, processes

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install -e '.[ray]'")
CLOSES = [60_000.0 + 37 * number % 400 for number in range(60)]
CLIENTS, ASKED = 8, 400
RETURNS = 300.0  # seconds until a killed one must have been replaced


class Cluster(NamedTuple):
    """A running one."""

    address: str
    token: str
    log: Path

    def networks(self) -> list[int]:
        """The processes that run the network, by the token that only this cluster's have."""
        return processes(b"ray::ServeReplica:cryptosense:network", self.token)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    folder, token, port = tmp_path_factory.mktemp("network"), secrets.token_hex(32), free_port()
    environment = os.environ | {
        "CRYPTOSENSE_CLUSTER_TOKEN": token,
        "CRYPTOSENSE_DATABASE_URL": f"sqlite:///{folder}/candles.db",
        "CRYPTOSENSE_ENGINE": "keras",
        "CRYPTOSENSE_RATE_LIMIT": "off",
        "CRYPTOSENSE_SOURCE": "demo",
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
        "RAY_TMPDIR": str(tmp_path_factory.mktemp("r")),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    ports = ["--port", str(port), "--gcs-port", str(22_100 + os.getpid() % 900)]
    command = [sys.executable, str(ROOT / "app.py"), "cluster", "--replicas", "2", "--most", "2", "--no-chat", *ports]
    with (folder / "log").open("w") as said:
        started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=said, text=True)
        try:
            found = Cluster(f"http://127.0.0.1:{port}", token, folder / "log")
            _until_ready(found)
            yield found
        finally:
            ended([started])


def _until_ready(on: Cluster) -> None:
    end = time.monotonic() + STARTS
    while time.monotonic() < end:
        try:
            if httpx.get(f"{on.address}/readyz", timeout=10).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.5)
    raise AssertionError(on.log.read_text()[-4000:])


async def _asked(on: Cluster, count: int = ASKED) -> tuple[Counter[int], set[str]]:
    """The statuses of so many forecasts, and the medians an hour ahead."""
    found: Counter[int] = Counter()
    medians, body = set(), {"symbol": "BTC-USD", "hours": 1, "closes": CLOSES}
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=on.address, timeout=60, limits=limits) as client:

        async def some() -> None:
            for _ in range(count // CLIENTS):
                answer = await client.post("/v1/forecast", json=body)
                found[answer.status_code] += 1
                medians.add(f"{answer.json()['horizons'][0]['median']:.0f}")

        await asyncio.gather(*(some() for _ in range(CLIENTS)))
    return found, medians


async def test_one_network_answers_two_replicas(cluster):
    assert len(cluster.networks()) == 1
    found, medians = await _asked(cluster)
    assert found == {200: ASKED} and len(medians) == 1
    assert "gave no answer" not in cluster.log.read_text()


async def test_while_it_is_killed_and_replaced_replicas_answer_themselves_and_the_same(cluster):
    (before,), (_, usual) = cluster.networks(), await _asked(cluster, CLIENTS)
    asking = asyncio.create_task(_asked(cluster, 4 * ASKED))
    await asyncio.sleep(1)
    os.kill(before, signal.SIGKILL)
    found, medians = await asking
    assert found == {200: 4 * ASKED} and medians == usual
    assert "gave no answer" in cluster.log.read_text()
    end = time.monotonic() + RETURNS
    while not (after := cluster.networks()) or after == [before]:
        assert time.monotonic() < end
        await asyncio.sleep(0.5)
    found, medians = await _asked(cluster)
    assert found == {200: ASKED} and medians == usual
