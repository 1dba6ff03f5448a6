"""Networks that are trained in processes of their own are those that one process trains one after the other."""

import numpy as np
import pytest

from forecaster.errors import ConfigurationError
from forecaster.features import markets_of
from forecaster.training.side_by_side import train_side_by_side
from tests.support.artifacts.markets import BTC, ETH, VALIDATION


@pytest.fixture(scope="module")
def recipe():
    from forecaster.training.fit import Recipe  # not above: TensorFlow would be in every process of the tests

    return Recipe(seeds=2, epochs=1, batch=256)


@pytest.fixture(scope="module")
def examples(recipe):
    from forecaster.training.quantile import examples_of

    return examples_of(VALIDATION.timestamp(), markets_of(BTC, ETH), recipe)


def test_a_seed_gives_the_same_network_in_a_process_of_its_own(examples, recipe, tmp_path):
    from forecaster.training.fit import fit, reopened

    told: list[float] = []
    train_side_by_side(examples, recipe, {1: tmp_path / "1.keras"}, {1: told.append}, at_once=2)
    alone = fit(examples, recipe, 1, lambda share: None)
    for ours, theirs in zip(alone.get_weights(), reopened(tmp_path / "1.keras").get_weights(), strict=True):
        assert np.allclose(ours, theirs, atol=1e-5)
    assert told[-1] == 1.0 and told == sorted(told)
    assert [each.name for each in tmp_path.iterdir()] == ["1.keras"]


def test_one_that_cannot_be_trained_says_how_its_process_ended(examples, recipe, tmp_path):
    files = {-1: tmp_path / "none.keras"}  # no seed
    with pytest.raises(ConfigurationError, match="Network 0 could not be trained: its process ended with code 1"):
        train_side_by_side(examples, recipe, files, {-1: lambda share: None}, at_once=1)
