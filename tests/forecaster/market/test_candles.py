"""Candles: what is sorted, merged, refused, cut and filled."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.errors import InvalidInput
from forecaster.market.candles import Candles, utc
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.fakes import NOON, candles_ending

GOOD = (NOON, 100.0, 110.0, 90.0, 105.0, 1.0)


def with_value(column: int, value: float) -> tuple[float, ...]:
    return tuple(value if index == column else cell for index, cell in enumerate(GOOD))


def test_rows_are_sorted_and_equal_duplicates_merged():
    later = (NOON + HOUR, *GOOD[1:])
    assert Candles.from_rows([later, GOOD, later]).rows() == [GOOD, later]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (with_value(4, float("nan")), "not a finite number"),
        (with_value(2, float("inf")), "not a finite number"),
        (with_value(0, NOON * 1000), "seconds since 1970"),
        (with_value(0, 0), "seconds since 1970"),
        (with_value(0, NOON + 60), "on the hour"),
        (with_value(3, 0.0), "not positive"),
        (with_value(5, -1.0), "negative volume"),
        (with_value(2, 80.0), "outside its low and high"),
        (with_value(3, 101.0), "outside its low and high"),
    ],
)
def test_an_implausible_row_is_refused_with_its_reason_and_a_remedy(row, complaint):
    with pytest.raises(InvalidInput, match=complaint) as caught:
        Candles.from_rows([row])
    assert str(caught.value).endswith("low <= open, close <= high.")


def test_two_rows_of_one_hour_that_disagree_are_refused():
    with pytest.raises(InvalidInput, match="contradict"):
        Candles.from_rows([GOOD, with_value(4, 106.0)])


@pytest.mark.parametrize(("second", "closed"), [(1, 10), (1800, 10), (3599, 10), (3600, 11)])
def test_a_candle_counts_as_closed_only_once_its_hour_is_over(second, closed):
    candles = candles_ending(NOON + HOUR, hours=11)
    assert len(candles.closed_at(NOON + second)) == closed


@pytest.mark.parametrize(("second", "closed"), [(0, 0), (299, 0), (300, 1), (599, 1), (600, 2)])
def test_a_five_minute_candle_counts_as_closed_once_its_five_minutes_are_over(second, closed):
    candles = Candles.from_rows([GOOD, (NOON + 300, *GOOD[1:])], FIVE_MINUTES)
    assert len(candles.closed_at(NOON + second)) == closed
    assert (candles.end, candles[:1].end, candles.since(NOON + 1).step) == (NOON + 600, NOON + 300, FIVE_MINUTES)


@pytest.mark.parametrize("late", [1, 60, 299])
def test_a_five_minute_candle_that_opens_between_two_marks_is_refused(late):
    with pytest.raises(InvalidInput, match="at a multiple of 5 minutes"):
        Candles.from_rows([(NOON + late, *GOOD[1:])], FIVE_MINUTES)


def test_five_minutes_without_a_trade_repeat_the_close_before_them():
    candles = Candles.from_rows([GOOD, (NOON + 900, *GOOD[1:])], FIVE_MINUTES)
    filled, count = candles.filled()
    assert (count, filled.step, filled.time.tolist()) == (2, FIVE_MINUTES, [NOON + 300 * k for k in range(4)])
    assert filled.rows()[1] == (NOON + 300, 105.0, 105.0, 105.0, 105.0, 0.0)


def test_later_candles_follow_earlier_ones_and_replace_those_of_their_own_time():
    candles = candles_ending(hours=10)
    corrected = candles_ending(NOON + HOUR, hours=3, last_close=70_000.0)
    joined = candles.then(corrected)
    assert joined.rows() == candles[:8].rows() + corrected.rows()
    assert candles.then(candles[:0]) is candles


def test_no_candles_at_all_stay_no_candles():
    empty = Candles.from_rows([])
    assert len(empty) == 0
    assert empty.filled() == (empty, 0)


def test_an_hour_without_a_trade_repeats_the_close_before_it_and_is_counted():
    whole = candles_ending(hours=5)
    holed = Candles.from_rows([row for index, row in enumerate(whole.rows()) if index not in (2, 3)])
    filled, count = holed.filled()
    assert count == 2
    before = float(whole.close[1])
    assert [row[1:] for row in filled.rows()[2:4]] == [(before, before, before, before, 0.0)] * 2
    assert np.array_equal(filled.time, whole.time)


@given(st.sets(st.integers(0, 200), min_size=1))
def test_filling_keeps_every_traded_hour_and_leaves_no_hole(hours):
    rows = [(NOON + HOUR * hour, *GOOD[1:]) for hour in hours]
    filled, count = Candles.from_rows(rows).filled()
    assert set(rows) <= {*filled.rows()} | {row for row in filled.rows() if row[5] == 0}
    assert (np.diff(filled.time) == HOUR).all()
    assert count == max(hours) - min(hours) + 1 - len(hours)


def test_the_wire_format_names_a_candle_by_its_opening_in_utc():
    candle = Candles.from_rows([GOOD]).to_schema()[0]
    assert candle.open_time == utc(NOON)
    assert candle.open_time.isoformat() == "2026-03-19T12:00:00+00:00"
