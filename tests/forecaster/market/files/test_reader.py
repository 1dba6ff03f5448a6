"""Candle files: every layout that people have, resampled to hours, and refused with the line that is wrong."""

import asyncio
import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecaster.errors import DataFileError, UnsupportedSymbol
from forecaster.market.candles import Candles
from forecaster.market.files.reader import Gap, read_candles
from forecaster.market.files.resample import Resampler
from forecaster.market.files.rows import Rows
from forecaster.market.files.source import FileSource
from forecaster.market.files.steps import usual_step
from forecaster.market.files.writer import write_candles
from forecaster.schema import HOUR
from tests.support.fakes import LAST_CLOSE, NOON, candles_ending

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"
KAGGLE = "Timestamp,Open,High,Low,Close,Volume"
START = 1_704_067_200  # 2024-01-01 00:00 UTC
OLDER_KAGGLE = "Timestamp,Open,High,Low,Close,Volume_(BTC),Volume_(Currency),Weighted_Price"


def minutes(count: int, start: int = START) -> pd.DataFrame:
    """A walk of minutes whose OHLC agree, in Kaggle's columns."""
    random = np.random.default_rng(7)
    close = np.round(40_000 * np.exp(np.cumsum(random.normal(0, 1e-3, count))), 2)
    open_ = np.concatenate(([40_000.0], close[:-1]))
    high, low = np.maximum(open_, close) + 1, np.minimum(open_, close) - 1
    volume = np.round(random.exponential(5, count), 5)
    columns = (start + 60 * np.arange(count), open_, high, low, close, volume)
    return pd.DataFrame(dict(zip(KAGGLE.split(","), columns, strict=True)))


def hours(count: int) -> pd.DataFrame:
    """Hourly rows, which need no resampling."""
    frame = minutes(count)
    frame["Timestamp"] = START + HOUR * np.arange(count)
    return frame


def with_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """What pandas makes of minutes: the reference."""
    indexed = frame.set_index(pd.to_datetime(frame["Timestamp"], unit="s"))
    rule = {"Open": "first", "High": "max", "Low": "min", "Close": "last", "Volume": "sum"}
    return indexed.resample("1h").agg(rule).dropna()


def csv_file(directory: Path, *lines: str, name: str = "candles.csv") -> Path:
    path = directory / name
    path.write_text("\n".join(lines) + "\n")
    return path


def row(time: object = START, prices: str = "10,12,9,11,1.5") -> str:
    return f"{time},{prices}"


def refusal(path: Path) -> str:
    with pytest.raises(DataFileError) as caught:
        read_candles(path)
    return str(caught.value)


def same(left: Candles, right: Candles) -> bool:
    return left.rows() == right.rows()


# --- what is read -------------------------------------------------------------------------------------------------


def test_minutes_become_the_hours_that_pandas_makes(tmp_path):
    frame = minutes(60 * 50)
    path = tmp_path / "kaggle.csv"
    frame.to_csv(path, index=False)
    file = read_candles(path)
    expected = with_pandas(frame)
    assert file.candles.time.tolist() == [START + HOUR * hour for hour in range(50)]
    for name in ("open", "high", "low", "close"):
        assert getattr(file.candles, name).tolist() == expected[name.title()].tolist()
    np.testing.assert_allclose(file.candles.volume, expected["Volume"], rtol=1e-12)
    assert (file.rows, file.untraded, file.missing, file.gaps, file.spacing) == (3000, 0, 0, (), 60)


def test_plain_and_gzip_and_parquet_give_the_same_bits_whatever_the_batches(tmp_path):
    frame = minutes(60 * 50)
    plain, zipped, parquet = tmp_path / "a.csv", tmp_path / "a.csv.gz", tmp_path / "a.parquet"
    frame.to_csv(plain, index=False)
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    frame.to_parquet(parquet, row_group_size=77)
    once = read_candles(plain).candles
    assert same(read_candles(zipped).candles, once)
    assert same(read_candles(parquet).candles, once)


def test_unix_seconds_may_be_written_as_floats(tmp_path):
    frame = minutes(120)
    frame["Timestamp"] = frame["Timestamp"].astype(float)
    path = tmp_path / "floats.csv"
    frame.to_csv(path, index=False)
    assert f"{START}.0" in path.read_text()
    assert len(read_candles(path).candles) == 2


