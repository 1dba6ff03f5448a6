"""Hot reload: a new model is taken while questions are answered, a bad one never."""

import asyncio
import logging
import os
import shutil
from pathlib import Path

import pytest

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.saving import save_artifact
from forecaster.inference.predictor import Predictor
from forecaster.inference.smoke_test import open_model
from forecaster.market.sources import Snapshot
from forecaster.serving.backend import LocalBackend
from forecaster.serving.reload import Reloading
from forecaster.settings import ROOT
from tests.support.artifacts.hostile import make
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON, FakeSource

SHIPPED = ROOT / "models" / "quantile"


async def trusted(directory: Path, kind: str) -> str:
    """In place of a trial in another process, where a test is not about that."""
    return load_artifact(directory).sha256


class Watched:
    """A directory with a model, what watches it, and every model that was served."""

    def __init__(self, directory: Path, trial=trusted, interval: float = 0.01) -> None:
        self.directory = directory
        self.artifact = load_artifact(directory)
        self.served: list[Predictor] = []
        first = open_model(self.artifact)
        self.reloading = Reloading(directory, first, self.served.append, interval=interval, trial=trial)

    async def looks(self, times: int = 2) -> None:
        for _ in range(times):
            await self.reloading.look()

    def save(self, version: str) -> None:
        old = self.artifact
        save_artifact(self.directory, old.files, old.manifest.model_copy(update={"version": version}))

    @property
    def refused(self) -> str | None:
        return self.reloading.state.refused


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "model")


@pytest.fixture
def watched(directory: Path) -> Watched:
    return Watched(directory)


def damage(directory: Path) -> None:
    body = bytearray((directory / "model.onnx").read_bytes())
    body[1000] ^= 1
    (directory / "model.onnx").write_bytes(body)


async def test_the_model_that_is_there_goes_on_answering(watched):
    await watched.looks(4)
    assert watched.served == []
    assert watched.reloading.state.loaded == watched.artifact.ref
    assert watched.refused is None


async def test_a_new_model_is_taken_at_the_second_look_and_once(watched):
    await watched.looks()
    watched.save("9.2")
    await watched.looks(1)
    assert watched.served == []
    await watched.looks(3)
    assert [model.ref.version for model in watched.served] == ["9.2"]
    assert watched.reloading.state.loaded.version == "9.2"
    watched.save("9.3")
    await watched.looks()
    assert [model.ref.version for model in watched.served] == ["9.2", "9.3"]


async def test_a_directory_that_is_still_being_written_is_left_until_it_is_quiet(watched):
    await watched.looks()
    whole = (watched.directory / "report.json").read_bytes()
    for part in (100, 200, 300):
        (watched.directory / "report.json").write_bytes(whole[:part])
        await watched.looks(1)
    assert watched.refused is None
    (watched.directory / "report.json").write_bytes(whole)
    await watched.looks(3)
    assert watched.refused is None
    assert watched.served == []


async def test_a_damaged_model_is_refused_and_told_once(watched, caplog):
    await watched.looks()
    watched.save("9.2")
    damage(watched.directory)
    await watched.looks(5)
    os.utime(watched.directory / "model.onnx")  # looked at again, and as bad as before
    await watched.looks(5)
    assert watched.served == []
    assert watched.reloading.state.loaded == watched.artifact.ref
    assert watched.refused is not None
    assert watched.refused.startswith("The model file model.onnx was altered")
    assert str(watched.directory) not in watched.refused
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "The one before goes on answering" in caplog.text


async def test_a_model_that_is_gone_is_told_and_forgotten_once_it_is_back(watched):
    await watched.looks()
    watched.directory.rename(away := watched.directory.with_name("away"))
    await watched.looks()
    assert watched.refused is not None
    assert "manifest.json is missing" in watched.refused
    away.rename(watched.directory)
    await watched.looks()
    assert watched.refused is None
    assert watched.served == []


async def test_a_good_model_is_taken_after_a_bad_one_was_refused(watched):
    damage(watched.directory)
    await watched.looks()
    assert watched.refused is not None
    watched.save("9.2")
    await watched.looks()
    assert [model.ref.version for model in watched.served] == ["9.2"]
    assert watched.refused is None


