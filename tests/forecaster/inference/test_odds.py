"""What a forecast says of prices, moves, levels and amounts: as its quantiles do, and no more than they do."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.calibration import Touch
from forecaster.inference import OddsAsked, odds
from forecaster.quantiles import HORIZONS
from tests.support.ledger.issued import CLOSE, issued

DAY = issued(horizons=24)  # uniform in the logarithm of the price, from 0.025 to 0.975
DRIFT, SPREAD = 0.001, 0.01 * 24**0.5
NEUTRAL = Touch(up=(1.0,) * HORIZONS, down=(1.0,) * HORIZONS)
prices = st.floats(0.9 * CLOSE, 1.1 * CLOSE)
inner = st.floats(0.03, 0.97)


def at(level):
    """The price that a close is below with that chance."""
    return CLOSE * exp(DRIFT + SPREAD * (level - 0.5))


def ask(taught=None, **asked):
    return odds(DAY, OddsAsked(**asked), taught)


@given(inner)
def test_the_chance_of_a_close_below_a_quantile_is_its_level(level):
    told = ask(threshold=at(level))
    assert told.below == pytest.approx(level, abs=1e-9) and told.above == pytest.approx(1 - level, abs=1e-9)


@given(prices, prices)
def test_a_dearer_price_is_never_likelier_to_be_closed_above(one, other):
    low, high = sorted((one, other))
    assert ask(threshold=low).above >= ask(threshold=high).above


@given(prices, prices)
def test_below_between_and_above_two_prices_are_all_there_is(one, other):
    low, high = sorted((one, other))
    parts = ask(threshold=low).below, ask(between=(low, high)).between, ask(threshold=high).above
    assert sum(parts) == pytest.approx(1)
    assert all(0 <= part <= 1 for part in parts)


@given(st.floats(1, 94))
def test_a_range_holds_with_the_chance_that_was_asked_for(level):
    told = ask(level=level)
    assert ask(between=(told.range_low, told.range_high)).between == pytest.approx(level / 100, abs=1e-9)
    assert not told.censored


@given(st.floats(3, 97))
def test_the_price_that_holds_on_one_side_has_that_chance(level):
    above, below = ask(level=level, side="above"), ask(level=level, side="below")
    assert above.range_high is None and below.range_low is None
    assert ask(threshold=above.range_low).above == pytest.approx(level / 100, abs=1e-9)
    assert ask(threshold=below.range_high).below == pytest.approx(level / 100, abs=1e-9)


@given(st.floats(0.01, 2.3))
def test_a_move_either_way_is_as_likely_as_both_ways_together(percent):
    up, down, either = (ask(move_pct=percent, direction=way) for way in ("up", "down", "either"))
    assert either.move == pytest.approx(up.move + down.move)
    assert (up.move_price_down, down.move_price_up) == (None, None)
    assert up.move_price_up == pytest.approx(CLOSE * (1 + percent / 100))
    assert up.move == pytest.approx(ask(threshold=either.move_price_up).above)
    assert down.move == pytest.approx(ask(threshold=either.move_price_down).below)


@given(st.floats(0.01, 5), st.floats(0.01, 5))
def test_a_larger_move_is_never_likelier(one, other):
    small, large = sorted((one, other))
    assert ask(move_pct=small).move >= ask(move_pct=large).move


def test_a_fall_by_all_and_more_has_no_price():
    told = ask(move_pct=150.0, direction="down")
    assert (told.move, told.move_price_down) == (0.0, None)


@pytest.mark.parametrize(
    ("asked", "censored"),
    [
        ({"threshold": at(0.5)}, False),
        ({"threshold": at(0.03)}, False),
        ({"threshold": at(0.02)}, True),
        ({"threshold": 2 * CLOSE}, True),
        ({"between": (at(0.1), at(0.9))}, False),
        ({"between": (at(0.5), 3 * CLOSE)}, True),
        ({"move_pct": 40.0}, True),
        ({"level": 95.0}, True),
        ({"level": 99.0, "side": "above"}, True),
        ({"level": 97.0, "side": "above"}, False),
    ],
)
def test_what_lies_beyond_the_outermost_quantiles_is_told_as_such(asked, censored):
    assert ask(**asked).censored is censored


def test_beyond_the_outermost_quantiles_the_outermost_is_told():
    assert ask(threshold=9 * CLOSE).above == pytest.approx(0.025)
    assert ask(threshold=CLOSE / 9).below == pytest.approx(0.025)
    assert ask(level=99.0).range_low == pytest.approx(at(0.025)) and ask(level=99.0).range_high == pytest.approx(
        at(0.975)
    )


def test_an_amount_of_coins_is_worth_what_they_are_worth():
    told = ask(amount=0.5)
    assert told.value_now == pytest.approx(0.5 * CLOSE)
    for value, level in ((told.value_low, 0.1), (told.value_median, 0.5), (told.value_high, 0.9)):
        assert value == pytest.approx(0.5 * at(level))
    assert told.value_at_risk_95 == pytest.approx(0.5 * (CLOSE - at(0.05)))


def test_the_expected_loss_is_the_mean_of_what_is_lost():
    levels = np.clip((np.arange(100_000) + 0.5) / 100_000, 0.025, 0.975)
    lost = np.maximum(CLOSE - CLOSE * np.exp(DRIFT + SPREAD * (levels - 0.5)), 0).mean()
    assert ask(amount=1.0).expected_loss == pytest.approx(lost, rel=2e-3)


@given(st.floats(1e-6, 1e12))
def test_money_is_the_coins_that_it_buys_now(money):
    told, coins = ask(amount=money, amount_in="quote"), ask(amount=money / CLOSE)
    assert told.value_now == pytest.approx(money)
    for name in ("value_median", "value_low", "value_high", "expected_loss", "value_at_risk_95"):
        assert getattr(told, name) == pytest.approx(getattr(coins, name))


def test_nothing_is_told_that_was_not_asked():
    told = ask(threshold=CLOSE).model_dump(exclude_none=True)
    assert set(told) == {"above", "below", "typical_move_pct", "touch_at_most", "touch_known", "censored"}


def test_the_last_horizon_speaks():
    assert odds(issued(horizons=3), OddsAsked(threshold=at(0.7))).above < ask(threshold=at(0.7)).above


def test_a_touch_is_not_known_where_the_model_was_not_taught_any():
    told = ask(threshold=at(0.9), touch=True)
    assert (told.touch, told.touch_known) == (None, False)


@given(st.floats(0.03, 0.4))
def test_by_the_bare_rule_a_touch_is_twice_as_likely_as_a_close_beyond(chance):
    up = ask(NEUTRAL, threshold=at(1 - chance), touch=True)
    assert up.touch == pytest.approx(2 * up.above) and up.touch_known
    if at(chance) < CLOSE:
        down = ask(NEUTRAL, threshold=at(chance), touch=True)
        assert down.touch == pytest.approx(2 * down.below)


@given(prices, st.floats(0.2, 3))
def test_a_touch_is_as_likely_as_a_close_beyond_at_least_and_certain_at_most(price, factor):
    told = ask(Touch(up=(factor,) * HORIZONS, down=(factor,) * HORIZONS), threshold=price, touch=True)
    assert (told.above if price > CLOSE else told.below) <= told.touch <= 1


def test_a_touch_of_a_move_either_way_is_that_of_both():
    up, down, either = (ask(NEUTRAL, move_pct=1.8, direction=way, touch=True) for way in ("up", "down", "either"))
    assert either.touch == pytest.approx(up.touch + down.touch)


def test_a_touch_is_an_upper_bound_where_a_close_beyond_lies_outside_the_outermost_quantiles():
    far, near = (ask(NEUTRAL, threshold=price, touch=True) for price in (10 * CLOSE, at(0.9)))
    assert far.touch_at_most and far.touch == pytest.approx(2 * far.above)
    assert not near.touch_at_most


def test_each_side_and_horizon_has_its_own_factor():
    rising = Touch(up=tuple(np.linspace(0.5, 1.0, 24)), down=(0.75,) * HORIZONS)
    assert rising.chance("up", 60, 0.2) == pytest.approx(0.2)  # 2 * 0.5 * 0.2, no less than a close beyond
    assert rising.chance("up", 1440, 0.2) == pytest.approx(0.4)
    assert rising.chance("down", 1440, 0.2) == pytest.approx(0.3)
    assert rising.chance("up", 15, 0.4) == rising.chance("up", 60, 0.4)
    assert rising.chance("up", 60, 0.4) < rising.chance("up", 90, 0.4) <= rising.chance("up", 120, 0.4)


def test_the_typical_move_is_that_of_the_forecast():
    assert ask().typical_move_pct == DAY.horizons[-1].expected_move_pct
    assert log(at(0.5) / CLOSE) == pytest.approx(DRIFT)
