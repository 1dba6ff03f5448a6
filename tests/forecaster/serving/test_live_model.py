"""Where the network is asked: one that gathers from threads, several at once; any other on the event loop."""

import asyncio
import threading
import time
from dataclasses import replace

import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.microbatch import BatchingEngine
from forecaster.inference.next_close import NAME
from forecaster.inference.smoke_test import open_predictor
from forecaster.ledger.ledger import Ledger
from forecaster.market.sources import Snapshot
from forecaster.schema import Forecast
from forecaster.serving.backend import LocalBackend
from forecaster.settings import ROOT
from tests.support.fakes import FakeSource
from tests.support.ledger.issued import alike
from tests.support.service.v1 import HISTORY, closes, noon, question, serving

PATIENCE = 60  # seconds: far more than anything here takes
CALLERS = 32


class Counting:
    """An engine that notes its runs. While `held`, a run waits until `awaited` others ask at the engine before it."""

    def __init__(self, engine):
        self.engine, self.front = engine, None
        self.rows, self.threads = [], []
        self.entered, self.held, self.awaited = threading.Event(), False, 0

    def run(self, inputs):
        self.rows.append(len(next(iter(inputs.values()))))
        self.threads.append(threading.current_thread())
        self.entered.set()
        end = time.monotonic() + PATIENCE
        while self.held or self.front.waiting < self.awaited:
            assert time.monotonic() < end
            time.sleep(0.001)
        self.awaited = 0
        return self.engine.run(inputs)


@pytest.fixture(scope="module")
def artifact():
    return load_artifact(ROOT / "models" / "quantile")


@pytest.fixture
def engine(artifact):
    engine = Counting(open_engine(artifact))
    engine.front = BatchingEngine(engine)
    return engine


@pytest.fixture
def source():
    return FakeSource(Snapshot("BTC-USD", "bitstamp", "USD", HISTORY, noon()))


@pytest.fixture
def gathering(artifact, engine, source):
    return LocalBackend(source, open_predictor(artifact, engine.front), clock=noon)


def bodies():
    """Questions that are answered alike however they are asked: the same kind of input, different closes."""
    return [{"symbol": "BTC-USD", "closes": closes(60 + number)[:60], "hours": 6} for number in range(CALLERS)]


async def asked(client, body):
    answer = await client.post("/v1/forecast", json=body, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return Forecast.model_validate_json(answer.content)


async def test_forecasts_asked_for_at_once_reach_the_engine_in_two_runs(gathering, engine, source, shipped):
    engine.awaited = CALLERS - 1
    async with serving(gathering) as client:
        told = await asyncio.gather(*(asked(client, body) for body in bodies()))
    assert engine.rows == [1, CALLERS]
    alone = LocalBackend(source, shipped, clock=noon)
    for body, forecast in zip(bodies(), told, strict=True):
        expected = await alone.forecast_closes("BTC-USD", body["closes"], 6)
        assert forecast.id == expected.id
        prices = [[*each.quantiles.values()] for each in forecast.horizons]
        assert prices == [pytest.approx([*each.quantiles.values()], rel=1e-6) for each in expected.horizons]


async def test_the_service_answers_others_while_the_network_runs(gathering, engine, source):
    engine.held = True
    async with serving(gathering) as client:
        asking = [asyncio.create_task(asked(client, body)) for body in ({"symbol": "BTC-USD"}, question())]
        assert await asyncio.to_thread(engine.entered.wait, PATIENCE)
        assert (await client.get("/v1/price?symbol=BTC-USD")).status_code == 200
        assert not any(each.done() for each in asking)
        engine.held = False
        live, sent = await asyncio.gather(*asking)
    assert (live.source, sent.source) == ("bitstamp", "caller")


async def test_a_live_forecast_is_issued_once_however_many_ask_at_once(artifact, engine, source, tmp_path):
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    backend = LocalBackend(source, open_predictor(artifact, engine.front), ledger=ledger, clock=noon)
    told = await asyncio.gather(*(backend.forecast("BTC-USD", 3) for _ in range(8)))
    assert engine.rows == [1]
    assert all(each == told[0] for each in told)
    kept = (await backend.kept(told[0].id)).forecast
    assert alike(*(kept.model_copy(update={"horizons": each}) for each in (kept.horizons[3:6], told[0].horizons)))
    await backend.close()


async def test_the_next_close_of_such_a_network_is_asked_for_in_a_thread_too(artifact, engine, source):
    files = {name: body for name, body in artifact.files.items() if name != NAME}  # so that the whole network is asked
    whole = open_predictor(replace(artifact, files=files), engine.front)
    assert await LocalBackend(source, whole).next_close(closes()) > 0
    assert engine.threads[0] is not threading.current_thread()


async def test_a_network_that_does_not_gather_is_asked_on_the_event_loop(artifact, engine, source):
    backend = LocalBackend(source, open_predictor(artifact, engine), clock=noon)
    async with serving(backend) as client:
        await asyncio.gather(*(asked(client, body) for body in bodies()[:3]), asked(client, {"symbol": "BTC-USD"}))
    assert engine.rows == [1, 1, 1, 1]
    assert set(engine.threads) == {threading.current_thread()}


async def test_who_closes_a_gathering_backend_leaves_no_thread_behind(gathering, engine):
    before = {each for each in threading.enumerate() if each.name.startswith("forecast")}
    await gathering.forecast_closes("BTC-USD", closes(), 1)
    started = {each for each in threading.enumerate() if each.name.startswith("forecast")} - before
    assert started
    await gathering.close()
    for each in started:
        await asyncio.to_thread(each.join, PATIENCE)
        assert not each.is_alive()
    with pytest.raises(RuntimeError):
        await gathering.forecast_closes("BTC-USD", closes(), 1)
