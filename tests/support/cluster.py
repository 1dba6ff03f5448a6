"""Two machines of a Ray cluster, which are one here, and clients that ask it.

exchanges (imitated) <- two replicas, a node each <- HAProxy <- clients        PostgreSQL and Valkey behind both
"""

import asyncio
import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import httpx
import pytest

from api.routes.predict import EXAMPLE_PRICES
from forecaster.settings import ROOT
from tests.support.exchanges.fake import FakeExchanges
from tests.support.ledger.postgres import Server, postgres
from tests.support.needs import missing
from tests.support.service.valkey import Server as Valkey

KEY = "a key for the load, which has a limit of its own"
LIMIT = 30  # requests an hour for who has none
STARTS = 600.0  # seconds: Ray, two nodes and two models on a machine that others use, too
CLIENTS = 4  # at once
PREDICTION = {"prices": EXAMPLE_PRICES}


class Cluster(NamedTuple):
    """A running one."""

    address: str
    token: str
    models: Path
    exchanges: FakeExchanges
    database: Server
    valkey: Valkey
    log: Path

    def client(self, keyed: bool = True) -> httpx.AsyncClient:
        """Each request comes over a connection of its own, so that HAProxy chooses a replica for it."""
        limits = httpx.Limits(max_keepalive_connections=0)
        headers = {"x-api-key": KEY} if keyed else {}
        return httpx.AsyncClient(base_url=self.address, headers=headers, limits=limits, timeout=60)

    def replicas(self) -> list[int]:
        """The processes that answer: this cluster's, by the token that only they have."""
        return processes(b"ray::ServeReplica", self.token)


def processes(name: bytes, token: str) -> list[int]:
    """Ray's processes whose names begin so, of the cluster with that token."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            own, environment = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:  # it has ended
            continue
        if own.startswith(name) and token.encode() in environment:
            found.append(int(process.name))
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    tmp_path_factory: pytest.TempPathFactory, exchanges: FakeExchanges, replicas: int, alert_hosts: str = ""
) -> Iterator[Cluster]:
    """A cluster of two nodes with half of the `replicas` each; `alert_hosts` may be told of alerts."""
    if find_spec("ray") is None:
        missing("Ray", "pip install -e '.[ray]'")
    folder = tmp_path_factory.mktemp("cluster")
    token, port, gcs = secrets.token_hex(32), free_port(), 20_100 + os.getpid() % 900
    shutil.copytree(ROOT / "models" / "quantile", folder / "quantile")
    with ExitStack() as stack:
        database = stack.enter_context(postgres())
        valkey = Valkey(tmp_path_factory.mktemp("v"))
        stack.callback(valkey.kill)
        environment = os.environ | exchanges.settings_env()
        environment |= {
            "CRYPTOSENSE_ALERT_HOSTS": alert_hosts,
            "CRYPTOSENSE_API_KEYS": f"load:{hashlib.sha256(KEY.encode()).hexdigest()}",
            "CRYPTOSENSE_CLUSTER_TOKEN": token,
            "CRYPTOSENSE_DATABASE_URL": database.new_database(),
            "CRYPTOSENSE_KEY_RATE_LIMIT": "off",
            "CRYPTOSENSE_MODEL_DIR": str(folder / "quantile"),
            "CRYPTOSENSE_RATE_LIMIT": f"{LIMIT}/hour",
            "CRYPTOSENSE_SCHEDULE": "true",  # which other tests have off
            "CRYPTOSENSE_SYMBOLS": "BTC-USD,ETH-USD",
            "CRYPTOSENSE_VALKEY_URL": valkey.url,
            "RAY_SERVE_HAPROXY_METRICS_PORT": str(free_port()),
            "RAY_SERVE_HAPROXY_STATS_PORT": str(free_port()),
            "RAY_TMPDIR": stack.enter_context(TemporaryDirectory(prefix="r")),  # its sockets' paths must be short
        }
        log = folder / "log"
        said = stack.enter_context(log.open("w"))
        command = [sys.executable, str(ROOT / "app.py"), "cluster"]
        count, most = str(replicas), str(replicas // 2)
        first = [*command, "--replicas", count, "--most", count, "--per-machine", most, "--no-chat", "--one-door"]
        started = [
            subprocess.Popen(
                [*first, "--port", str(port), "--gcs-port", str(gcs)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        ]
        stack.callback(ended, started)
        assert started[0].stdout is not None
        line = started[0].stdout.readline()
        if " join " not in line:
            missing("Ray", f"it does not start on this machine: {log.read_text()[-600:]}")
        head = line.split(" join ")[1].split()[0].removesuffix(".")
        started.append(subprocess.Popen([*command, "--join", head], env=environment, stderr=said, stdout=said))
        found = Cluster(f"http://127.0.0.1:{port}", token, folder / "quantile", exchanges, database, valkey, log)
        until(lambda: len(models_told(found)) == 1 and len(found.replicas()) == replicas, found)
        yield found


def ended(processes: list["subprocess.Popen[str]"]) -> None:
    for each in reversed(processes):
        each.send_signal(signal.SIGTERM)
    for each in processes:
        try:
            each.wait(120)
        except subprocess.TimeoutExpired:
            each.kill()
            each.wait()
        if each.stdout:
            each.stdout.close()


def until(holds: Callable[[], bool], on: Cluster) -> None:
    end = time.monotonic() + STARTS
    while not holds():
        assert time.monotonic() < end, on.log.read_text()[-4000:]
        time.sleep(0.2)


def models_told(on: Cluster, times: int = 6) -> set[str]:
    """The models of the replicas that answer, by several looks."""
    told = set()
    for _ in range(times):
        try:
            answer = httpx.get(f"{on.address}/readyz", timeout=60)
        except httpx.HTTPError:
            return set()
        if answer.status_code != 200:
            return set()
        told.add(answer.json()["model"]["loaded"]["sha256"])
    return told


class Load:
    """Clients that ask one after the other until they are stopped; each tries again what failed."""

    def __init__(self, on: Cluster) -> None:
        self._on = on
        self._stop = asyncio.Event()
        self.answered = 0
        self.failed: list[str] = []  # once
        self.given_up: list[str] = []  # after all tries

    async def __aenter__(self) -> "Load":
        self._clients = [asyncio.create_task(self._ask()) for _ in range(CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._clients)

    async def _ask(self) -> None:
        async with self._on.client() as client:
            while not self._stop.is_set():
                for attempt in range(5):
                    failure = await self._once(client)
                    if failure is None:
                        self.answered += 1
                        break
                    self.failed.append(failure)
                    await asyncio.sleep(0.2 * 2**attempt)
                else:
                    self.given_up.append(failure or "")

    async def _once(self, client: httpx.AsyncClient) -> str | None:
        try:
            answer = await client.post("/predict", json=PREDICTION)
        except httpx.HTTPError as error:
            return repr(error)
        return None if answer.status_code == 200 else answer.text
