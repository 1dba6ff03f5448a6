"""Two leaders for a while, whose clocks are 90 s apart, on one ledger: one forecast an hour, of whole hours alone."""

import asyncio
import heapq
from itertools import count
from pathlib import Path

import httpx
import pytest

from forecaster.ledger.ledger import Ledger
from forecaster.market.exchanges.catalogue import EXCHANGES
from forecaster.market.exchanges.chain import LiveSource
from forecaster.schema import HOUR, MINUTES
from forecaster.serving.backend import LocalBackend
from forecaster.serving.schedule import Schedule
from tests.support.artifacts.markets import market
from tests.support.exchanges.fake import AMPLE, FakeExchanges
from tests.support.exchanges.outages import TLS
from tests.support.fakes import NOON
from tests.support.ledger.postgres import UNHURRIED

pytestmark = pytest.mark.unhurried
OFF = 45.0  # seconds by which each clock differs from the exchange's: more than is waited after the hour
HOURS = 5
TAPE = market(1200, seed=21, close_time=NOON + 800 * HOUR)


class Sleepers:
    """The exchange's time goes on when both sleep, to when the first of them wakes."""

    def __init__(self, fake: FakeExchanges) -> None:
        self.fake = fake
        self.asleep: list[tuple[float, int, asyncio.Future[None]]] = []
        self.number = count()

    async def sleep(self, seconds: float) -> None:
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.asleep, (self.fake.time() + seconds, next(self.number), wakes))
        await wakes

    async def live(self, until: float, sleepers: int) -> None:
        while self.fake.time() < until:
            while len(self.asleep) < sleepers:
                await asyncio.sleep(0.001)
            self.fake.now, _, wakes = heapq.heappop(self.asleep)
            wakes.set_result(None)


async def test_two_leaders_with_clocks_90_seconds_apart_issue_one_forecast_an_hour(shipped, tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with FakeExchanges(TAPE, NOON + 1800.0) as fake:
        time, stop = Sleepers(fake), asyncio.Event()
        backends, tasks = [], []
        for off in (-OFF, OFF):
            client = httpx.AsyncClient(verify=TLS, timeout=60)
            exchange = EXCHANGES["bitstamp"](client, fake.urls["bitstamp"])
            clock = lambda off=off: fake.time() + off  # noqa: E731
            source = LiveSource([exchange], clock=clock, timer=fake.time, budget=AMPLE)
            ledger = Ledger(url, answer=UNHURRIED)
            backends.append(LocalBackend(source, shipped, ledger=ledger, clock=source.now))
            known = {"symbols": ("BTC-USD",), "clock": source.now, "sleep": time.sleep}
            schedule = Schedule(backends[-1], ledger, source.since, **known)
            tasks.append(asyncio.create_task(schedule.run(stop)))
        await time.live(NOON + HOURS * HOUR + 1800, len(tasks))
        stop.set()
        await asyncio.gather(*tasks)
        kept = Ledger(url).page("BTC-USD").forecasts
        issued_at = sorted(each.forecast.as_of.timestamp() - NOON for each in kept)
        for backend in backends:
            await backend.close()
    assert issued_at == [1800.0, *(HOUR * hour for hour in range(1, HOURS + 1))]
    settled = {each.forecast.as_of.timestamp() - NOON: len(each.outcomes) for each in kept}
    assert settled[HOUR] == len(MINUTES) + HOURS - 1
