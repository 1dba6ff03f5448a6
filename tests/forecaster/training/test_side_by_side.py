"""Networks that are trained in processes of their own are those that one process trains one after the other."""

from functools import partial

import numpy as np
import pytest

from forecaster.errors import ConfigurationError
from forecaster.features import markets_of
from forecaster.training.side_by_side import in_processes
from forecaster.training.trainings import Training, examples_of
from tests.support.artifacts.markets import BTC, ETH, VALIDATION


@pytest.fixture(scope="module")
def recipe():
    from forecaster.training.fit import Recipe  # not above: TensorFlow would be in every process of the tests

    return Recipe(seeds=2, epochs=1, batch=256)


@pytest.fixture(scope="module")
def examples(recipe):
    return examples_of(VALIDATION.timestamp(), markets_of(BTC, ETH), recipe)


def test_a_seed_gives_the_same_network_in_a_process_of_its_own_whatever_becomes_of_others(examples, recipe, tmp_path):
    from forecaster.training.fit import fit, reopened

    made, told = [], []
    shared = partial(lambda: made.append(1) or examples)
    wrong, right = (Training(tmp_path / f"{seed}.keras", f"seed {seed}", shared, recipe, seed) for seed in (-1, 1))
    with pytest.raises(ConfigurationError, match="Nothing was learned from seed -1: its process ended with code 1"):
        in_processes([wrong, right], lambda training, share: told.append((training.seed, share)), at_once=2)
    alone = fit(examples, recipe, 1, lambda share: None)
    for ours, theirs in zip(alone.get_weights(), reopened(right.file).get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)
    assert told[-1] == (1, 1.0) and told == sorted(told)
    assert [each.name for each in tmp_path.iterdir()] == ["1.keras"]
    assert made == [1]
