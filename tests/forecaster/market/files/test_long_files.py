"""Files and patterns of files that are longer than memory: read a piece at a time, to the same candles."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from app import main
from forecaster.errors import DataFileError
from forecaster.installation import ROOT
from forecaster.market.files import resample, sorting
from forecaster.market.files.reader import read_candles
from forecaster.market.files.rows import Rows
from forecaster.market.files.steps import HOUR_US
from forecaster.market.files.tables import json_text
from tests.support.artifacts.markets import market
from tests.support.needs import missing

HOURLY = market(300)
NAMES = ("time", "open", "high", "low", "close", "volume")
OBJECTS = [dict(zip(NAMES, row, strict=True)) for row in HOURLY.rows()]


def as_text(row):
    """A row whose time and prices stand in quotes."""
    return {"time": f"{np.datetime64(int(row['time']), 's')}Z", **{name: f"{row[name]!r}" for name in NAMES[1:]}}


@pytest.mark.parametrize("objects", [OBJECTS, [as_text(row) for row in OBJECTS]], ids=["numbers", "texts"])
@pytest.mark.parametrize(
    "written",
    [
        lambda objects: "".join(json.dumps(each) + "\n" for each in objects),
        json.dumps,
        lambda objects: json.dumps(objects, indent=2) + "\n",
        lambda objects: json.dumps(objects, separators=(",", ":")),
    ],
    ids=["lines", "list", "indented", "dense"],
)
def test_json_of_any_length_is_read_as_it_would_be_read_whole(tmp_path, monkeypatch, written, objects):
    (tmp_path / "btc.json").write_text(written(objects))
    (tmp_path / "btc.json.gz").write_bytes(gzip.compress(written(objects).encode()))
    whole = read_candles(tmp_path / "btc.json")
    monkeypatch.setattr(json_text, "MOST_BYTES", 1 << 10)
    for name in ("btc.json", "btc.json.gz"):
        long = read_candles(tmp_path / name)
        assert (long.layout, long.symbol, long.rows) == (whole.layout, whole.symbol, whole.rows)
        for mine, its in zip(long.candles.columns(), HOURLY.columns(), strict=True):
            assert mine.tolist() == its.tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"result": OBJECTS}), "Save it as CSV or Parquet"),
        ("".join(json.dumps({**each, "more": [1]}) + "\n" for each in OBJECTS), "Save it as CSV or Parquet"),
        (json.dumps(OBJECTS)[:-9], "damaged or not a JSON file"),
        (json.dumps(OBJECTS)[:-1] + ', {"time": x}]', "damaged or not a JSON file"),
        ("".join('{"a": 1, "b": 2}\n' for _ in OBJECTS), "has no column for time"),
    ],
)
def test_long_json_that_cannot_be_read_in_pieces_is_refused_with_what_to_do(tmp_path, monkeypatch, text, said):
    monkeypatch.setattr(json_text, "MOST_BYTES", 1 << 10)
    (tmp_path / "btc.json").write_text(text)
    with pytest.raises(DataFileError) as refused:
        read_candles(tmp_path / "btc.json")
    assert said in f"{refused.value.message} {refused.value.remedy}"


def test_a_pattern_names_more_parquet_files_than_may_be_open_at_once(tmp_path):
    table = pa.table(dict(zip(NAMES, HOURLY.columns(), strict=True)))
    for at in range(0, 300, 2):
        parquet.write_table(table.slice(at, 2), tmp_path / f"btcusd_{at:03d}.parquet")
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from forecaster.market.files.reader import read_candles\n"
        "file = read_candles(sys.argv[1]); print(len(file.candles), float(file.candles.close.sum()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "*.parquet")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["300", str(float(HOURLY.close.sum()))]


def test_rows_that_are_sorted_on_disk_never_need_more_files_than_may_be_open(monkeypatch):
    monkeypatch.setattr(sorting, "PILE_ROWS", 4)
    monkeypatch.setattr(sorting, "MOST_PILES", 16)
    time = HOUR_US * np.random.default_rng(1).permutation(1_000)
    rows = Rows(np.arange(1_000), time, np.zeros((5, 1_000)))
    piles = list(sorting.in_order(lambda: iter([rows]), "a file"))
    assert len(piles) <= 16
    assert np.concatenate([pile.time for pile in piles]).tolist() == (HOUR_US * np.arange(1_000)).tolist()


def test_grades_are_the_same_to_the_last_digit_however_the_rows_are_kept(tmp_path, monkeypatch, capsys):
    fine = market(80 * 12 * 5, step=300, sigma=0.001)
    table = pa.table(dict(zip(NAMES, fine.columns(), strict=True)))
    parquet.write_table(table, tmp_path / "btcusd.parquet")
    for number, at in enumerate((0, 900, 2_000)):  # named in another order than that of their times
        csv.write_csv(table.slice(at, (900, 1_100, len(fine))[number]), tmp_path / f"part_{2 - number}_btcusd.csv")
    rows = (json.dumps(each) + "\n" for each in table.to_pylist())
    (tmp_path / "btcusd.json").write_text("".join(rows))
    monkeypatch.setattr(json_text, "MOST_BYTES", 1 << 10)
    monkeypatch.setattr(resample, "GATHERED", 500)
    monkeypatch.setattr(sorting, "PILE_ROWS", 100)
    for at in ([], ["--step", "5m", "--at", "random"]):
        said = []
        for name in ("btcusd.parquet", "part_*.csv", "btcusd.json"):
            assert main(["evaluate", "--data", str(tmp_path / name), "--json", *at]) == 0
            said.append(capsys.readouterr().out)
        assert len(set(said)) == 1 and json.loads(said[0])["n"] > 300


PEAK = """
import sys
from pathlib import Path
import re
from app import main
assert main(["evaluate", "--data", sys.argv[1], "--symbol", "BTC-USD", "--json"]) == 0
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


def test_grading_four_times_the_rows_of_the_same_hours_takes_no_more_memory(tmp_path):
    if not Path("/proc/self/status").exists():
        missing("/proc", "run on Linux")
    told = {}
    for every in (60, 15):  # seconds: 240,000 and 960,000 rows
        count, close = 4_000 * 3600 // every, 20_000.0
        time = 1_500_001_200 + every * np.arange(count)
        swing = close * (1 + 0.01 * np.sin(time // 3600 / 5) + 0.0001 * (time % 3600 // 60 / 60))
        table = pa.table({"time": time, **{name: swing for name in NAMES[1:5]}, "volume": np.ones(count)})
        half = count // 2
        for number, part in enumerate((table.slice(0, half), table.slice(half))):
            csv.write_csv(part, tmp_path / f"{every}_{number}.csv")
        command = [sys.executable, "-c", PEAK, str(tmp_path / f"{every}_*.csv")]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
        told[every] = json.loads(shown[0]), int(shown[1])
    (coarse, few), (fine, many) = told[60], told[15]
    assert coarse["n"] == fine["n"] == 4_000 - 60
    assert many < 1.1 * few
