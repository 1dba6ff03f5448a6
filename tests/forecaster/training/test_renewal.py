"""Renewing the model: what the commands say, and what a server does on Sunday night."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app import main
from forecaster.artifact import load_artifact, name_of, save_artifact
from forecaster.settings import ROOT, Settings
from forecaster.training.renewal import history_of, weekly
from tests.support.artifacts.altered import widened

SATURDAY = datetime(2026, 11, 28, 23, 0, tzinfo=UTC)


@pytest.fixture
def place(tmp_path, monkeypatch, trained_quantile):
    """A model that answers, in a directory of the test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("CRYPTOSENSE_MODEL_DIR", str(tmp_path / "answers"))
    monkeypatch.setenv("CRYPTOSENSE_DATA_DIR", str(tmp_path / "candles"))
    save_artifact(tmp_path / "answers", trained_quantile.files, trained_quantile.manifest)
    return tmp_path / "answers"


def test_models_are_listed_and_one_that_was_kept_answers_again(place, trained_quantile, tmp_path, capsys):
    other = widened(trained_quantile, tmp_path / "other", 0.2)
    history_of(Settings.load()).keep(other)
    assert main(["models"]) == 0
    assert f"* {name_of(trained_quantile)}  not compared" in capsys.readouterr().out
    assert main(["models", "use", name_of(other)]) == 0
    assert load_artifact(place).sha256 == other.sha256
    assert main(["models"]) == 0
    told = capsys.readouterr().out
    assert f"* {name_of(other)}" in told and f"  {name_of(trained_quantile)}" in told
    assert main(["models", "use", "nothing"]) == 1
    assert f"Choose from: {name_of(trained_quantile)}" in capsys.readouterr().err
    assert main(["models", "use"]) == 1


def test_without_candles_the_command_says_how_to_get_them(place, capsys):
    assert main(["retrain", "--no-fetch"]) == 1
    assert "python app.py fetch" in capsys.readouterr().err


async def test_a_server_retrains_once_on_sunday_night():
    stop, begun, clock = asyncio.Event(), [], [SATURDAY]

    async def work():
        begun.append(clock[0])
        stop.set()
        return 0

    def now():  # a week passes while one waits
        clock[0] += timedelta(hours=2, minutes=8, seconds=30)
        return clock[0]

    await asyncio.wait_for(weekly(stop, now, work), 60)
    assert len(begun) == 1


async def test_a_server_that_stops_retrains_no_more():
    stop = asyncio.Event()
    waiting = asyncio.create_task(weekly(stop, lambda: SATURDAY, None))
    await asyncio.sleep(0)
    stop.set()
    await asyncio.wait_for(waiting, 5)


def test_retraining_by_itself_is_off_unless_it_is_asked_for():
    assert Settings(source="demo").retrain == "off" and Settings(source="demo").retrain_weeks == 8
    assert (ROOT / "models").is_dir()
