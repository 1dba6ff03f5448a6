"""The price of a past moment: of five minutes as far as they reach, then of hours; never of a moment to come."""

from dataclasses import replace

import pytest

from forecaster.errors import InvalidInput, NoCandles
from forecaster.market.simulated import DemoSource
from forecaster.market.sources import Snapshot
from forecaster.market.summaries import close_at, close_within, span_of
from forecaster.schema import HOUR, ForecastWarning
from tests.support.fakes import NOON, FakeSource, candles_ending

DEMO = DemoSource(lambda: NOON + 100.0)


async def test_five_minutes_tell_a_moment_of_the_last_days():
    told = await close_at(DEMO, "BTC-USD", NOON - 20 * HOUR - 100)
    minutes = (await DEMO.five_minutes("BTC-USD", 721)).candles.closed_at(NOON - 20 * HOUR - 100)
    assert (told.step_minutes, told.time.timestamp()) == (5, NOON - 20 * HOUR - 300)
    assert told.close == minutes.close[-1] and ForecastWarning.DEMO_DATA in told.warnings


async def test_hours_tell_an_earlier_one():
    told = await close_at(DEMO, "BTC-USD", NOON - 200 * HOUR + 60)
    hours = (await DEMO.latest("BTC-USD", 300)).candles.closed_at(NOON - 200 * HOUR)
    assert (told.step_minutes, told.time.timestamp(), told.close) == (60, NOON - 200 * HOUR, hours.close[-1])


@pytest.mark.parametrize(
    ("at", "words"), [(NOON + 101, "yet to come"), (NOON - 400 * HOUR, "reach back to 2026-03-07 00:00 UTC")]
)
async def test_a_moment_to_come_and_one_too_long_ago_are_refused(at, words):
    with pytest.raises(InvalidInput, match=words):
        await close_at(DEMO, "BTC-USD", at)


async def test_nothing_after_the_moment_is_told():
    for at in range(NOON - 3 * HOUR, NOON, 77):
        told = await close_at(DEMO, "BTC-USD", at)
        assert at - 300 < told.time.timestamp() <= at


async def test_without_five_minutes_hours_are_told_and_without_these_nothing():
    snapshot = Snapshot("BTC-USD", "bitstamp", "USD", candles_ending(), NOON + 60.0)
    source = FakeSource(snapshot)
    told = await close_at(source, "BTC-USD", NOON - 1)
    assert (told.step_minutes, told.time.timestamp()) == (60, NOON - HOUR)
    assert close_within(span_of(snapshot, 300), NOON - 1) == replace_age(told, 60)

    class Silent(FakeSource):
        async def latest(self, symbol, hours):
            raise NoCandles(symbol, ())

    with pytest.raises(NoCandles):
        await close_at(Silent(replace(snapshot)), "BTC-USD", NOON - 1)


def replace_age(told, seconds):
    return told.model_copy(update={"age_seconds": seconds})
