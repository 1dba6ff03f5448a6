"""Half an hour of four replicas with a fault every two minutes: nothing that was answered is lost, or there twice.

SOAKED=480 makes it eight minutes. What clients get but 200 has to lie in the time of a fault, or shortly after.
"""

import asyncio
import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import httpx
import pytest

from forecaster.schema import HOUR
from tests.support.artifacts.markets import market
from tests.support.cluster import STARTS, Cluster, running
from tests.support.exchanges.fake import FakeExchanges

LONG = float(os.environ.get("SOAKED", "1800"))  # seconds
EVERY, LASTS, AFTER = 120.0, 30.0, 20.0  # seconds: between faults, of one, until its traces are gone
REPLICAS = 4
PAUSE = 0.3  # seconds between two questions of a client
OUTSIDE = "outside"
COINS = ("BTC-USD", "ETH-USD", "SOL-USD", "XRP-USD")


class Failure(NamedTuple):
    """What a client got in place of 200."""

    begun: float  # seconds, monotonic
    ended: float
    asked: str
    got: str


class Clients:
    """One for each coin that asks for forecasts, one that reads the ledger, until they are stopped."""

    def __init__(self, on: Cluster) -> None:
        self._on, self._stop = on, asyncio.Event()
        self.answers: Counter[str] = Counter()
        self.ids: set[str] = set()  # of forecasts that were answered
        self.failures: list[Failure] = []

    async def __aenter__(self) -> "Clients":
        forecasts = [("/v1/forecast", {"symbol": symbol}) for symbol in COINS]
        asked = (*forecasts, ("/v1/forecasts?limit=5", None))
        self._tasks = [asyncio.create_task(self._ask(*each)) for each in asked]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await asyncio.gather(*self._tasks)

    async def _ask(self, path: str, body: dict[str, str] | None) -> None:
        async with self._on.client() as client:
            while not self._stop.is_set():
                begun = time.monotonic()
                try:
                    answer = await client.request("POST" if body else "GET", path, json=body)
                    got = "" if answer.status_code == 200 else f"{answer.status_code} {answer.text[:200]}"
                except httpx.HTTPError as error:
                    got = repr(error)
                if got:
                    self.failures.append(Failure(begun, time.monotonic(), path, got))
                else:
                    self.answers[path] += 1
                    if body:
                        self.ids.add(answer.json()["id"])
                await asyncio.sleep(PAUSE)


class Fault(NamedTuple):
    """How it begins and ends."""

    name: str
    begin: Callable[[Cluster], object]
    end: Callable[[Cluster], object] = lambda on: None


FAULTS = (
    Fault("killed", lambda on: os.kill(min(on.replicas()), signal.SIGKILL)),  # the oldest, which may be the leader
    Fault("database_frozen", lambda on: on.database.freeze(), lambda on: on.database.thaw()),
    Fault("valkey_away", lambda on: on.valkey.kill(), lambda on: on.valkey.start()),
    Fault("database_crashed", lambda on: on.database.kill(), lambda on: on.database.start()),
    Fault("exchanges_away", lambda on: on.exchanges.fail("all", "503"), lambda on: on.exchanges.heal()),
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    tape = market(1200, seed=21, close_time=(int(time.time()) // HOUR + 400) * HOUR)
    with FakeExchanges(tape) as exchanges, running(tmp_path_factory, exchanges, REPLICAS) as found:
        yield found


class Felt(NamedTuple):
    """What was broken, and from when to when something of it may have been felt (s, monotonic)."""

    name: str
    begun: float
    ended: float


async def broken(on: Cluster) -> list[Felt]:
    """One fault after the other."""
    felt: list[Felt] = []
    end = time.monotonic() + LONG
    for fault in itertools.cycle(FAULTS):
        await asyncio.sleep(EVERY - LASTS)
        if time.monotonic() + LASTS > end:
            await asyncio.sleep(LASTS)
            break
        begun = time.monotonic()
        fault.begin(on)
        await asyncio.sleep(LASTS)
        fault.end(on)
        felt.append(Felt(fault.name, begun, time.monotonic() + AFTER))
    return felt


async def test_no_answered_forecast_is_lost_or_doubled_and_nothing_fails_outside_the_faults(cluster):
    async with Clients(cluster) as clients:
        felt = await broken(cluster)
    async with asyncio.timeout(STARTS):
        while len(cluster.replicas()) < REPLICAS:
            await asyncio.sleep(0.5)
        while missing := clients.ids - {*(kept := await ids(cluster))}:
            await asyncio.sleep(1)  # what could not be written is written later
    of = Counter(
        (
            next((f.name for f in felt if each.begun <= f.ended and each.ended >= f.begun), OUTSIDE),
            each.asked,
            each.got[:60],
        )
        for each in clients.failures
    )
    print(f"{len(felt)} faults, {dict(clients.answers)}, {len(clients.ids)} forecasts; failures: {of}")  # noqa: T201
    assert not missing and len(kept) == len({*kept})
    assert not [each for each in of if each[0] == OUTSIDE], of


async def ids(on: Cluster) -> list[str]:
    """Of all forecasts that are kept."""
    found: list[str] = []
    async with on.client() as client:
        cursor: str | None = ""
        while cursor is not None:
            answer = await client.get("/v1/forecasts", params={"limit": 100, **({"cursor": cursor} if cursor else {})})
            if answer.status_code != 200:
                return []
            found += [each["forecast"]["id"] for each in answer.json()["forecasts"]]
            cursor = answer.json()["next_cursor"]
    return found
