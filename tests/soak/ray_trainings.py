"""Trainings on a Ray of their own, on this machine: a killed worker's begins again, and nothing is trained twice."""

import contextlib
import os
import secrets
import signal
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cluster import HERE, on_ray
from cluster.ray_node import ENVIRONMENT
from forecaster.errors import ConfigurationError
from forecaster.features import markets_of
from forecaster.training.side_by_side import in_processes
from forecaster.training.trainings import networks, plan, train
from tests.soak.cluster import processes
from tests.support.artifacts.markets import BTC, ETH, TEST, VALIDATION

pytestmark = [  # Ray is not imported here: it reads its token while it is
    pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install -e '.[ray]'"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"),
]
TOKEN = secrets.token_hex(32)


def folds(folder: Path):
    """Two ensembles of two networks."""
    from forecaster.training.fit import Recipe  # not above: TensorFlow would be in every long test

    recipe, markets = Recipe(seeds=2, epochs=2, batch=64), markets_of(BTC, ETH)
    return [each for stop in (VALIDATION, TEST) for each in plan(markets, stop, folder, recipe)]


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory):
    """What is set for Ray is taken back."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", str(tmp_path_factory.mktemp("r")))
        patch.setenv("RAY_worker_niceness", "0")  # or other programs of a busy machine starve them
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "PYTHONPATH"):
            patch.setenv(name, "")
        yield


@pytest.fixture(scope="module")
def trainer(environment):
    heard = []
    with on_ray(HERE, TOKEN, heard.append, port=21_100 + os.getpid() % 900) as found:
        assert "cluster --join" in heard[0]
        yield found


def workers() -> list[int]:
    """The processes that train: this Ray's, by the token that only they have."""
    return processes(b"ray::_network", TOKEN)


def test_where_no_cluster_is_the_command_says_how_to_start_one():
    with pytest.raises(ConfigurationError, match="There is no cluster at"), on_ray("127.0.0.1:1", TOKEN, print):
        pass


def test_a_killed_worker_costs_its_training_alone_and_the_networks_are_those_of_processes(trainer, tmp_path):
    told, killed = [], []

    def kill_one() -> None:
        while not killed:
            with contextlib.suppress(IndexError, ProcessLookupError):
                if any(0 < share < 1 for _, share in told):
                    victim = workers()[0]
                    os.kill(victim, signal.SIGKILL)
                    killed.append(victim)
            time.sleep(0.1)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    ours = folds(tmp_path / "ray")
    train(ours, lambda doing, share: told.append((doing, share)), trainer)
    killer.join(60)
    assert killed and told[-1][1] == 1.0 and told[-1][0].endswith("(4 of 4 done)")
    theirs = folds(tmp_path / "processes")
    train(theirs, lambda doing, share: None, lambda missing, tell: in_processes(missing, tell, 2))
    for one, other in zip(networks(ours), networks(theirs), strict=True):
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            assert np.allclose(a, b, atol=1e-4)
    before = {each.file: each.file.stat().st_mtime_ns for each in ours}
    ours[2].file.unlink()
    train(ours, lambda doing, share: None, trainer)
    assert [each.seed for each in ours if each.file.stat().st_mtime_ns != before[each.file]] == [ours[2].seed]


def test_one_that_fails_says_which_and_the_others_are_kept(trainer, tmp_path):
    first, second, *_ = folds(tmp_path)
    wrong = type(first)(tmp_path / "wrong.keras", "a seed that is none", first.examples, first.recipe, -1)
    with pytest.raises(ConfigurationError, match="Nothing was learned from a seed that is none"):
        train([wrong, second], lambda doing, share: None, trainer)
    assert second.file.exists() and not wrong.file.exists()
