"""A file of 7.6 million minutes, as Kaggle has it, to hourly candles: ours, polars and pandas, each in its own process.

    python -m benchmarks.minutes READER FILE OUT

reads FILE once with one of READERS, writes the hours to OUT and prints the seconds and the peak memory that it took.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import p50, table
from benchmarks.processes import ROOT

HOURS = 126_667  # 7.6 million minutes
START = 1_325_412_000  # 2012-01-01 10:00 UTC
ROUNDS = 3
GOALS = {"ours": ("1.5", "1500"), "polars": ("", ""), "pandas": ("", "")}

Hourly = NDArray[np.float64]  # (6, hours) opening in Unix s, open, high, low, close, volume


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "minutes.csv"
        write(file)
        runs: dict[str, list[tuple[float, float]]] = {reader: [] for reader in READERS}
        for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine hits all alike
            for reader in READERS:
                runs[reader].append(_run(reader, file))
        hours = {reader: np.load(_hours(reader, file)) for reader in READERS}
    for reader in READERS:
        np.testing.assert_allclose(hours[reader], hours["ours"], rtol=1e-12)
    seconds = {reader: p50([each[0] for each in runs[reader]]) for reader in READERS}
    rows = [
        (
            reader,
            f"{seconds[reader]:.2f}",
            f"{seconds[reader] / seconds['polars']:.2f}",
            GOALS[reader][0],
            f"{max(each[1] for each in runs[reader]):.0f}",
            GOALS[reader][1],
        )
        for reader in READERS
    ]
    head = ("", "seconds", "x polars", "goal", "peak MB", "goal")
    slower = f"pandas takes {seconds['pandas'] / seconds['ours']:.1f} times as long as ours"
    note = f"medians of {ROUNDS} runs, the largest peaks; the same hours from all three; {slower}"
    table(f"{60 * HOURS:,} minutes in a CSV to hours", head, rows, note)


def write(file: Path, hours: int = HOURS) -> None:
    """Minutes with a price each, in two decimals; one in ten has no volume."""
    import pyarrow as pa
    from pyarrow import csv

    random, count = np.random.default_rng(1), 60 * hours
    close = 30_000 * np.exp(np.cumsum(0.0005 * random.standard_normal(count)))
    open_ = np.concatenate([close[:1], close[:-1]])
    high = np.maximum(open_, close) * (1 + 0.0003 * random.random(count))
    low = np.minimum(open_, close) * (1 - 0.0003 * random.random(count))
    volume = random.lognormal(0, 2, count) * (random.random(count) < 0.9)
    prices = [np.round(column, 2) for column in (open_, high, low, close)]
    names = ("Timestamp", "Open", "High", "Low", "Close", "Volume")
    columns = (START + 60 * np.arange(count), *prices, np.round(volume, 5))
    csv.write_csv(pa.table(dict(zip(names, columns, strict=True))), file, csv.WriteOptions(quoting_header="none"))


def _run(reader: str, file: Path) -> tuple[float, float]:
    """Seconds and peak MB of one reading, as its process reports them."""
    command = [sys.executable, "-m", "benchmarks.minutes", reader, str(file), str(_hours(reader, file))]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    report = json.loads(done.stdout)
    return report["seconds"], report["peak_mb"]


def _read(reader: str, file: str, out: str) -> None:
    """What one process does: load the libraries, then read against the clock."""
    read = READERS[reader]()
    begin = time.perf_counter()
    hours = read(Path(file))
    seconds = time.perf_counter() - begin
    np.save(out, hours)
    print(json.dumps({"seconds": seconds, "peak_mb": _peak()}))


def _peak() -> float:
    """Peak memory of this process in MB, from Linux: getrusage would also count the parent it was forked from."""
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1000


def _hours(reader: str, file: Path) -> Path:
    return file.with_name(f"{reader}.npy")


def _ours() -> Callable[[Path], Hourly]:
    from forecaster.market.files.reader import read_candles

    def read(file: Path) -> Hourly:
        candles = read_candles(file).candles
        return np.stack((candles.time, candles.open, candles.high, candles.low, candles.close, candles.volume))

    return read


def _polars() -> Callable[[Path], Hourly]:
    import polars as pl

    def read(file: Path) -> Hourly:
        rules = (pl.first("Open"), pl.max("High"), pl.min("Low"), pl.last("Close"), pl.sum("Volume"))
        minutes = pl.scan_csv(file).with_columns(pl.from_epoch("Timestamp", time_unit="s")).set_sorted("Timestamp")
        hours = minutes.group_by_dynamic("Timestamp", every="1h").agg(rules).collect(engine="streaming")
        seconds = hours["Timestamp"].dt.epoch("s").to_numpy()
        return np.stack((seconds, *(hours[name].to_numpy() for name in hours.columns[1:])))

    return read


def _pandas() -> Callable[[Path], Hourly]:
    import pandas as pd

    def read(file: Path) -> Hourly:
        minutes = pd.read_csv(file)
        minutes.index = pd.to_datetime(minutes.pop("Timestamp"), unit="s", utc=True)
        rules = {"Open": "first", "High": "max", "Low": "min", "Close": "last", "Volume": "sum"}
        hours = minutes.resample("1h").agg(rules)
        return np.stack((hours.index.as_unit("s").asi8, *(hours[name] for name in rules)))

    return read


READERS = {"ours": _ours, "polars": _polars, "pandas": _pandas}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        _read(*sys.argv[1:])
