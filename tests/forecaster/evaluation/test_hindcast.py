"""Grading a model on any hourly file: as it would have served those hours, and no other way."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from forecaster.artifact import load_artifact
from forecaster.errors import InvalidInput
from forecaster.evaluation.hindcast import HISTORY, hindcast, hindcast_of, issued, opened
from forecaster.evaluation.metrics import metrics
from forecaster.installation import ROOT
from forecaster.market.candles import Candles, utc
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR
from tests.support.artifacts.markets import market, scaled
from tests.support.artifacts.planted import SPREAD, Known, nothing_moves
from tests.support.fakes import NOON

BTC, ETH = market(900, seed=1), market(900, seed=2, start=1_500.0)


def of(quantiles, candles=BTC, start=0.0):
    return hindcast(Known(quantiles), nothing_moves(), "BTC-USD", candles, None, start)


def test_no_change_scores_no_skill_and_its_own_error():
    graded = of(np.zeros((900, HORIZONS, 1)) + SPREAD)
    moves = np.abs(np.diff(BTC.close))[59:]
    assert graded.mae == pytest.approx(moves.mean()) and graded.mae_persistence == pytest.approx(moves.mean())
    assert graded.mae_skill == pytest.approx(0, abs=1e-9)
    assert graded.direction is None
    assert graded.n == 900 - 60


def test_the_json_has_the_promised_fields_and_no_others():
    written = json.loads(of(np.zeros((900, HORIZONS, 1)) + SPREAD).model_dump_json())
    assert list(written) == [
        *("symbol", "n", "from", "to", "mae", "mae_persistence", "mae_skill", "direction", "crps"),
        *("crps_rolling_quantiles", "coverage"),
    ]
    assert list(written["coverage"]) == ["50", "80", "95"]
    assert written["to"] == f"{utc(NOON):%Y-%m-%dT%H:%M:%SZ}"


def test_rows_before_the_day_are_history_only(quantile, trained_quantile):
    start = utc(NOON - 200 * HOUR)
    graded = hindcast_of(trained_quantile, "BTC-USD", BTC, ETH, start)
    assert (graded.n, graded.start, graded.stop) == (200, start, utc(NOON))
    shorter = hindcast_of(trained_quantile, "BTC-USD", BTC[-200 - 24 * 27 :], ETH, start)
    assert (shorter.mae, shorter.direction, shorter.coverage) == (graded.mae, graded.direction, graded.coverage)


def test_what_is_graded_is_what_would_have_been_served(trained_quantile, quantile):
    from forecaster.inference import Window
    from forecaster.market.sources import Snapshot
    from forecaster.serving.followed import Following

    following, predicted = Following(quantile), []
    for count in range(700, 720):
        asked = Snapshot("BTC-USD", "file", "USD", BTC[count - 300 : count], now=float(BTC.time[count - 1] + HOUR + 60))
        other = Snapshot("ETH-USD", "file", "USD", ETH[count - 300 : count], now=asked.now)
        forecast = quantile.forecast(asked, HORIZONS, other, following.trackers(Window(asked, other)))
        following.remember(forecast)
        low, high = (forecast.horizons[0].quantiles[level] for level in ("0.10", "0.90"))
        predicted.append((forecast.horizons[0].median, low <= BTC.close[count] <= high))
    graded = hindcast_of(trained_quantile, "BTC-USD", BTC[:720], ETH, utc(int(BTC.time[700])))
    points = np.array([point for point, _ in predicted])
    expected = metrics("served", points, BTC.close[700:720], BTC.close[699:719])
    assert graded.mae == pytest.approx(expected.mae, rel=1e-6)
    assert graded.direction == expected.direction
    assert graded.coverage["80"] == pytest.approx(np.mean([inside for _, inside in predicted]))


def test_the_unit_of_prices_does_not_matter(trained_quantile):
    here, there = (hindcast_of(trained_quantile, "BTC-USD", candles) for candles in (BTC, scaled(BTC, 1_000.0)))
    assert there.mae == pytest.approx(1_000 * here.mae, rel=1e-5)
    assert (there.n, there.direction) == (here.n, here.direction)
    assert there.crps == pytest.approx(here.crps, rel=1e-5)


def test_hours_around_a_long_gap_are_not_graded_and_short_ones_are_filled():
    rows = BTC.rows()
    short, long = rows[:500] + rows[503:], rows[:500] + rows[508:]
    flat = np.zeros((900, HORIZONS, 1)) + SPREAD
    assert of(flat, Candles.from_rows(short)).n == 840 - 4  # 3 without an outcome, 1 whose outcome comes too late
    assert of(flat, Candles.from_rows(long)).n == 840 - 9 - 59  # and until the gap has left the window


def test_a_file_with_too_few_hours_is_refused_with_what_to_do():
    with pytest.raises(InvalidInput, match="at least 60 hours before"):
        of(np.zeros((900, HORIZONS, 1)) + SPREAD, BTC[:60])
    with pytest.raises(InvalidInput, match="too few hours"):
        of(np.zeros((900, HORIZONS, 1)) + SPREAD, start=NOON + HOUR)


def without(candles, *gaps):
    """The same but for the hours of each gap."""
    return Candles(
        *(np.delete(column, np.concatenate([np.arange(*gap) for gap in gaps])) for column in candles.columns())
    )


@pytest.mark.parametrize(("stretch", "start"), [(500, 0.0), (100, 2500.0)])
def test_forecasts_are_the_same_however_many_hours_are_forecast_together(stretch, start):
    bitcoin, ether = market(3500, seed=1), market(3500, seed=2, start=1_500.0)
    gaps = (150, 153), (400, 430), (2_300, 2_310), (2_600, 2_603), (2_996, 3_001)
    bitcoin, ether = without(bitcoin, *gaps), without(ether, (0, 90), (1_000, 1_400))
    since = float(bitcoin.time[0] + start * HOUR)
    asked = *opened(load_artifact(ROOT / "models" / "quantile")), "BTC-USD", bitcoin, ether, since
    whole, parts = issued(*asked, stretch=10**6), issued(*asked, stretch=stretch)
    assert len(whole) > 500 and len(bitcoin) > HISTORY + 2 * stretch
    assert parts.as_of.tolist() == whole.as_of.tolist()
    for each in fields(whole):
        assert getattr(parts, each.name) == pytest.approx(getattr(whole, each.name), rel=1e-4, abs=1e-8)
    assert parts.rolling_crps.tolist() == whole.rolling_crps.tolist()


GRADED = """
import re, sys
from pathlib import Path
import numpy as np
from forecaster.evaluation.hindcast import hindcast
from tests.support.artifacts.markets import market
from tests.support.artifacts.planted import SPREAD, nothing_moves

class Still:
    def run(self, inputs):
        return np.zeros((len(inputs["known"]), 24, 1)) + SPREAD

print(hindcast(Still(), nothing_moves(), "BTC-USD", market(int(sys.argv[1]), seed=1)).n)
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux, which tells the most a process held")
def test_four_times_the_hours_take_hardly_more_memory():
    def graded(hours):
        told = subprocess.run(
            [sys.executable, "-c", GRADED, str(hours)], cwd=ROOT, capture_output=True, text=True, check=True
        )
        return map(int, told.stdout.split())

    (few, before), (many, after) = graded(10_000), graded(40_000)
    assert (few, many) == (10_000 - 60, 40_000 - 60)
    assert after - before < 60 * 1024  # kB; all horizons of 30,000 more hours would take 700 MB
