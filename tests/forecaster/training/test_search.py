"""A search of settings: a seed's draws, nothing trained twice, failures told, and no hour after the year looked at."""

import json

import numpy as np
import pytest

from app import main
from forecaster.errors import ConfigurationError, DataFileError, InvalidInput, NotTrained
from forecaster.market.files import write_candles
from forecaster.training.quantile import Split
from forecaster.training.search import SPACE, drawn, search
from forecaster.training.side_by_side import in_turn
from tests.support.artifacts.markets import BTC, ETH, TEST, VALIDATION, market, rewritten_after
from tests.support.fakes import NOON

SPLIT = Split(VALIDATION, TEST)
FIRST_GRADED = int(np.searchsorted(BTC.time, TEST.timestamp()))


@pytest.fixture(scope="module")
def shipped():
    from forecaster.training.fit import Recipe  # not above: TensorFlow would be in every process of the tests

    return Recipe(epochs=1, batch=128)


class Untrained:
    """A Trainer of networks that learned nothing, which ends after so many; those of `failing` cannot be trained."""

    def __init__(self, after=99, failing=(), broken=()):
        self.after, self.failing, self.broken, self.done, self.learned_from = after, failing, broken, [], set()

    def __call__(self, trainings, tell):
        import keras

        from forecaster.networks.quantile import quantile_network

        failed = {}
        for each in trainings:
            number = int(each.doing.split()[1])
            if len(self.done) == self.after:
                raise ConfigurationError("It was ended.", "Start it again.")
            if number in self.failing:
                failed[each.file] = ConfigurationError("Nothing was learned.", "Try less.")
                continue
            keras.utils.set_random_seed(each.recipe.units)
            network = quantile_network(each.recipe.units, each.recipe.dense, each.recipe.dropout)
            if number in self.broken:
                network.get_layer("centre").bias.assign(np.full(24, np.nan))
            network.save(each.file)
            self.learned_from.add(each.examples)
            self.done.append(number)
            tell(each, 1.0)
        if failed:
            raise NotTrained(failed)


def found(shipped, trainer, keep=None, btc=BTC, eth=ETH, count=4):
    return search(btc, eth, count, 1, lambda *told: None, shipped, SPLIT, keep, trainer=trainer)


def test_one_seed_always_draws_the_same_and_the_shipped_settings_come_first(shipped):
    many = drawn(40, 1, shipped)
    assert many[:5] == drawn(5, 1, shipped) and many[1:] != drawn(40, 2, shipped)[1:]
    assert {name: getattr(many[0], name) for name in SPACE} == {name: getattr(shipped, name) for name in SPACE}
    assert (many[0].rate, many[0].seeds) == (shipped.rate, 1)
    for name, values in SPACE.items():
        assert {getattr(each, name) for each in many[1:]} == set(values)
    assert all(5e-4 <= each.rate <= 8e-3 and each.half_life == shipped.half_life for each in many)


def test_a_search_that_was_ended_goes_on_without_training_anew_what_was_done(shipped, tmp_path):
    first, second, third = Untrained(after=2), Untrained(), Untrained()
    with pytest.raises(ConfigurationError, match="It was ended"):
        found(shipped, first, tmp_path)
    whole = found(shipped, second, tmp_path)
    assert (first.done, second.done) == ([0, 1], [2, 3])
    assert found(shipped, third, tmp_path) == whole and third.done == []
    assert len(found(shipped, third, tmp_path, count=6).candidates) == 6 and third.done == [4, 5]
    assert len(second.learned_from) == 1  # examples are made once for all


