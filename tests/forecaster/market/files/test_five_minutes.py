"""Files of five minutes or finer: read as such, and replayed from their newest five-minute mark."""

import numpy as np
import pytest

from forecaster.errors import DataFileError, InvalidInput
from forecaster.market.files import FileSource, Reading, read_candles
from forecaster.schema import FIVE_MINUTES, HOUR

START = 1_767_225_600  # 2026-01-01


def minutes(path, count, step=60):
    """Rows of `step` seconds whose closes count up from 20,000."""
    rows = [
        f"{START + step * i},{20_000 + i},{20_001 + i},{19_999 + i},{20_000.5 + i},{1 + i % 3}" for i in range(count)
    ]
    path.write_text("\n".join(["time,open,high,low,close,volume", *rows]) + "\n")
    return path


def test_minutes_become_five_minutes_as_they_become_hours(tmp_path):
    file = minutes(tmp_path / "btcusd.csv", 603)
    fine, hours = read_candles(file, step=FIVE_MINUTES), read_candles(file)
    assert fine.candles.step == FIVE_MINUTES and len(fine.candles) == 120  # three minutes are forming
    assert fine.candles.end == START + 600 * 60 and fine.missing == 0
    first = fine.candles[:1]
    assert (first.open[0], first.high[0], first.low[0], first.close[0]) == (20_000, 20_005, 19_999, 20_004.5)
    assert len(hours.candles) == 10 and hours.candles.step == HOUR
    assert fine.candles.close[11::12].tolist() == hours.candles.close.tolist()


def test_gaps_are_counted_in_candles(tmp_path):
    file = minutes(tmp_path / "btcusd.csv", 60, step=FIVE_MINUTES)
    rows = file.read_text().splitlines()
    file.write_text("\n".join(rows[:21] + rows[24:]) + "\n")
    read = read_candles(file, step=FIVE_MINUTES)
    assert read.missing == 3 and read.gaps[0].count == 3 and read.gaps[0].start == START + 20 * FIVE_MINUTES


def test_rows_that_are_coarser_or_off_their_marks_are_refused_with_what_to_get(tmp_path):
    with pytest.raises(DataFileError, match=r"15 minutes apart.*Get candles of five minutes or finer"):
        read_candles(minutes(tmp_path / "btcusd.csv", 100, step=900), step=FIVE_MINUTES)
    rows = [f"{START + 120 + 300 * i},5,6,4,5,1" for i in range(100)]
    shifted = tmp_path / "shifted.csv"
    shifted.write_text("\n".join(["time,open,high,low,close,volume", *rows]))
    with pytest.raises(DataFileError, match=r"opens 2 minutes past the hour.*multiples of five minutes"):
        read_candles(shifted, step=FIVE_MINUTES)


async def test_a_file_of_minutes_is_replayed_from_its_newest_five_minutes(tmp_path):
    source = FileSource(minutes(tmp_path / "btcusd.csv", 60 * 70 + 40), Reading(symbol="BTC-USD"))
    end = START + (60 * 70 + 40) * 60
    fine = await source.five_minutes("BTC-USD", 10)
    assert (len(fine.candles), fine.as_of, fine.now) == (10, end, end)
    hours = await source.hours_ending("BTC-USD", None, 60)
    assert (len(hours.candles), hours.as_of) == (60, end)
    assert hours.candles.close[-1] == fine.candles.close[-1] == (await source.quote("BTC-USD")).price
    earlier = await source.hours_ending("BTC-USD", end - FIVE_MINUTES, 60)
    assert earlier.as_of == end - FIVE_MINUTES and earlier.candles.close[-1] == fine.candles.close[-2]
    assert (await source.latest("BTC-USD", 5)).as_of == START + 70 * HOUR
    for wrong in (end - 60, end + FIVE_MINUTES):
        with pytest.raises(InvalidInput):
            await source.hours_ending("BTC-USD", wrong, 60)


async def test_a_file_of_hours_has_no_five_minutes(tmp_path):
    source = FileSource(minutes(tmp_path / "btcusd.csv", 100, step=HOUR), Reading(symbol="BTC-USD"))
    with pytest.raises(DataFileError, match="hourly"):
        await source.five_minutes("BTC-USD", 10)
    assert (await source.hours_ending("BTC-USD", None, 60)).as_of == START + 100 * HOUR
    assert np.isfinite((await source.quote("BTC-USD")).price)
