"""Fixtures that many tests share. No test sees the developer's own settings, proxy or files."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from hypothesis import settings as hypothesis_settings

from forecaster.artifact.loading import load_artifact
from forecaster.artifact.manifest import Artifact
from forecaster.inference.engine import open_engine
from forecaster.inference.predictor import Predictor
from forecaster.inference.smoke_test import open_predictor
from forecaster.ledger.ledger import Ledger
from forecaster.serving.protocol import ForecastBackend
from forecaster.settings import ROOT, Settings
from tests.support.artifacts.quantile import Told, trained
from tests.support.exchanges.fake import FakeExchanges
from tests.support.fakes import NOON, FakeBackend, candles_ending
from tests.support.ledger.postgres import UNHURRIED, Server, postgres
from tests.support.service.v1 import serving
from tests.support.unhurried import UnhurriedLoop, unhurried

pytest_plugins = ["tests.support.browser.fixtures", "tests.support.workers"]

hypothesis_settings.register_profile("busy", deadline=None)  # an example may take long while others use the processor
hypothesis_settings.load_profile("busy")

_OF_TESTS = ("CRYPTOSENSE_MCP1_PYTHON",)  # no setting: what a test needs to run
for _name in set(os.environ) - {*_OF_TESTS}:  # at import, so that fixtures of every scope are covered
    if _name.startswith("CRYPTOSENSE_") or _name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
        del os.environ[_name]


def pytest_asyncio_loop_factories(item: pytest.Function) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests marked `unhurried`, or of `exchanges`, do not see deadlines that a busy machine misses."""
    calm = "exchanges" in item.fixturenames or item.get_closest_marker("unhurried")
    return {"loop": UnhurriedLoop if calm else asyncio.new_event_loop}


def pytest_collection_finish() -> None:
    """Leave what was collected out of every garbage collection, which would take over a second, and then takes none."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def isolated_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What outlives a test has a database of the session's own, runs where no .env lies, and asks no exchange."""
    folder = tmp_path_factory.mktemp("session")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRYPTOSENSE_DATABASE_URL", f"sqlite:///{folder / 'candles.db'}")
        patch.setenv("CRYPTOSENSE_SCHEDULE", "false")
        patch.chdir(folder)
        yield


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each test has its own database, runs where no .env lies, and asks no exchange by itself."""
    monkeypatch.setenv("CRYPTOSENSE_DATABASE_URL", f"sqlite:///{tmp_path / 'candles.db'}")
    monkeypatch.setenv("CRYPTOSENSE_SCHEDULE", "false")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def nothing_is_left_out(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """No test hears of a sentence of the embedded model that grounding had to leave out: each would be a bug."""
    yield
    records = [record for when in ("setup", "call") for record in caplog.get_records(when)]
    assert [each.getMessage() for each in records if each.name == "assistant.grounding"] == []


@pytest.fixture
def settings() -> Settings:
    """Settings that need no network: simulated candles, a database of the test's own, a free port."""
    return Settings(source="demo", port=0)


@pytest.fixture(scope="session")
def classic() -> Predictor:
    """The shipped classic model, ready to forecast."""
    artifact = load_artifact(ROOT / "models" / "classic")
    return open_predictor(artifact, open_engine(artifact))


@pytest.fixture(scope="session")
def shipped() -> Predictor:
    """The model that answers unless settings say otherwise, ready to forecast."""
    artifact = load_artifact(Settings().model_dir)
    return open_predictor(artifact, open_engine(artifact))


@pytest.fixture(scope="session")
def training(tmp_path_factory: pytest.TempPathFactory) -> tuple[Artifact, Told]:
    """An artifact of the quantile recipe, trained in seconds on made-up markets, once for all parallel workers."""
    session = tmp_path_factory.getbasetemp()
    folder = session.parent if "PYTEST_XDIST_WORKER" in os.environ else session
    with FileLock(folder / "quantile.lock"):
        return trained(folder)


@pytest.fixture(scope="session")
def told_while_training(training: tuple[Artifact, Told]) -> Told:
    """What that training told of its progress."""
    return training[1]


@pytest.fixture(scope="session")
def trained_quantile(training: tuple[Artifact, Told]) -> Artifact:
    """That artifact."""
    return training[0]


@pytest.fixture(scope="session")
def quantile(trained_quantile: Artifact) -> Predictor:
    """That artifact, ready to forecast."""
    return open_predictor(trained_quantile, open_engine(trained_quantile))


@pytest.fixture
def backend() -> FakeBackend:
    """A backend with fixed numbers; a test may script its failures."""
    return FakeBackend()


@pytest.fixture
async def client(backend: ForecastBackend) -> AsyncIterator[httpx.AsyncClient]:
    """Asks the API, where a module's own `backend` answers if it has one."""
    async with serving(backend) as client:
        yield client


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeExchanges]:
    """Exchanges on this machine, where the newest candle closed at NOON, named in the environment.

    Nobody who asks them is hurried.
    """
    with unhurried(), FakeExchanges(candles_ending(), now=NOON + 1) as fake:
        for name, value in fake.settings_env().items():
            monkeypatch.setenv(name, value)
        yield fake


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of the module's own."""
    with postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is not there yet, or is empty."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql").new_database())
    return f"sqlite:///{tmp_path / 'new' / 'folder' / 'ledger.db'}"


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """A ledger there."""
    ledger = Ledger(url, answer=UNHURRIED)
    yield ledger
    ledger.close()