async def test_a_hostile_model_is_refused(directory, tmp_path):
    watched = Watched(directory)
    make("a loop", SHIPPED, hostile := tmp_path / "hostile")
    shutil.rmtree(directory)
    hostile.rename(directory)
    await watched.looks()
    assert watched.served == []
    assert watched.refused is not None
    assert "model.onnx has" in watched.refused


async def test_what_another_process_refuses_is_not_served(directory):
    async def refusing(directory, kind):
        load_artifact(directory / "nothing")

    watched = Watched(directory, refusing)
    watched.save("9.2")
    await watched.looks()
    assert watched.served == []
    assert "is missing or cannot be read" in watched.refused


async def test_a_model_that_is_replaced_while_it_is_tried_is_looked_at_again(directory):
    async def slow(directory, kind):
        if (found := load_artifact(directory)).manifest.version == "9.2":
            watched.save("9.3")
            found = load_artifact(directory)
        return found.sha256

    watched = Watched(directory, slow)
    watched.save("9.2")
    await watched.looks(4)
    assert [model.ref.version for model in watched.served] == ["9.3"]


async def test_an_unforeseen_failure_is_told_and_the_watch_goes_on(directory, caplog):
    tried = 0

    async def failing(directory, kind):
        nonlocal tried
        tried += 1
        raise ZeroDivisionError

    watched = Watched(directory, failing)
    watched.save("9.2")
    await watched.looks()
    os.utime(directory / "report.json")
    await watched.looks()
    assert tried == 2
    assert watched.refused == "It could not be read. The server's log says why."
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert "ZeroDivisionError" in caplog.text


async def test_it_watches_until_it_is_told_to_stop_with_a_trial_in_another_process(directory):
    served = asyncio.Event()
    found = load_artifact(directory)
    reloading = Reloading(directory, open_model(found), lambda model: served.set(), interval=0.02)
    stop = asyncio.Event()
    running = asyncio.create_task(reloading.run(stop))
    save_artifact(directory, found.files, found.manifest.model_copy(update={"version": "9.2"}))
    await asyncio.wait_for(served.wait(), 60)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert reloading.state.loaded.version == "9.2"


async def test_a_stop_breaks_off_a_trial(directory):
    trying = asyncio.Event()

    async def endless(directory, kind):
        trying.set()
        await asyncio.Event().wait()

    watched, stop = Watched(directory, endless), asyncio.Event()
    watched.save("9.2")
    running = asyncio.create_task(watched.reloading.run(stop))
    await asyncio.wait_for(trying.wait(), 60)
    stop.set()
    await asyncio.wait_for(running, 60)
    assert watched.served == []


class Held(FakeSource):
    """A source that answers once it is let go on."""

    def __init__(self) -> None:
        super().__init__(Snapshot("BTC-USD", "bitstamp", "USD", market(300), NOON + 240.0))
        self.asked_for, self.go_on = asyncio.Event(), asyncio.Event()

    async def latest(self, symbol, hours):
        self.asked_for.set()
        await self.go_on.wait()
        return await super().latest(symbol, hours)


async def test_a_question_under_way_ends_with_the_model_it_began_with(directory):
    source, found = Held(), load_artifact(directory)
    backend = LocalBackend(source, open_model(found))
    reloading = Reloading(directory, backend.predictor, backend.serve, trial=trusted)
    begun = asyncio.create_task(backend.forecast("BTC-USD", 24))
    await source.asked_for.wait()
    save_artifact(directory, found.files, found.manifest.model_copy(update={"version": "9.2"}))
    for _ in range(2):
        await reloading.look()
    source.go_on.set()
    assert (await begun).model == found.ref
    assert (await backend.forecast("BTC-USD", 24)).model == reloading.state.loaded != found.ref


async def test_a_question_under_way_is_not_held_up_by_a_trial(directory):
    """The event loop turns while a model is verified, tried and opened."""
    watched, turns = Watched(directory), 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    watched.save("9.2")
    await watched.looks()
    counting.cancel()
    assert len(watched.served) == 1
    assert turns > 10
