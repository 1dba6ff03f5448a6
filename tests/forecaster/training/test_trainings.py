"""What is trained, and what is not trained again, whoever does it."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.errors import ConfigurationError
from forecaster.evaluation import refits
from forecaster.features import markets_of
from forecaster.market import utc
from forecaster.schema import HOUR
from forecaster.training.trainings import kept, plan, train
from tests.support.artifacts.markets import BTC, ETH


class Interrupted:
    """A trainer that does so many trainings and is then ended."""

    def __init__(self, after):
        self.after, self.done = after, []

    def __call__(self, trainings, tell):
        for each in trainings:
            if len(self.done) == self.after:
                raise ConfigurationError("It was ended.", "Start it again.")
            tell(each, 0.5)
            each.file.write_bytes(b"a network")
            tell(each, 1.0)
            self.done.append(each.file.name)


@pytest.fixture(scope="module")
def folds():
    """Of the yearly refits: where each is kept, for a folder."""
    from forecaster.training.fit import Recipe  # not above: TensorFlow would be in every process of the tests

    def of(folder):
        stops = [utc(int(stop)) for stop in refits(2020)]
        return [each for stop in stops for each in plan(markets_of(BTC, ETH), stop, folder, Recipe(seeds=2))]

    return of


def test_what_an_interruption_left_is_trained_and_nothing_is_trained_twice(folds, tmp_path):
    told, first, second = [], Interrupted(after=3), Interrupted(after=99)
    with pytest.raises(ConfigurationError, match="It was ended"):
        train(folds(tmp_path / "kept"), lambda *each: told.append(each), first)
    train(folds(tmp_path / "kept"), lambda *each: told.append(each), second)
    names = [f"{year}-01-01T00_{seed}" for year in (2018, 2019, 2020) for seed in (0, 1)]
    done = [[each.rpartition("_")[0] for each in run.done] for run in (first, second)]
    assert done == [names[:3], names[3:]]
    train(folds(tmp_path / "kept"), lambda *each: told.append(each), Interrupted(after=0))
    assert told[0] == ("hours until 2018-01-01, network 1 of 2 (0 of 6 done)", 0.5 / 6)
    assert told[6] == ("hours until 2019-01-01, network 2 of 2 (3 of 6 done)", 3.5 / 6)
    assert told[-1] == ("hours until 2020-01-01, network 2 of 2 (6 of 6 done)", 1.0)


def test_seeds_of_a_fold_share_their_examples_and_folds_do_not(folds, tmp_path):
    made = [each.examples for each in folds(tmp_path)]
    assert made[0] is made[1] and len(set(made)) == 3


def test_a_network_of_other_hours_or_another_recipe_is_not_taken_for_this_one(tmp_path):
    from forecaster.training.fit import Recipe

    stop = utc(BTC.end - 100 * HOUR)

    def file(markets=(BTC, ETH), recipe=None):
        (training,) = plan(markets_of(*markets), stop, tmp_path, recipe or Recipe(seeds=1))
        return training.file.name

    usual, before = file(), BTC.closed_at(int(stop.timestamp()) - 48 * HOUR)
    later = BTC.closed_at(int(stop.timestamp()) + 48 * HOUR)
    assert file() == file((later, ETH)) == usual  # what came later is not learned from
    altered = replace(BTC, close=BTC.close * np.where(BTC.time == before.time[-1], 1.001, 1.0))
    others = [file((altered, ETH)), file((ETH, BTC)), file(recipe=Recipe(seeds=1, epochs=3))]
    assert len({usual, *others}) == 4


def test_without_a_folder_networks_are_gone_afterwards(tmp_path):
    with kept(None) as passing:
        (passing / "network").touch()
    assert not passing.exists()
    with kept(tmp_path) as folder:
        assert folder == tmp_path