def test_candidates_stand_in_the_order_of_their_scores(shipped):
    table = found(shipped, Untrained())
    scores = [each.score for each in table.candidates]
    assert scores == sorted(scores) and scores[0] < scores[-1]
    for each in table.candidates:
        assert each.score == pytest.approx(np.mean([of["1"] for of in each.crps.values()]))
        assert all(of["1"] < of["6"] < of["24"] for of in each.crps.values())
        assert set(each.mae_skill) == {"BTC-USD", "ETH-USD"}
    lines = table.in_words().splitlines()
    assert f"{VALIDATION:%Y-%m-%d} to {TEST:%Y-%m-%d}" in lines[0]
    assert [int(line.split()[0]) for line in lines[2:]] == [each.number for each in table.candidates]
    assert len({len(line) for line in lines[1:]}) == 1


def test_a_candidate_that_fails_is_listed_with_why_and_does_not_end_the_search(shipped, tmp_path):
    table = found(shipped, Untrained(failing=(1,), broken=(2,)), tmp_path)
    assert [each.number for each in table.candidates[2:]] == [1, 2]
    assert [each.why for each in table.candidates] == [
        None,
        None,
        "Nothing was learned. Try less.",
        "It forecasts no numbers: it learned too fast.",
    ]
    assert "Nothing was learned. Try less." in table.in_words()
    again = Untrained()
    assert [each.number for each in found(shipped, again, tmp_path).candidates if each.why] == [2]
    assert again.done == [1]


def test_a_network_that_cannot_be_trained_does_not_end_the_others(shipped, tmp_path):
    from dataclasses import replace

    from forecaster.features import markets_of
    from forecaster.training.trainings import plan

    wrong, right = (
        plan(markets_of(BTC, ETH), VALIDATION, tmp_path, each)[0]
        for each in (replace(shipped, units=-1), replace(shipped, units=4, dense=4))
    )
    wrong = replace(wrong, file=tmp_path / "wrong.keras")
    with pytest.raises(NotTrained, match=r"Nothing was learned from hours until .*ValueError") as refused:
        in_turn([wrong, right], lambda *told: None)
    assert list(refused.value.why) == [wrong.file] and right.file.exists() and not wrong.file.exists()


def test_hours_after_the_validation_year_change_nothing(shipped):
    usual = found(shipped, Untrained())
    changed = {
        after: found(shipped, Untrained(), btc=rewritten_after(BTC, after, 5), eth=rewritten_after(ETH, after - 50, 6))
        for after in (FIRST_GRADED, FIRST_GRADED - 30)
    }
    assert changed[FIRST_GRADED] == usual
    assert changed[FIRST_GRADED - 30].candidates != usual.candidates
    assert found(shipped, Untrained(), btc=BTC[:FIRST_GRADED], eth=ETH[: FIRST_GRADED - 50]) == usual


def test_what_cannot_be_searched_is_refused_with_what_to_do(shipped):
    for count in (0, 1001):
        with pytest.raises(InvalidInput, match="Try 1 to 1000"):
            found(shipped, Untrained(), count=count)
    with pytest.raises(DataFileError, match="fewer than 200 hours"):
        found(shipped, Untrained(), btc=BTC[: FIRST_GRADED - 150])


def test_the_command_trains_scores_and_publishes_nothing(tmp_path, capsys):
    hours, graded = 10_100, 182 * 24  # of which 368 days are the validation year
    for name, seed, start in (("btc", 1, 20_000.0), ("eth", 2, 1_500.0)):
        write_candles(market(hours, seed, start, close_time=NOON - graded * 3600), tmp_path / f"{name}usd.csv")
    command = ["train", "--recipe", "quantile", "--data", str(tmp_path / "btcusd.csv"), "--other"]
    command += [str(tmp_path / "ethusd.csv"), "--keep", str(tmp_path / "networks"), "--search", "2", "--json"]
    until = f"{np.datetime64(NOON, 's')}"
    assert main([*command, "--until", until]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(each["number"] for each in told["candidates"]) == [0, 1]
    assert all(each["score"] > 0 and each["why"] is None for each in told["candidates"])
    assert sorted(path.suffix for path in (tmp_path / "networks").rglob("*") if path.is_file()) == [".keras"] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["btcusd.csv", "ethusd.csv", "networks"]
