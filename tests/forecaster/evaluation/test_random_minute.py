"""Grading forecasts that are asked for at any five-minute mark, as visitors do."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app import main
from forecaster.artifact import load_artifact
from forecaster.errors import InvalidInput
from forecaster.evaluation.hindcast import opened
from forecaster.evaluation.random_minute import OFFSETS, at_offset, at_random, at_random_learning
from forecaster.installation import ROOT
from forecaster.market.candles import Candles
from forecaster.quantiles import HORIZONS
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.artifacts.planted import SPREAD, Known, nothing_moves
from tests.support.fakes import NOON

HOURS = 100


def fine(hours=HOURS, seed=1, start=60_000.0):
    """Five-minute candles of a random walk that end at noon."""
    count = 12 * hours
    close = start * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.001, count)))
    open_ = np.concatenate([[start], close[:-1]])
    high, low = 1.0005 * np.maximum(open_, close), 0.9995 * np.minimum(open_, close)
    time = NOON - FIVE_MINUTES * np.arange(count, 0, -1, dtype=np.int64)
    return Candles(time, open_, high, low, close, np.full(count, 2.0), step=FIVE_MINUTES)


def flat(candles, other=None, start=0.0):
    """The grades of a forecaster that always tells the price at which it is asked."""
    engine = Known(np.zeros((12 * HOURS, HORIZONS, 1)) + SPREAD)
    return at_random(engine, nothing_moves(), "BTC-USD", candles, other, start)


def test_no_change_errs_at_each_minute_by_the_moves_of_the_hour_after_it():
    candles = fine()
    graded = flat(candles)
    assert list(graded.by_offset) == [str(each) for each in OFFSETS]
    ends = candles.time + FIVE_MINUTES
    for minute, row in graded.by_offset.items():
        asked = np.flatnonzero(ends % HOUR == 60 * int(minute))[:-1]
        asked = asked[asked >= 60 * 12 - 1]
        moves = np.abs(candles.close[asked + 12] - candles.close[asked])
        assert row.mae == pytest.approx(moves[-row.n :].mean()) and row.mae_skill == pytest.approx(0, abs=1e-9)
        assert len(asked) - 1 <= row.n <= len(asked)


def test_a_forecast_from_the_last_full_hour_errs_by_the_move_since_then_too():
    candles = fine()
    row = flat(candles).by_offset["30"]
    ends = candles.time + FIVE_MINUTES
    asked = np.flatnonzero(ends % HOUR == 1800)[:-1][-row.n :]
    full = asked - 6
    assert row.last_hour.mae == pytest.approx(np.abs(candles.close[asked + 12] - candles.close[full]).mean())
    assert row.last_hour.mae_this_hour == pytest.approx(np.abs(candles.close[full + 12] - candles.close[full]).mean())
    assert row.this_hour.mae == pytest.approx(np.abs(candles.close[full + 12] - candles.close[asked]).mean())
    assert row.this_hour.mae < row.last_hour.mae_this_hour and row.mae < row.last_hour.mae


def test_each_hour_is_asked_about_once_at_a_minute_of_its_own():
    candles = fine()
    graded = flat(candles)
    assert HOURS - 60 - 2 <= graded.n <= HOURS - 60
    assert all(abs(graded.mae - row.mae) > 1e-9 for row in graded.by_offset.values())  # and not always at the same one
    assert flat(candles) == graded


def test_at_the_full_hour_nothing_is_older_than_at_the_last_full_hour():
    row = flat(fine()).by_offset["0"]
    assert row.mae == row.last_hour.mae == row.this_hour.mae == row.last_hour.mae_this_hour
    assert row.last_hour.outside_80 == 0.0


def test_what_comes_later_changes_no_forecast(trained_quantile):
    candles, others = fine(330, seed=3), fine(330, seed=4, start=1_500.0)
    stop = NOON - 2 * HOUR
    short, shorter = candles.closed_at(stop), others.closed_at(stop)
    later = candles.since(stop)
    wild = Candles(*(column * 1.5 if number else column for number, column in enumerate(later.columns())), step=300)
    changed = short.then(wild)
    for minutes in (0, 5, 35, 55):
        engine, calibration = opened(trained_quantile)
        whole, cut = (
            at_offset(engine, calibration, "BTC-USD", minutes, each, others).quantiles for each in (candles, changed)
        )
        known = at_offset(engine, calibration, "BTC-USD", minutes, short, shorter)
        assert known.as_of[-1] <= stop - HOUR < known.as_of[-1] + HOUR
        assert np.allclose(
            known.quantiles, whole[: len(known.quantiles)], rtol=0, atol=1e-7
        )  # of a batch of another size
        assert np.allclose(known.quantiles, cut[: len(known.quantiles)], rtol=0, atol=1e-7)
        assert not np.allclose(whole, cut, rtol=0, atol=1e-4)


def test_too_few_candles_are_refused_with_what_to_do():
    with pytest.raises(InvalidInput, match="at least 60 hours before"):
        flat(fine(60))
    with pytest.raises(InvalidInput, match="too few hours"):
        flat(fine(), start=float(NOON + HOUR))


def test_the_command_prints_what_it_prints_of_hours_and_each_minute(tmp_path, capsys):
    file = tmp_path / "btcusdt_5m.csv"
    rows = [",".join(map(str, row)) for row in fine(400).rows()]
    file.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    asked = ["evaluate", "--data", str(file), "--symbol", "BTC-USD", "--json"]
    assert main(asked) == 0
    hourly = json.loads(capsys.readouterr().out)
    assert main([*asked, "--step", "5m", "--at", "random"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == [*hourly, "by_offset"]
    assert main([*asked, "--at", "random"]) == 1
    assert "Add --step 5m." in capsys.readouterr().err
    assert main([*asked, "--step", "5m"]) == 1
    assert "Add --at random, or leave out --step." in capsys.readouterr().err


def test_grades_and_widths_are_the_same_however_many_hours_are_forecast_together():
    candles, others = fine(400, seed=3), fine(390, seed=4, start=1_500.0)
    kept = np.ones(len(candles), bool)
    kept[1_000:1_050] = kept[2_500:2_590] = False
    candles = Candles(*(column[kept] for column in candles.columns()), step=FIVE_MINUTES)
    asked = *opened(load_artifact(ROOT / "models" / "quantile")), "BTC-USD", candles, others, float(NOON - 200 * HOUR)
    (whole, learned), (parts, also) = (at_random_learning(*asked, stretch=each) for each in (10**6, 37))
    assert whole.n > 150 and set(whole.by_offset["0"].within_hour) == {"15", "30", "45"}
    assert numbers(parts) == pytest.approx(numbers(whole), rel=1e-5)
    assert np.array(also.widths["BTC-USD"]) == pytest.approx(np.array(learned.widths["BTC-USD"]), abs=1e-5)
    assert np.abs(learned.widths["BTC-USD"]).max() > 0.1


def numbers(graded):
    """Every grade, one after the other."""
    found, left = [], [graded.model_dump(mode="python", exclude={"symbol", "start", "stop"})]
    while left:
        each = left.pop()
        left += each.values() if isinstance(each, dict) else []
        found += [] if isinstance(each, dict) else [each]
    return found


PEAK = """
import re, sys
from pathlib import Path
import numpy as np
from forecaster.artifact import load_artifact
from forecaster.evaluation.hindcast import opened
from forecaster.evaluation.random_minute import at_random_learning
from forecaster.installation import ROOT
from tests.support.artifacts.planted import SPREAD
from tests.forecaster.evaluation.test_random_minute import fine

class Still:
    def run(self, inputs):
        return np.zeros((len(inputs["known"]), 24, 1), np.float32) + SPREAD

calibration = opened(load_artifact(ROOT / "models" / "quantile"))[1]
print(at_random_learning(Still(), calibration, "BTC-USD", fine(int(sys.argv[1])), stretch=1_000)[0].n)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, which tells the most a process held")
def test_four_times_the_hours_take_hardly_more_memory():
    def graded(hours):
        told = subprocess.run(
            [sys.executable, "-c", PEAK, str(hours)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return map(int, told.stdout.split())

    (few, before), (many, after) = graded(2_000), graded(8_000)
    assert many == few + 6_000
    assert after < 1.25 * before  # every quantile of 6,000 more hours would take 80 MB
