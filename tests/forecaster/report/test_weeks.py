"""The pictures' material: the right weeks, and in each only what had been forecast before."""

import numpy as np
import pytest

from forecaster.errors import InvalidInput
from forecaster.market.candles import utc
from forecaster.quantiles import HORIZONS, LEVELS, MEDIAN
from forecaster.report.weeks import WEEK, Material, pick_weeks
from forecaster.schema import HOUR
from tests.support.artifacts.made_up_record import MIDNIGHT

WEEKS = 5
HOURS = WEEK * WEEKS + 30  # the last 30 are no whole week


def walk(sigma_by_week):
    """Closes at Monday 01:00 and each hour after, with a volatility a week."""
    sigma = np.repeat([*sigma_by_week, sigma_by_week[-1]], WEEK)[:HOURS]
    close = 60_000 * np.exp((sigma * np.random.default_rng(4).normal(size=HOURS)).cumsum())
    return MIDNIGHT + HOUR * np.arange(1, HOURS + 1), close


def test_the_calmest_and_the_wildest_week_are_picked():
    time, close = walk([0.004, 0.001, 0.003, 0.009, 0.002])
    assert pick_weeks(time, close) == (WEEK, 3 * WEEK)


def test_a_week_begins_on_monday_whatever_the_first_hour_is():
    time, close = walk([0.004, 0.001, 0.003, 0.009, 0.002])
    calm, wild = pick_weeks(time[50:], close[50:])
    assert (calm, wild) == (WEEK - 50, 3 * WEEK - 50)
    assert utc(int(time[50:][wild]) - HOUR).strftime("%a %H:%M") == "Mon 00:00"


def test_of_equal_weeks_the_earliest_is_taken():
    time, _ = walk([0.001] * WEEKS)
    assert pick_weeks(time, np.full(HOURS, 60_000.0)) == (0, 0)


def test_a_week_with_missing_hours_is_not_picked():
    time, close = walk([0.004, 0.001, 0.003, 0.009, 0.002])
    kept = np.delete(np.arange(HOURS), WEEK + 20)  # an hour of the calmest week
    assert pick_weeks(time[kept], close[kept])[0] == 4 * WEEK - 1


def test_less_than_a_week_is_refused_with_what_to_do():
    time, close = walk([0.001] * WEEKS)
    with pytest.raises(InvalidInput, match=r"no whole week.*at least two weeks"):
        pick_weeks(time[1 : WEEK + 10], close[1 : WEEK + 10])


@pytest.fixture
def material():
    """Forecasts whose median names the hour they were issued in: its number, in millionths."""
    time, close = walk([0.004, 0.001, 0.003, 0.009, 0.002])
    issued = np.arange(HOURS)[:, None, None] * 1e-6 + np.zeros((HOURS, HORIZONS, len(LEVELS)))
    return time, close, Material.of("BTC-USD", time, close, issued)


def test_each_close_of_a_week_stands_beside_what_was_forecast_an_hour_before(material):
    time, close, made = material
    first = int(np.searchsorted(time, made.wild.time[0]))
    assert (made.wild.close == close[first : first + WEEK]).all()
    issued_in = 1e6 * np.log(made.wild.quantiles[:, MEDIAN] / close[first - 1 : first - 1 + WEEK])
    assert issued_in == pytest.approx(np.arange(first - 1, first - 1 + WEEK), abs=1e-3)


def test_a_week_has_a_fan_for_each_day_issued_at_its_midnight(material):
    time, close, made = material
    assert len(made.wild.fans) == 7
    for day, fan in enumerate(made.wild.fans):
        assert utc(fan.issued).hour == 0
        assert fan.issued == made.wild.time[0] - HOUR + day * 24 * HOUR
        row = int(np.searchsorted(time, fan.issued))
        assert fan.last == close[row]
        assert fan.quantiles.shape == (24, len(LEVELS))
        assert fan.quantiles == pytest.approx(close[row] * np.exp(1e-6 * row))


def test_the_series_holds_every_close_but_the_first_with_its_forecast(material):
    time, close, made = material
    assert (made.series.time == time[1:]).all()
    assert (made.series.actual == close[1:]).all()
    assert (made.series.last == close[:-1]).all()
    assert made.series.predicted == pytest.approx(close[:-1] * np.exp(1e-6 * np.arange(HOURS - 1)))
