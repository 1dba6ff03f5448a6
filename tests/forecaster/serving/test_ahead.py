"""How far a question looks: hours, minutes or a moment, counted from as_of, none of it over already."""

from datetime import datetime

import pytest

from forecaster.errors import InvalidInput, UnsupportedHorizon, UnsupportedSymbol
from forecaster.market.candles import utc
from forecaster.serving.ahead import Ahead
from tests.support.fakes import NOON


def test_without_anything_a_question_is_about_one_hour():
    assert Ahead.of(None, None, None) == Ahead(hours=1)
    assert Ahead.of(None, None, None).horizons(NOON, NOON, 24) == (60,)


def test_hours_are_whole_ones_alone():
    assert Ahead.of(3, None, None).horizons(NOON, NOON + 250, 24) == (60, 120, 180)


@pytest.mark.parametrize(
    ("minutes", "horizons"),
    [(1, (1,)), (15, (15,)), (40, (15, 30, 40)), (60, (15, 30, 45, 60)), (100, (15, 30, 45, 60, 100))],
)
def test_minutes_are_the_usual_horizons_before_them_and_they(minutes, horizons):
    assert Ahead.of(None, minutes, None).horizons(NOON, NOON, 24) == horizons


def test_a_moment_is_rounded_to_a_whole_minute_from_as_of():
    until = utc(NOON + 20 * 60 + 29)
    assert Ahead.of(None, None, until).horizons(NOON, NOON, 24) == (15, 20)


def test_what_is_over_at_the_newest_price_is_left_out():
    assert Ahead.of(None, 40, None).horizons(NOON, NOON + 16 * 60, 24) == (30, 40)


@pytest.mark.parametrize("ahead", [Ahead(minutes=4), Ahead(until=utc(NOON + 240)), Ahead(until=utc(NOON - 60))])
def test_a_moment_that_is_over_is_refused_with_the_time_of_the_newest_price(ahead):
    with pytest.raises(InvalidInput, match=r"the newest price is of 12:04 UTC\. Ask for a later one"):
        ahead.horizons(NOON, NOON + 240, 24)


@pytest.mark.parametrize("ahead", [Ahead(until=utc(NOON + 24 * 3600 + 60)), Ahead(minutes=1441)])
def test_beyond_what_the_model_forecasts_a_moment_is_refused(ahead):
    with pytest.raises(UnsupportedHorizon, match=r"does not forecast 1441 minutes ahead\. Ask for 1 to 24 hours"):
        ahead.horizons(NOON, NOON, 24)


def test_a_question_looks_ahead_in_one_way():
    with pytest.raises(InvalidInput, match="Give one of"):
        Ahead.of(1, 15, None)


def test_a_moment_has_a_zone():
    with pytest.raises(InvalidInput, match="no time zone"):
        Ahead.of(None, None, datetime(2026, 3, 19, 12))


def test_what_no_candle_is_needed_for_to_refuse_is_refused_first(classic, shipped):
    with pytest.raises(UnsupportedHorizon):
        Ahead(minutes=61).check(classic, "BTC-USD")
    with pytest.raises(UnsupportedHorizon):
        Ahead(hours=25).check(shipped, "BTC-USD")
    with pytest.raises(UnsupportedSymbol):
        Ahead(minutes=15).check(classic, "SOL-USD")
    Ahead(minutes=60).check(classic, "BTC-USD")
