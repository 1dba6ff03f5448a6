"""The walk-forward: each year is forecast by what was made of the years before it, calibrated on the one before."""

from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module

import numpy as np
import pytest

from forecaster.calibration.conformal import Conformal
from forecaster.evaluation.record import OURS, UNTRACKED
from forecaster.features.dataset import markets_of
from forecaster.quantiles import HORIZONS, band
from forecaster.training.calibrate import Year, calibration_of
from tests.support.artifacts.markets import five_minutes, market
from tests.support.artifacts.planted import SPREAD

subject = import_module("forecaster.evaluation.walk_forward")  # the package names its function alike
END = int(datetime(2020, 3, 1, tzinfo=UTC).timestamp())
BTC, ETH = market(20_000, seed=4, close_time=END), market(15_000, seed=5, start=900.0, close_time=END - 90 * 24 * 3600)
FINE = five_minutes(160, seed=6, close_time=END)


class Yearly:
    """Gives, for each year, an engine whose centre names the year it was asked for."""

    def __init__(self):
        self.asked = []

    def __call__(self, stop):
        self.asked.append(datetime.fromtimestamp(stop, UTC).year)
        return self

    def run(self, inputs):
        return np.zeros((len(inputs["known"]), HORIZONS, 1), np.float32) + (0.02 * SPREAD).astype(np.float32)


@pytest.fixture(scope="module")
def walked():
    networks, pair = Yearly(), markets_of(BTC, ETH)
    other = replace(pair[1], symbol="SOL-USD")

    def calibrate(engine, start, stop):
        return calibration_of(engine, pair, Year(start, stop), {"BTC-USD": FINE})  # which begin a year later

    evaluation = subject.walk_forward(networks, calibrate, (*pair, other), {"BTC-USD": FINE}, 2020, lambda *_: None)
    return networks, evaluation


def test_networks_are_asked_for_once_a_year_with_the_year_that_calibrates_first(walked):
    networks, _ = walked
    assert networks.asked == [2018, 2019, 2020]


def test_years_are_graded_from_2019_on_where_there_are_hours(walked):
    _, evaluation = walked
    years = {(row.symbol, row.period) for row in evaluation.graded if row.forecaster == OURS and row.hours == 1}
    assert years == {
        *(("BTC-USD", period) for period in ("all", "2019", "2020")),
        *(("ETH-USD", period) for period in ("all", "2019")),
    }
    assert all(row.method == "walk_forward" for row in evaluation.graded)


def test_other_coins_are_graded_in_few_numbers_once_ninety_days_of_them_are_known(walked):
    _, evaluation = walked
    rows = {(row.hours, row.input): row for row in evaluation.walked_coins}
    assert set(rows) == {(hours, kind) for hours in (1, 6, 24) for kind in ("full", "closes_only")}
    assert {row.symbol for row in rows.values()} == {"SOL-USD"}
    whole = evaluation.find(OURS, "ETH-USD", 1, method="walk_forward")
    assert rows[1, "full"].n == whole.n and rows[1, "full"].crps == pytest.approx(whole.crps, rel=1e-6)


def test_both_are_graded_between_full_hours_in_the_years_whose_minutes_are_known(walked):
    _, evaluation = walked
    [graded] = evaluation.walked_minutes
    assert (graded.symbol, graded.start.year, graded.stop.year) == ("BTC-USD", 2019, 2019)
    assert set(graded.by_offset) == {str(minute) for minute in range(0, 60, 5)}


def test_each_year_holds_its_own_hours(walked):
    _, evaluation = walked
    n = {
        period: evaluation.find(OURS, "BTC-USD", 1, method="walk_forward", period=period).n
        for period in ("all", "2019", "2020")
    }
    assert n == {"all": 8760 + 60 * 24, "2019": 8760, "2020": 60 * 24}


def test_the_bands_of_a_year_are_as_wide_as_the_year_before_asks_for(walked):
    _, evaluation = walked
    markets = markets_of(BTC, ETH)
    before = [subject._rows(market, 2018) for market in markets]
    actual = [market.closed(rows, subject._new_year(2019)) for market, rows in zip(markets, before, strict=True)]
    actual = np.concatenate(actual)
    raw = np.zeros((len(actual), HORIZONS, 1)) + 0.02 * SPREAD
    low, high = band(Conformal.of(raw, actual).apply(raw[:1])[:, 0], "80")
    scores = evaluation.find(UNTRACKED, "BTC-USD", 1, method="walk_forward", period="2019")
    assert scores.width_pct["80"] == pytest.approx(100 * (np.exp(high[0]) - np.exp(low[0])), rel=1e-4)


def test_a_calibration_knows_nothing_of_the_year_it_is_for():
    markets = markets_of(BTC, ETH)
    rows = subject._rows(markets[0], 2018)
    known = markets[0].closed(rows, subject._new_year(2019))
    assert np.isnan(known[-1]).sum() == HORIZONS - 1 and np.isfinite(known[-1, 0])
    assert np.isnan(known[:, -1]).sum() == HORIZONS - 1
