"""Live anomalies: hours up to the newest five-minute mark, so that a move is told minutes after it, not next hour."""

from dataclasses import replace

import numpy as np
import pytest

from forecaster.market.candles import utc
from forecaster.schema import HOUR, ForecastWarning
from forecaster.serving.backend import LocalBackend
from tests.support.fakes import NOON
from tests.support.marks import FINE, Marks

AT = NOON + 43 * 60
MARK = NOON + 40 * 60


@pytest.fixture
def source():
    return Marks(AT)


@pytest.fixture
def backend(source, shipped):
    return LocalBackend(source, shipped)


def crash(source, share=0.12):
    """The price falls at once and stays there, in the newest five-minute candle."""
    fine = source.fine["BTC-USD"]
    count = len(fine.closed_at(AT))
    close, low = fine.close.copy(), fine.low.copy()
    close[count - 1] *= 1 - share
    low[count - 1] = min(low[count - 1], close[count - 1])
    source.fine["BTC-USD"] = replace(fine, close=close, low=low)


async def test_a_move_is_told_at_the_next_five_minute_mark(backend, source):
    assert (await backend.anomalies("BTC-USD", 24, 10)).newest.time == utc(MARK)
    crash(source)
    report = await backend.anomalies("BTC-USD", 24, 10)
    assert report.as_of == report.newest.time == utc(MARK)
    assert report.newest.anomalous and report.anomalies[-1] == report.newest
    assert report.newest.close == source.fine["BTC-USD"].closed_at(AT).close[-1]
    assert report.warnings == ()


async def test_no_last_trade_is_asked_for(backend, source):
    await backend.anomalies("BTC-USD", 24, 10)
    assert "quote" not in {method for method, _ in source.asked}


async def test_beyond_the_five_minutes_at_hand_full_hours_are_judged_and_that_is_said(backend, source):
    near = await backend.anomalies("BTC-USD", 54, 10)
    far = await backend.anomalies("BTC-USD", 55, 10)
    assert (near.as_of, near.hours, near.warnings) == (utc(MARK), 54, ())
    assert (far.as_of, far.hours, far.warnings) == (utc(NOON), 55, (ForecastWarning.HOURLY,))
    assert far.notes == ("five-minute candles reach back for the newest 54 hours, so hours of the clock were used",)


async def test_without_five_minutes_full_hours_are_judged_and_that_is_said(backend, source):
    source.broken = {("five_minutes", "BTC-USD")}
    report = await backend.anomalies("BTC-USD", 24, 10)
    assert (report.as_of, report.warnings) == (utc(NOON), (ForecastWarning.HOURLY,))


async def test_hours_of_one_report_follow_each_other_from_mark_to_mark(backend, source):
    crash(source)
    report = await backend.anomalies("BTC-USD", 24, 1)
    closes = dict(zip((FINE["BTC-USD"].time + 300).tolist(), source.fine["BTC-USD"].close.tolist(), strict=True))
    for each in report.anomalies:
        at = int(each.time.timestamp())
        assert (MARK - at) % HOUR == 0
        assert each.close == closes[at]
        moved = np.log(each.close / closes[at - each.span_hours * HOUR])
        assert each.move_pct == pytest.approx(100 * np.expm1(moved))