@pytest.mark.parametrize(
    "time",
    [
        START,
        START * 1000,
        START * 1_000_000,
        START * 1_000_000_000,
        "2024-01-01 00:00:00",
        "2024-01-01T00:00:00Z",
        "2024-01-01 00:00:00 UTC",
        "2024-01-01T00:00:00.000",
        "2024-01-01 00:00:00+00:00",
        "2024-01-01T02:00:00+02:00",
        "2023-12-31 19:00:00-0500",
        "2024-01-01",
    ],
)
def test_a_time_may_be_a_number_of_any_unit_or_iso_text_with_or_without_a_zone(tmp_path, time):
    path = csv_file(tmp_path, KAGGLE, row(time))
    assert read_candles(path).candles.time.tolist() == [START]


@pytest.mark.parametrize(
    "header",
    [
        "time,open,high,low,close,volume",
        "Open Time,OPEN,High,low,Close,Volume BTC",
        "unix,open,high,low,close,Volume USD,Volume BTC",
        "date,note,open,high,low,close,volume",
        "datetime;open;high;low;close;volume",
        '"timestamp"\t"open"\t"high"\t"low"\t"close"\t"volume"',
    ],
)
def test_columns_are_found_by_name_whatever_their_case_order_company_and_delimiter(tmp_path, header):
    delimiter = ";" if ";" in header else "\t" if "\t" in header else ","
    values = {"open": "10", "high": "12", "low": "9", "close": "11", "volume": "1.5", "volume btc": "1.5"}
    names = [name.strip('"').lower() for name in header.split(delimiter)]
    line = delimiter.join(values.get(name, "7" if name in ("note", "volume usd") else str(START)) for name in names)
    assert read_candles(csv_file(tmp_path, header, line)).candles.rows() == [(START, 10, 12, 9, 11, 1.5)]


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path):
    path = tmp_path / "excel.csv"
    path.write_bytes(f"\ufeff{KAGGLE}\r\n{row()}\r\n\r\n{row(START + HOUR)}\r\n".encode())
    assert len(read_candles(path).candles) == 2


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_parquet_times_of_every_unit_and_zone_are_instants(tmp_path, unit, zone):
    frame = hours(3)
    instants = pd.to_datetime(frame.pop("Timestamp"), unit="s", utc=True)
    local = instants.dt.tz_convert(zone) if zone else instants.dt.tz_localize(None)
    frame.index = pd.DatetimeIndex(local, name="open_time").as_unit(unit)
    frame.to_parquet(tmp_path / "zoned.parquet")
    assert read_candles(tmp_path / "zoned.parquet").candles.time.tolist() == [START, START + HOUR, START + 2 * HOUR]


def test_a_minute_without_a_trade_is_dropped_and_counted(tmp_path):
    empty = "NaN,NaN,NaN,NaN,NaN,NaN,NaN"
    lines = [f"{START + 60 * minute},{empty}" for minute in range(60)]
    lines[5] = f"{START + 300},10,12,9,11,1.5,16,10.7"
    file = read_candles(csv_file(tmp_path, OLDER_KAGGLE, *lines))
    assert file.candles.rows() == [(START, 10, 12, 9, 11, 1.5)]
    assert (file.rows, file.untraded) == (60, 59)


def test_hours_without_a_trade_are_counted_and_the_longest_named(tmp_path):
    times = [0, 1, 4, 5, 10]
    file = read_candles(csv_file(tmp_path, KAGGLE, *(row(START + HOUR * hour) for hour in times)))
    assert file.missing == 6
    assert file.gaps == (Gap(START + 6 * HOUR, 4), Gap(START + 2 * HOUR, 2))
    filled, count = file.candles.filled()
    assert (len(filled), count) == (11, 6)


def test_only_the_ten_longest_gaps_are_named(tmp_path):
    times = np.cumsum([0, 1] + [2 + gap for gap in range(15)])
    file = read_candles(csv_file(tmp_path, KAGGLE, *(row(START + HOUR * int(hour)) for hour in times)))
    assert [gap.count for gap in file.gaps] == [15, 14, 13, 12, 11, 10, 9, 8, 7, 6]


@pytest.mark.parametrize(("last_minute", "complete"), [(58, 1), (59, 2)])
def test_the_last_hour_is_forming_until_its_last_minute(tmp_path, last_minute, complete):
    path = tmp_path / "forming.csv"
    minutes(60 + last_minute + 1).to_csv(path, index=False)
    assert len(read_candles(path).candles) == complete


def test_a_minute_without_a_trade_ends_an_hour_too(tmp_path):
    lines = [row(START + 60 * minute) for minute in range(59)] + [row(START + 59 * 60, "NaN,NaN,NaN,NaN,NaN")]
    assert len(read_candles(csv_file(tmp_path, KAGGLE, *lines)).candles) == 1


