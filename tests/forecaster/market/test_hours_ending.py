"""Hours made of five-minute candles: first, max, min, last and sum, at any mark, and nothing that is still forming."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecaster.errors import InvalidInput
from forecaster.market.candles import Candles
from forecaster.market.gaps import gapless
from forecaster.market.hours_ending import hours_ending, reaching_back
from forecaster.schema import FIVE_MINUTES, HOUR
from tests.support.exchanges.fake import five_minutes_of
from tests.support.fakes import NOON, candles_ending

MARK = NOON + 45 * 60


def fine(first: int, count: int) -> Candles:
    """Five-minute candles with all columns different."""
    place = np.arange(1.0, count + 1)
    open_, close = 100 + place, 101 + place
    time = first + FIVE_MINUTES * np.arange(count, dtype=np.int64)
    return Candles(time, open_, close + place % 5, open_ - place % 7, close, place, step=FIVE_MINUTES)


def without(candles: Candles, *places: int) -> Candles:
    return Candles.from_rows([row for at, row in enumerate(candles.rows()) if at not in places], candles.step)


def test_an_hour_is_the_first_open_highest_high_lowest_low_last_close_and_summed_volume():
    candles = fine(MARK - 2 * HOUR, 24)
    part = candles[12:]
    assert hours_ending(candles, MARK, 1).rows() == [
        (MARK - HOUR, part.open[0], part.high.max(), part.low.min(), part.close[-1], part.volume.sum())
    ]
    made = hours_ending(candles, MARK, 2)
    assert (len(made), made.step, made.end) == (2, HOUR, MARK)


def test_on_the_hour_they_are_the_hours_of_the_clock():
    hours = candles_ending(hours=100)
    made = hours_ending(five_minutes_of(hours), NOON, 100)
    assert [row[:5] for row in made.rows()] == [row[:5] for row in hours.rows()]
    assert made.volume == pytest.approx(hours.volume)


@pytest.mark.parametrize("mark", range(0, HOUR, FIVE_MINUTES))
def test_every_mark_of_an_hour_has_its_own(mark):
    made = hours_ending(fine(NOON - 3 * HOUR, 12 * 5), NOON + mark, 3)
    assert made.time.tolist() == [NOON + mark - HOUR * back for back in (3, 2, 1)]


def test_a_missing_five_minutes_is_left_out_of_its_hour():
    candles = without(fine(MARK - 2 * HOUR, 24), 12, 17, 23)
    part = candles[12:]
    (row,) = hours_ending(candles, MARK, 1).rows()
    assert row[1:] == (part.open[0], part.high.max(), part.low.min(), part.close[-1], part.volume.sum())


def test_an_hour_without_a_trade_has_no_row_and_is_filled_as_others_are():
    candles = without(fine(MARK - 61 * HOUR, 61 * 12), *range(30 * 12, 31 * 12))
    made = hours_ending(candles, MARK, 61)
    assert len(made) == 60
    whole, filled = gapless(made, 61)
    assert (len(whole), filled) == (61, 1)
    assert whole.close[30] == whole.close[29] and whole.volume[30] == 0


def test_an_hour_that_began_before_the_first_candle_is_not_whole():
    candles = fine(MARK - 2 * HOUR - 600, 26)
    assert hours_ending(candles, MARK, 5).time.tolist() == [MARK - 2 * HOUR, MARK - HOUR]


def test_a_candle_that_closes_later_is_not_used():
    candles = fine(MARK - HOUR, 13)
    later = Candles(candles.time, candles.open, candles.high + np.r_[np.zeros(12), 1e6], candles.low, candles.close,
                    candles.volume, step=FIVE_MINUTES)  # fmt: skip
    assert hours_ending(later, MARK, 1).rows() == hours_ending(candles[:12], MARK, 1).rows()


@pytest.mark.parametrize("at", [MARK + 1, MARK - 299, MARK + 60])
def test_a_time_between_two_marks_is_refused(at):
    with pytest.raises(InvalidInput, match="every 5 minutes"):
        hours_ending(fine(MARK - HOUR, 12), at, 1)


def test_no_candles_make_no_hours():
    assert len(hours_ending(fine(MARK, 0), MARK, 60)) == 0
    assert len(hours_ending(fine(MARK + HOUR, 12), MARK, 60)) == 0


@given(st.integers(0, 11), st.integers(1, 30), st.sets(st.integers(0, 400), max_size=60))
def test_made_hours_are_plausible_ascending_and_lose_no_volume(mark, hours, lost):
    candles = without(fine(NOON - 30 * HOUR, 400), *lost)
    at = NOON + mark * FIVE_MINUTES
    made = hours_ending(candles, at, hours)
    assert (np.diff(made.time) % HOUR == 0).all() and (np.diff(made.time) > 0).all()
    assert (made.low <= np.minimum(made.open, made.close)).all()
    assert (made.high >= np.maximum(made.open, made.close)).all()
    if len(made):
        assert made.volume.sum() == candles.since(int(made.time[0])).closed_at(at).volume.sum()


@pytest.mark.parametrize(("mark", "moved"), [(0, 0), (25, 25), (30, 30), (35, -25), (45, -15)])
def test_hours_of_the_clock_stand_before_them_at_the_nearest_mark(mark, moved):
    at = NOON + mark * 60
    hours = candles_ending(hours=50)
    recent = hours_ending(five_minutes_of(candles_ending(NOON + HOUR, hours=6)), at, 5)
    joined = reaching_back(recent, hours, 30)
    assert len(joined) == 30 and joined.end == at
    assert (np.diff(joined.time) == HOUR).all()
    older = joined[: 30 - len(recent)]
    taken = {time + moved * 60: close for time, *_, close, _ in hours.rows()}
    assert all(taken[time] == close for time, *_, close, _ in older.rows())
