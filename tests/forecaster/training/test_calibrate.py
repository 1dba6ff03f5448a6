"""Calibrating on the validation year: the hours that count, the horizons within an hour, and every coin's widths."""

import numpy as np
import pytest

from forecaster.calibration import Tracker
from forecaster.evaluation import coin_records
from forecaster.features import Market
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.training.calibrate import Year, calibration_of, clock_of, graded_of, others_of
from forecaster.training.quantile import markets_to_learn
from tests.support.artifacts.markets import five_minutes, market, rewritten_after
from tests.support.artifacts.volatility_engine import VolatilityEngine
from tests.support.fakes import NOON

DAY = 24 * HOUR
FINE = {"BTC-USD": five_minutes(60, seed=5), "ETH-USD": five_minutes(60, seed=6, start=1_500.0)}
HOURS = {"BTC-USD": market(1_440, seed=1), "ETH-USD": market(1_440, seed=2), "SOL-USD": market(1_440, seed=3)}
YEAR = Year(NOON - 40 * DAY, NOON - 10 * DAY)
MARKETS = markets_to_learn(HOURS, FINE)
ENGINE = VolatilityEngine()


@pytest.fixture(scope="module")
def calibration():
    return calibration_of(ENGINE, MARKETS, YEAR, FINE)


def test_the_record_speaks_of_two_coins_and_the_clock_of_all():
    assert [market.symbol for market in clock_of(MARKETS)] == ["BTC-USD", "ETH-USD", "SOL-USD"]
    assert [market.symbol for market in graded_of(MARKETS)] == ["BTC-USD", "ETH-USD"]
    assert len(MARKETS) == 3 + 2 * 11


def test_what_comes_after_the_year_changes_nothing_that_it_teaches(calibration):
    hours = {
        symbol: rewritten_after(each, int(np.searchsorted(each.time, YEAR.stop)), 7) for symbol, each in HOURS.items()
    }
    fine = {
        symbol: rewritten_after(each, int(np.searchsorted(each.time, YEAR.stop)), 8) for symbol, each in FINE.items()
    }
    assert int(fine["BTC-USD"].time[-1]) + FIVE_MINUTES == NOON
    again = calibration_of(ENGINE, markets_to_learn(hours, fine), YEAR, fine)
    assert again == calibration


def test_without_five_minute_candles_nothing_is_said_of_the_horizons_within_an_hour(calibration):
    assert calibration.within is not None
    bare = calibration_of(ENGINE, markets_to_learn(HOURS, {}), YEAR)
    assert bare.within is None and bare.detectors is not None


def test_every_other_coin_gets_the_widths_that_its_own_hours_teach(calibration):
    [coin] = coin_records(ENGINE, calibration, others_of(MARKETS), YEAR.stop, lambda doing, share: None)
    assert coin.symbol == "SOL-USD" and set(coin.widths) == {"full", "closes_only"}
    assert Tracker.of(coin.widths["full"]).width.any()
    assert coin.rows == ()  # ten days are no record


def test_a_coin_with_a_season_of_hours_is_graded_at_three_horizons_and_from_both_inputs(calibration):
    start = NOON - 35 * DAY
    long = market(130 * 24, seed=9)
    [coin] = coin_records(
        ENGINE,
        calibration,
        [Market.of("SOL-USD", long, long)],
        NOON - 100 * DAY,
        lambda doing, share: None,
    )
    assert [(row.hours, row.input) for row in coin.rows] == [
        (hours, kind) for kind in ("full", "closes_only") for hours in (1, 6, 24)
    ]
    first = coin.rows[0]
    assert start > NOON - 100 * DAY and first.n >= 90 * 24
    moves = np.abs(np.diff(long.close))[-first.n :]
    assert first.mae_persistence == pytest.approx(moves.mean())
    assert first.crps > 0 and 0.2 < first.coverage["50"] < 0.8
