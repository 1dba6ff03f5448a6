"""Following: the outcome of an issued forecast reaches the next bands, once it has closed and not before."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.inference.window import Window
from forecaster.ledger.history import Past
from forecaster.market.candles import Candles
from forecaster.market.hours_ending import hours_ending
from forecaster.market.sources import Snapshot
from forecaster.quantiles import HORIZONS
from forecaster.schema import HOUR
from forecaster.serving.followed import Following
from tests.support.artifacts.markets import market, scaled
from tests.support.exchanges.fake import five_minutes_of
from tests.support.fakes import NOON

BTC, ETH = market(600, seed=1), market(600, seed=2, start=1_500.0)


def snapshot(count: int, candles: Candles = BTC, source: str = "bitstamp") -> Snapshot:
    """What was known when the first `count` hours had closed."""
    now = int(candles.time[count - 1]) + HOUR + 240.0
    return Snapshot(symbol="BTC-USD", source=source, quote="USD", now=now, candles=candles[count - 300 : count])


def issue(predictor, following, count, candles=BTC):
    asked = snapshot(count, candles)
    forecast = predictor.forecast(asked, HORIZONS, None, following.trackers(Window(asked)))
    following.remember(forecast)
    return forecast


def widths(following, count, kind="full", **changes):
    return np.array(following.trackers(Window(snapshot(count, **changes)))[kind].widths)


def jump(candles: Candles, row: int, factor: float) -> Candles:
    """The same candles, all prices from `row` on times `factor`."""
    return Candles(
        candles.time,
        *(
            np.concatenate([column[:row], factor * column[row:]])
            for column in (candles.open, candles.high, candles.low, candles.close)
        ),
        candles.volume,
    )


def test_nothing_is_learned_before_an_hour_has_closed(quantile):
    following = Following(quantile)
    before = widths(following, 400)
    issue(quantile, following, 400)
    assert np.array_equal(widths(following, 400), before)


def test_bands_widen_after_an_outcome_beyond_them_and_narrow_after_one_within(quantile):
    for factor, wider in ((1.5, True), (1.0, False)):
        following, calm = Following(quantile), replace(BTC, close=np.full(600, BTC.close[399]))
        candles = jump(calm, 400, factor)
        before = widths(following, 400, candles=candles)
        issue(quantile, following, 400, candles)
        after = widths(following, 401, candles=candles)
        assert (after[0] > before[0]).all() if wider else (after[0] < before[0]).all()
        assert np.array_equal(after[1:], before[1:])  # the other hours are still to come


def test_each_outcome_counts_once_however_often_one_asks(quantile):
    following = Following(quantile)
    for _ in range(3):
        issue(quantile, following, 400)
    first = widths(following, 406)
    assert np.array_equal(widths(following, 406), first)
    assert not np.array_equal(widths(following, 407), first)


def test_served_bands_are_those_of_a_tracked_backtest(quantile):
    from forecaster.calibration.adaptive import tracked
    from forecaster.features.dataset import Market
    from forecaster.inference.backtest import backtest

    rows = np.arange(400, 440)
    alone = Market.of("BTC-USD", BTC, ETH[:0])
    issued = quantile._calibration.full.apply(backtest(quantile._engine, alone, rows, "full"))
    expected = tracked(issued, alone.target[rows], quantile.trackers("BTC-USD")["full"])
    following = Following(quantile)
    for row in rows:
        forecast = issue(quantile, following, row + 1)
        served = np.array([list(horizon.quantiles.values()) for horizon in forecast.horizons])
        assert np.log(served / BTC.close[row]) == pytest.approx(expected[row - 400], rel=2e-3, abs=2e-6)


def test_sources_are_followed_apart(quantile):
    following = Following(quantile)
    issue(quantile, following, 400)
    settled, elsewhere = widths(following, 410), widths(following, 410, source="kraken")
    assert np.array_equal(elsewhere, np.array(quantile.trackers("BTC-USD")["full"].widths))
    assert not np.array_equal(settled, elsewhere)


def test_the_price_level_does_not_matter(quantile):
    for factor in (1e-3, 1e3):
        here, there = Following(quantile), Following(quantile)
        issue(quantile, here, 400)
        issue(quantile, there, 400, scaled(BTC, factor))
        assert np.array_equal(widths(here, 420), widths(there, 420, candles=scaled(BTC, factor)))


def test_an_hour_that_never_comes_is_forgotten(quantile):
    following = Following(quantile)
    issue(quantile, following, 300)
    widths(following, 600)
    assert all(not followed.open for followed in following._followed.values())


def test_a_model_whose_bands_stay_as_they_are_is_not_followed(classic):
    following = Following(classic)
    asked = Snapshot(symbol="BTC-USD", source="bitstamp", quote="USD", now=NOON + 240.0, candles=BTC)
    following.remember(classic.forecast(asked, 1))
    assert following.trackers(Window(asked)) == {}


def test_a_past_that_comes_late_teaches_what_it_would_have_taught_at_first(quantile):
    earlier, later = (issue(quantile, Following(quantile), count) for count in (399, 400))
    none = np.array([], dtype=np.int64)
    past = Past(none, none.astype(np.str_), none, none.astype(np.float64), ((earlier, 0),))
    early, late = Following(quantile), Following(quantile)
    early.restore("BTC-USD", "bitstamp", past)
    for following in (early, late):
        following.remember(later)
        widths(following, 406)
    late.restore("BTC-USD", "bitstamp", past)
    assert np.array_equal(widths(late, 410), widths(early, 410))


def window(moment: int) -> Window:
    """What was known at a five-minute mark: hours that end then, and five minutes."""
    fine = five_minutes_of(BTC.closed_at(moment + HOUR)[-310:]).closed_at(moment)
    ending = hours_ending(fine, moment, 300)
    seen = (Snapshot("BTC-USD", "bitstamp", "USD", candles, moment + 20.0) for candles in (ending, fine[-300:]))
    return Window(next(seen), fine=next(seen))


def told(predictor, following, moment):
    asked = window(moment)
    forecast = predictor.standing(asked, following.trackers(asked))
    following.remember(forecast)
    return forecast


MARK = NOON - 100 * HOUR + 40 * 60


def learned(following, moment):
    return np.array(following.trackers(window(moment))["full"].widths)


def closing_at(seen: Window, price: float) -> Window:
    """The same with another newest five-minute close."""
    fine = seen.fine
    close = np.append(fine.candles.close[:-1], price)
    return replace(seen, fine=replace(fine, candles=replace(fine.candles, close=close)))


def test_outcomes_of_a_forecast_between_full_hours_are_five_minute_closes(shipped):
    for factor, wider in ((1.5, True), (1.0, False)):
        following = Following(shipped)
        issued = told(shipped, following, MARK)
        before = learned(following, MARK + HOUR - 300)
        assert np.array_equal(before, learned(Following(shipped), MARK))
        asked = closing_at(window(MARK + HOUR), factor * issued.horizons[3].median)
        after = np.array(following.trackers(asked)["full"].widths)
        assert (after[0] > before[0]).all() if wider else (after[0] < before[0]).all()
        assert np.array_equal(after[1:], before[1:])  # the other hours are still to come


def test_bands_learn_from_the_first_forecast_of_each_hour_of_the_clock(shipped):
    often, once = Following(shipped), Following(shipped)
    for hour in range(4):
        start = NOON - 100 * HOUR + hour * HOUR
        for minute in (5, 10, 40):
            told(shipped, often, start + 60 * minute)
        told(shipped, once, start + 300)
    end = NOON - 94 * HOUR
    assert np.array_equal(learned(often, end), learned(once, end))
    assert not np.array_equal(learned(once, end), learned(Following(shipped), end))


def test_hours_of_the_clock_tell_outcomes_beside_five_minutes_that_do_not_reach_back(shipped):
    alone, beside = Following(shipped), Following(shipped)
    start, later = NOON - 100 * HOUR, NOON - 60 * HOUR + 300
    for following in (alone, beside):
        told(shipped, following, start)
    clock = Snapshot("BTC-USD", "bitstamp", "USD", BTC.closed_at(later), float(later))
    with_hours = np.array(beside.trackers(window(later), clock)["full"].widths)
    assert not np.array_equal(with_hours, learned(alone, later))
    elsewhere = replace(clock, source="kraken")
    another = Following(shipped)
    told(shipped, another, start)
    assert np.array_equal(np.array(another.trackers(window(later), elsewhere)["full"].widths), learned(alone, later))