def test_equal_repeated_rows_are_merged(tmp_path):
    lines = [row(START + 60 * minute) for minute in range(60) for _ in range(3)]
    file = read_candles(csv_file(tmp_path, KAGGLE, *lines))
    assert file.candles.volume.tolist() == [60 * 1.5]
    assert file.rows == 180


@st.composite
def scattered_minutes(draw):
    """Minutes with holes anywhere, some without a trade, that end with a complete hour."""
    offsets = draw(st.lists(st.integers(0, 60 * 30), min_size=2, max_size=80, unique=True).map(sorted))
    offsets = [*offsets[:-1], offsets[-1] // 60 * 60 + 58, offsets[-1] // 60 * 60 + 59]
    offsets = sorted(set(offsets))
    traded = draw(st.lists(st.booleans(), min_size=len(offsets), max_size=len(offsets)))
    cents = st.integers(1, 10_000_000)
    rows = []
    for offset, has_trade in zip(offsets, [*traded[:-1], True], strict=True):
        prices = sorted(draw(st.tuples(cents, cents, cents, cents)))
        low, open_, close, high = (price / 100 for price in prices)
        volume = draw(st.integers(0, 1000)) / 8  # sums of eighths are exact in any order
        values = (open_, high, low, close, volume) if has_trade else (np.nan,) * 5
        rows.append((START + 60 * offset, *values))
    return pd.DataFrame(rows, columns=KAGGLE.split(","))


@settings(deadline=None, max_examples=50)
@given(frame=scattered_minutes(), size=st.integers(1, 40))
def test_any_minutes_in_batches_of_any_size_become_the_hours_that_pandas_makes(frame, size):
    resampler = Resampler(lambda row, problem: DataFileError(f"row {row}: {problem}", ""))
    time, *prices = frame.to_numpy().T
    whole = Rows(np.arange(len(frame)), (time * 1e6).astype(np.int64), np.stack(prices))
    assume(usual_step(whole.time) < HOUR)  # rows an hour apart are hours, which open on the hour
    for start in range(0, len(frame), size):
        resampler.add(whole.where(slice(start, start + size)))
    candles, expected = resampler.finish(), with_pandas(frame)
    assert candles.time.tolist() == [int(time.timestamp()) for time in expected.index]
    for name in ("open", "high", "low", "close", "volume"):
        assert getattr(candles, name).tolist() == expected[name.title()].tolist()
    assert resampler.untraded == int(frame["Open"].isna().sum())


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (row(START + 60, "10,12,abc,11,1.5"), "low is 'abc', not a number"),
        (row(START + 60, "10,12,9,1_1,1.5"), "close is '1_1', not a number"),
        (row(START + 60, "10,12,9,11"), "it has 5 values where the first line has 6"),
        (row(START + 60, "10,12,9,11,1,2"), "it has 7 values where the first line has 6"),
        (row("yesterday"), "the time 'yesterday' cannot be read"),
        (row(""), "the time is missing"),
        (row(START + 60, "10,12,9,,1.5"), "a value is missing or not finite"),
        (row(START + 60, "10,12,9,11,"), "a value is missing or not finite"),
        (row(START + 60, "10,1e999,9,11,1.5"), "a value is missing or not finite"),
        (row(START + 60, "10,inf,9,11,1.5"), "a value is missing or not finite"),
        (row(START + 60, "0,12,0,11,1.5"), "a price is not positive"),
        (row(START + 60, "10,12,-9,11,1.5"), "a price is not positive"),
        (row(START + 60, "10,12,9,11,-1.5"), "the volume is negative"),
        (row(START + 60, "10,9,12,11,1.5"), "high is below low"),
        (row(START + 60, "13,12,9,11,1.5"), "open or close is outside low and high"),
        (row(START + 60, "10,12,9,8,1.5"), "open or close is outside low and high"),
        (row(START, "10,12,9,10,1.5"), "it contradicts another row of the same time"),
        (row(START * 4), "the time is not between 2009 and 2100"),
        (row(60), "the time is not between 2009 and 2100"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_fault(tmp_path, bad, problem):
    path = csv_file(tmp_path, KAGGLE, row(), "", bad, row(START + 120))
    assert refusal(path).startswith(f"candles.csv, line 4: {problem}. Correct or remove that line. Expected is a table")


def test_a_bad_row_far_into_a_file_is_named_by_its_line(tmp_path):
    frame = minutes(120_000)  # several blocks of text
    frame.loc[110_000, "Low"] = 1e9
    frame.to_csv(tmp_path / "long.csv", index=False)
    assert refusal(tmp_path / "long.csv").startswith("long.csv, line 110002: high is below low.")


def test_the_first_of_several_bad_rows_is_the_one_named(tmp_path):
    path = csv_file(tmp_path, KAGGLE, row(), row(START + 60, "10,12,9,11,-1"), row(START + 120, "0,12,0,11,1"))
    assert "line 3: the volume is negative" in refusal(path)


def test_a_bad_parquet_row_is_named_by_its_number(tmp_path):
    frame = hours(5)
    frame.loc[3, "Close"] = np.nan
    frame.to_parquet(tmp_path / "bad.parquet")
    assert refusal(tmp_path / "bad.parquet").startswith("bad.parquet, row 4: a value is missing or not finite.")


def test_a_missing_parquet_time_is_named_by_its_row(tmp_path):
    frame = hours(3)
    frame["Timestamp"] = pd.Series([START, None, START + 2 * HOUR], dtype="Int64")
    frame.to_parquet(tmp_path / "bad.parquet")
    assert refusal(tmp_path / "bad.parquet").startswith("bad.parquet, row 2: the time is missing.")


def test_text_that_is_no_time_is_named_by_its_line(tmp_path):
    path = csv_file(tmp_path, KAGGLE, row("2024-01-01 00:00"), row("2024-01-01 25:00"))
    assert refusal(path).startswith("candles.csv, line 3: the time '2024-01-01 25:00' cannot be read.")


def test_wrong_columns_are_named_beside_those_expected(tmp_path):
    message = refusal(csv_file(tmp_path, "Timestamp,Price,High,Volume", "1,2,3,4"))
    assert "has no column for open, low; its columns are 'Timestamp', 'Price', 'High', 'Volume'." in message
    assert "time (Unix seconds or milliseconds, or ISO 8601" in message


def test_a_flood_of_wrong_columns_is_cut_short(tmp_path):
    assert len(refusal(csv_file(tmp_path, ",".join("x" * 500 for _ in range(90)), "1"))) < 800


def test_parquet_columns_that_hold_no_numbers_are_refused(tmp_path):
    hours(3).assign(High=[True, False, True]).to_parquet(tmp_path / "bool.parquet")
    assert "row 1: high holds bool, not numbers" in refusal(tmp_path / "bool.parquet")


def test_parquet_times_of_a_type_that_is_no_time_are_refused(tmp_path):
    frame = hours(3).assign(Timestamp=[True, False, True])
    frame.to_parquet(tmp_path / "bool.parquet")
    assert "row 1: the time is of type bool" in refusal(tmp_path / "bool.parquet")


def test_a_file_that_is_not_there_or_is_a_directory_is_refused(tmp_path):
    assert refusal(tmp_path / "none.csv") == f"There is no file {tmp_path / 'none.csv'}. Check the path."
    assert "cannot be opened" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"\n", "has no column for time, open"),
        (KAGGLE.encode(), "holds no complete hour (0 rows were read)"),
        (b"PK\x03\x04rest", "ends early or is damaged"),
        (b"PAR1 and then nothing of the kind", "is damaged or not a Parquet file"),
        (b"\x1f\x8b\x08 not gzip at all", "ends early or is damaged"),
        (bytes(range(256)), "has no column for time"),
    ],
)
def test_a_file_without_candles_is_refused_in_words(tmp_path, content, problem):
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    assert problem in refusal(path)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.99])
def test_a_gzip_file_that_breaks_off_is_refused(tmp_path, kept):
    minutes(3000).to_csv(tmp_path / "a.csv.gz", index=False)
    whole = (tmp_path / "a.csv.gz").read_bytes()
    (tmp_path / "a.csv.gz").write_bytes(whole[: int(len(whole) * kept)])
    assert "a.csv.gz ends early or is damaged." in refusal(tmp_path / "a.csv.gz")


