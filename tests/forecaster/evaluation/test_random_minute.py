"""Grading forecasts that are asked for at any five-minute mark, as visitors do."""

import json

import numpy as np
import pytest

from app import main
from forecaster.errors import InvalidInput
from forecaster.evaluation.hindcast import opened
from forecaster.evaluation.random_minute import OFFSETS, at_offset, at_random
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
