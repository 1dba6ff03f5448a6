"""What a live forecast is made from: hours up to the newest five-minute mark, or full ones; what is wrong is told."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.errors import NoCandles
from forecaster.market.candles import Candles
from forecaster.schema import FIVE_MINUTES, HOUR, ForecastWarning
from forecaster.serving.gathering import gathered
from tests.support.fakes import NOON
from tests.support.marks import FINE, Marks

AT = NOON + 43 * 60  # 12:43
MARK = NOON + 40 * 60


def without(candles: Candles, *rows: int) -> Candles:
    """The candles but for some."""
    kept = np.delete(np.arange(len(candles)), rows)
    return Candles(*(column[kept] for column in candles.columns()), step=candles.step)


def at_mark(moment: int = AT) -> int:
    """How many five-minute candles of the tape are closed then."""
    return len(FINE["BTC-USD"].closed_at(moment))


async def test_hours_of_both_coins_end_at_the_newest_five_minute_mark_and_minutes_stand_beside_them():
    live = await gathered(Marks(AT), "BTC-USD")
    window = live.window
    assert window.snapshot.as_of == window.other.as_of == window.fine.as_of == MARK
    assert len(window.snapshot.candles) == len(window.other.candles) == 300
    assert (window.snapshot.candles.step, window.fine.candles.step) == (HOUR, FIVE_MINUTES)
    assert live.hours.as_of == NOON
    assert live.quote.time == AT - 2
    assert (window.snapshot.warnings, window.snapshot.notes) == ((), ())


async def test_each_is_asked_for_once_and_the_mark_of_both_coins_by_name():
    source = Marks(AT)
    await gathered(source, "BTC-USD")
    assert sorted(source.asked) == sorted(
        [(method, "BTC-USD") for method in ("five_minutes", "latest", "quote", "hours_ending")]
        + [("hours_ending", "ETH-USD")]
    )


async def test_a_model_that_reads_one_coin_asks_for_no_other():
    source = Marks(AT)
    live = await gathered(source, "BTC-USD", both=False)
    assert live.window.other is None
    assert {symbol for _, symbol in source.asked} == {"BTC-USD"}


async def test_without_five_minutes_it_starts_at_the_full_hour_and_says_so():
    source = Marks(AT)
    source.broken = {("five_minutes", "BTC-USD")}
    live = await gathered(source, "BTC-USD")
    assert live.window.snapshot.as_of == live.window.other.as_of == NOON
    assert live.window.fine is None
    assert live.window.snapshot.warnings == (ForecastWarning.HOURLY,)
    assert live.window.snapshot.notes == (
        "no five-minute candles could be had, so hours of the clock were used, up to the newest full hour",
    )


@pytest.mark.parametrize(("late", "hourly"), [(0, False), (3, False), (4, True)])
async def test_five_minutes_that_are_late_by_more_than_ten_minutes_give_way_to_newer_full_hours(late, hourly):
    source = Marks(NOON + HOUR + 16 * 60)
    source.late = {"BTC-USD": late, "ETH-USD": late}
    window = (await gathered(source, "BTC-USD")).window
    assert (ForecastWarning.HOURLY in window.snapshot.warnings) == hourly
    assert window.snapshot.as_of == (NOON + HOUR if hourly else NOON + HOUR + 900 - late * FIVE_MINUTES)
    if hourly:
        assert window.snapshot.notes[0].startswith("the newest five-minute candle closed 21 minutes ago")


async def test_five_minutes_that_are_late_are_used_and_told_where_full_hours_are_older_still():
    source = Marks(AT)
    source.late = {"BTC-USD": 3, "ETH-USD": 3}
    window = (await gathered(source, "BTC-USD")).window
    assert window.snapshot.as_of == MARK - 900
    assert window.snapshot.warnings == (ForecastWarning.STALE_CANDLES,)
    assert window.snapshot.notes == ("the newest five-minute candle closed 18 minutes ago",)


async def test_why_minutes_are_late_is_told_though_an_exchange_answers_again_before_hours_are_made_of_them():
    why = "the newest candle at hand, from bitstamp, closed 18 minutes ago"
    causes = f"{why}; nothing newer could be had: bitstamp timed out"

    class Again(Marks):
        def _snapshot(self, symbol, candles):
            notes = (why, "another") if candles.step == HOUR else (causes,)
            told = super()._snapshot(symbol, candles)
            return replace(told, warnings=(ForecastWarning.STALE_CANDLES,), notes=notes)

    source = Again(AT)
    source.late = {"BTC-USD": 3, "ETH-USD": 3}
    snapshot = (await gathered(source, "BTC-USD")).window.snapshot
    assert (snapshot.as_of, snapshot.warnings) == (MARK - 900, (ForecastWarning.STALE_CANDLES,))
    assert snapshot.notes == (causes, "another")


async def test_hours_that_cannot_be_made_of_the_minutes_give_way_to_those_of_the_clock():
    source = Marks(AT)
    source.broken = {("hours_ending", "BTC-USD")}
    assert (await gathered(source, "BTC-USD")).window.snapshot.warnings == (ForecastWarning.HOURLY,)


async def test_without_hours_of_the_clock_minutes_are_enough():
    source = Marks(AT)
    source.broken = {("latest", "BTC-USD"), ("quote", "BTC-USD")}
    live = await gathered(source, "BTC-USD")
    assert live.window.snapshot.as_of == MARK
    assert (live.hours, live.quote) == (None, None)


async def test_without_any_candles_there_is_nothing_to_forecast_from():
    source = Marks(AT)
    source.broken = {("five_minutes", "BTC-USD"), ("latest", "BTC-USD")}
    with pytest.raises(NoCandles):
        await gathered(source, "BTC-USD")


async def test_a_companion_that_is_a_candle_ahead_is_asked_for_the_same_mark():
    source = Marks(AT)
    source.late = {"BTC-USD": 1}
    window = (await gathered(source, "BTC-USD")).window
    assert window.snapshot.as_of == window.other.as_of == MARK - FIVE_MINUTES


async def test_a_companion_that_is_a_candle_late_is_told():
    source = Marks(AT)
    source.late = {"ETH-USD": 1}
    window = (await gathered(source, "BTC-USD")).window
    assert window.other.as_of == window.snapshot.as_of == MARK
    close = FINE["ETH-USD"].closed_at(MARK - FIVE_MINUTES).close[-1]
    assert window.other.candles.close[-1] == close  # nothing newer is made up
    assert window.snapshot.notes == ("the hours of ETH-USD end 5 minutes before those of BTC-USD",)


@pytest.mark.parametrize("late", [{"ETH-USD": 3}, {"ETH-USD": 30}])
async def test_a_companion_that_is_later_than_that_is_left_out(late):
    source = Marks(AT)
    source.late = late
    assert (await gathered(source, "BTC-USD")).window.other is None


async def test_missing_minutes_are_told():
    source = Marks(AT)
    count = at_mark()
    source.fine["BTC-USD"] = without(FINE["BTC-USD"], count - 3, count - 7, count - 100)
    snapshot = (await gathered(source, "BTC-USD")).window.snapshot
    assert snapshot.warnings == (ForecastWarning.GAPS_FILLED,)
    assert snapshot.notes[0].startswith("2 of the newest 36 five-minute candles are missing")


@pytest.mark.parametrize(("factor", "told"), [(1.0009, False), (1.0011, True), (0.99, True)])
async def test_hours_and_five_minutes_that_disagree_by_more_than_a_thousandth_are_told(factor, told):
    source = Marks(AT)
    hours = source.hours["BTC-USD"]
    close = hours.close.copy()
    close[len(hours.closed_at(AT)) - 5] *= factor
    source.hours["BTC-USD"] = replace(hours, close=close)
    snapshot = (await gathered(source, "BTC-USD")).window.snapshot
    assert (ForecastWarning.SOURCES_DISAGREE in snapshot.warnings) == told
    if told:
        assert "closes of hours and of five minutes of bitstamp differ by up to" in snapshot.notes[0]


async def test_a_clock_that_was_set_back_leaves_out_what_is_yet_to_close():
    source = Marks(AT)

    class SetBack(Marks):
        def _snapshot(self, symbol, candles):
            return replace(super()._snapshot(symbol, candles), now=float(MARK - 120))

    live = await gathered(SetBack(AT), "BTC-USD")
    assert live.window.snapshot.as_of <= MARK - 120
    assert live.window.snapshot.age >= 0
    assert (await gathered(source, "BTC-USD")).window.snapshot.as_of == MARK


async def test_real_hours_are_preferred_to_simulated_minutes():
    demo = (ForecastWarning.DEMO_DATA,)

    class Fallback(Marks):
        async def five_minutes(self, symbol, count):
            return replace(await super().five_minutes(symbol, count), source="demo", warnings=demo)

    snapshot = (await gathered(Fallback(AT), "BTC-USD")).window.snapshot
    assert snapshot.warnings == (ForecastWarning.HOURLY,)
    source = Marks(AT)
    source.of_candles = {"source": "demo", "warnings": demo}
    snapshot = (await gathered(source, "BTC-USD")).window.snapshot
    assert (snapshot.as_of, snapshot.warnings) == (MARK, demo)