def test_a_gzip_file_with_altered_bytes_is_refused(tmp_path):
    minutes(3000).to_csv(tmp_path / "a.csv.gz", index=False)
    altered = bytearray((tmp_path / "a.csv.gz").read_bytes())
    altered[len(altered) // 2] ^= 0xFF
    (tmp_path / "a.csv.gz").write_bytes(altered)
    with pytest.raises(DataFileError):
        read_candles(tmp_path / "a.csv.gz")


def test_a_parquet_file_that_breaks_off_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    hours(500).to_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert "is damaged or not a Parquet file" in refusal(path)


def test_daily_rows_are_refused(tmp_path):
    path = csv_file(tmp_path, KAGGLE, *(row(START + 24 * HOUR * day) for day in range(5)))
    assert "has rows 1 day apart" in refusal(path)


def test_hourly_rows_that_do_not_open_on_the_hour_are_refused(tmp_path):
    path = csv_file(tmp_path, KAGGLE, *(row(START + 1800 + HOUR * hour) for hour in range(5)))
    assert "line 2: an hourly row opens at 30 minutes past the hour" in refusal(path)


# --- written and replayed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_what_is_written_reads_back_to_the_last_bit(tmp_path, name):
    candles = candles_ending(hours=400)
    write_candles(candles, tmp_path / name)
    assert same(read_candles(tmp_path / name).candles, candles)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_written_file_names_its_times_in_utc(tmp_path):
    write_candles(candles_ending(hours=1), tmp_path / "a.csv")
    header, first = (tmp_path / "a.csv").read_text().splitlines()
    assert header == "time,open,high,low,close,volume"
    assert first.startswith("2026-03-19 11:00:00Z,")


def test_a_file_that_cannot_be_written_is_refused(tmp_path):
    for path in (tmp_path / "a.xlsx", tmp_path / "no" / "a.csv"):
        with pytest.raises(DataFileError):
            write_candles(candles_ending(hours=2), path)


async def test_a_file_replays_as_of_its_own_end(tmp_path):
    write_candles(candles_ending(hours=400), tmp_path / "btcusd.csv")
    source = FileSource(tmp_path / "btcusd.csv")
    snapshot = await source.latest("BTC-USD", 60)
    await source.close()
    assert (snapshot.source, snapshot.quote, snapshot.symbol) == ("file", "USD", "BTC-USD")
    assert len(snapshot.candles) == 60
    assert snapshot.candles.close[-1] == LAST_CLOSE
    assert (snapshot.now, snapshot.as_of, snapshot.age) == (NOON, NOON, 0)
    assert snapshot.notes == ("Candles come from the file btcusd.csv, which ends at 2026-03-19 12:00 UTC.",)


async def test_a_file_gives_what_it_has_when_more_is_asked(tmp_path):
    write_candles(candles_ending(hours=5), tmp_path / "a.csv")
    assert len((await FileSource(tmp_path / "a.csv").latest("BTC-USD", 300)).candles) == 5


async def test_simultaneous_questions_read_the_file_once(tmp_path):
    path = tmp_path / "a.csv"
    write_candles(candles_ending(hours=5), path)
    source = FileSource(path)
    first, second = await asyncio.gather(source.latest("BTC-USD", 5), source.latest("BTC-USD", 5))
    path.unlink()
    third = await source.latest("BTC-USD", 5)
    assert same(first.candles, second.candles) and same(second.candles, third.candles)


@pytest.mark.parametrize(
    ("name", "symbol", "quote"),
    [
        ("ethusd_1h.csv", "ETH-USD", "USD"),
        ("ETHUSDT.csv", "ETH-USD", "USDT"),
        ("XBTUSD.csv", "BTC-USD", "USD"),
        ("history.csv", "BTC-USD", "USD"),
    ],
)
async def test_the_symbol_is_read_from_the_name_and_any_other_is_refused(tmp_path, name, symbol, quote):
    write_candles(candles_ending(hours=5), tmp_path / name)
    source = FileSource(tmp_path / name)
    assert (await source.latest(symbol, 5)).quote == quote
    with pytest.raises(UnsupportedSymbol, match=f"Ask for {symbol}"):
        await source.latest("ETH-USD" if symbol == "BTC-USD" else "BTC-USD", 5)


def test_a_source_without_a_file_is_refused_when_it_is_made(tmp_path):
    with pytest.raises(DataFileError, match=r"no file .*Set CRYPTOSENSE_SOURCE to auto, live, demo"):
        FileSource(tmp_path / "demmo")


async def test_a_file_that_turns_out_wrong_is_refused_at_the_first_question(tmp_path):
    source = FileSource(csv_file(tmp_path, "a,b", "1,2"))
    with pytest.raises(DataFileError, match="has no column for"):
        await source.latest("BTC-USD", 5)


# --- facts of the market, where they are at hand ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "candles", "missing"),
    [
        ("btcusd_1h.parquet", 98_273, 98_273, 10_858),
        ("ethusd_1h.parquet", 85_204, 85_204, 3_486),
        ("btcusd_1m_kaggle_format.csv.gz", 63_360, 1_056, 0),
    ],
)
def test_real_history_is_read_whole(name, rows, candles, missing):
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not at hand")
    file = read_candles(SHARED / name)
    assert (file.rows, len(file.candles), file.missing) == (rows, candles, missing)
