"""Retraining: a challenger answers where it is not worse, and whatever goes wrong changes nothing."""

import asyncio
from datetime import UTC, datetime

import pytest

from forecaster.artifact import Grades, ModelHistory, load_artifact, name_of, save_artifact
from forecaster.errors import ArtifactError, ConfigurationError, DataFileError, InvalidInput
from forecaster.market.candles import utc
from forecaster.schema import HOUR
from forecaster.training.retrain import quiet_hour, retrain, training_process
from tests.support.artifacts.altered import widened
from tests.support.artifacts.markets import market
from tests.support.fakes import NOON

WEEKS = 4
END = NOON + WEEKS * 7 * 24 * HOUR
HOURS = {
    "BTC-USD": market(1_600, seed=7, close_time=END),
    "ETH-USD": market(1_600, seed=8, start=1_500.0, close_time=END),
}


@pytest.fixture
def history(trained_quantile, tmp_path):
    place = tmp_path / "answers"
    save_artifact(place, trained_quantile.files, trained_quantile.manifest)
    return ModelHistory(tmp_path / "models", place)


def training(artifact, by, seen):
    """Stands for a training: the same model with other bands."""

    async def train(until, out):
        seen.append(until)
        widened(artifact, out, by)

    return train


async def untried(directory):
    return "tried"


def state(history):
    return load_artifact(history.place).sha256, [each.name for each in history.models()]


async def test_a_challenger_that_is_refused_changes_nothing_and_says_why(history, trained_quantile):
    before, seen = state(history), []
    found = await retrain(history, HOURS, WEEKS, training(trained_quantile, 2.5, seen), untried)
    assert not found.promoted and found.why
    assert state(history) == before and seen == [utc(NOON)]
    assert [path.name for path in history.directory.iterdir() if path.is_dir()] == []


async def test_a_challenger_that_is_not_worse_answers_and_the_one_before_is_kept(history, trained_quantile):
    bands = [by / 10 for by in range(-4, 12)]
    for by in bands:  # of which some suit these markets
        found = await retrain(history, HOURS, WEEKS, training(trained_quantile, by, []), untried)
        if found.promoted:
            break
    assert found.promoted
    now, before = load_artifact(history.place), trained_quantile
    assert now.sha256 != before.sha256
    told = {each.name: each for each in history.models()}
    assert told[name_of(now)].answers and not told[name_of(before)].answers
    assert told[name_of(now)].grades == found.challenger and told[name_of(before)].grades == found.champion
    assert history.use(name_of(before)).sha256 == before.sha256 == load_artifact(history.place).sha256


async def test_a_training_that_fails_or_a_model_that_does_not_run_changes_nothing(history, trained_quantile):
    before = state(history)

    async def fails(until, out):
        raise ArtifactError("Training failed.", "Look above.")

    async def crosses(directory):
        raise ArtifactError("The model gives quantiles that cross.", "Train it again.")

    with pytest.raises(ArtifactError, match="Training failed"):
        await retrain(history, HOURS, WEEKS, fails, untried)
    with pytest.raises(ArtifactError, match="cross"):
        await retrain(history, HOURS, WEEKS, training(trained_quantile, 0.0, []), crosses)
    assert state(history) == before


async def test_one_that_is_broken_off_half_way_leaves_nothing_behind_and_the_next_can_begin(history, trained_quantile):
    begun, before = asyncio.Event(), state(history)

    async def long(until, out):
        out.mkdir(parents=True)
        begun.set()
        await asyncio.sleep(60)

    working = asyncio.create_task(retrain(history, HOURS, WEEKS, long, untried))
    await begun.wait()
    with pytest.raises(ConfigurationError, match="Another process is training"):
        await retrain(history, HOURS, WEEKS, training(trained_quantile, 0.0, []), untried)
    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working
    assert state(history) == before
    assert not [path for path in history.directory.iterdir() if path.is_dir()]
    await retrain(history, HOURS, WEEKS, training(trained_quantile, 2.5, []), untried)


async def test_weeks_that_the_model_has_learned_from_are_not_compared(history, trained_quantile):
    seen = []
    short = {symbol: candles.closed_at(NOON + 24 * HOUR) for symbol, candles in HOURS.items()}
    with pytest.raises(InvalidInput, match="all but 24 hours"):
        await retrain(history, short, WEEKS, training(trained_quantile, 0.0, seen), untried)
    assert seen == []  # and nobody waited for a training


def test_three_models_are_kept_and_the_oldest_goes(history, trained_quantile, tmp_path):
    grades = Grades(graded_from=utc(NOON), graded_to=utc(END), n=9, crps=25.0, mae_skill=0.0, coverage={"80": 0.8})
    names = [
        history.keep(widened(trained_quantile, tmp_path / str(number), 0.1 * number), grades) for number in range(5)
    ]
    assert [each.name for each in history.models() if not each.answers] != []
    assert sorted(path.name for path in history.directory.iterdir() if path.is_dir()) == sorted(names[2:])
    assert sorted(path.stem for path in history.directory.glob("*.json")) == sorted(names[2:])
    with pytest.raises(InvalidInput, match="Choose from"):
        history.use("../answers")


def test_a_directory_without_files_is_refused_with_the_command_that_fetches_them(tmp_path):
    with pytest.raises(DataFileError, match=r"no btcusd_1h.parquet.*app.py fetch"):
        training_process(tmp_path)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        ("2026-11-29T02:00", "2026-11-29T03:17"),  # a Sunday
        ("2026-11-29T03:17", "2026-12-06T03:17"),
        ("2026-12-02T23:59", "2026-12-06T03:17"),
    ],
)
def test_the_quiet_hour_is_the_next_sunday_night(now, then):
    assert quiet_hour(datetime.fromisoformat(now).replace(tzinfo=UTC)) == datetime.fromisoformat(then).replace(
        tzinfo=UTC
    )
