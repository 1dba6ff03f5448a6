"""How often a monitor that looks every five minutes raises a false alarm, beside one that looks once an hour.

    python -m benchmarks.alarms_every_five_minutes BTC5M.parquet ETH5M.parquet [--from 2023-12-04]

Each mark's hour-long and six-hour moves are judged as a live report judges them, by forecasts from hours that end at
that mark. One series of marks an hour is what the budget was set on; all twelve together, an alarm of any of them
standing for the six hours after it, are what somebody sees who asks every five minutes.
"""

import argparse
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from forecaster.anomalies.injection import Judge
from forecaster.artifact import load_artifact
from forecaster.calibration import Calibration
from forecaster.features import Market
from forecaster.inference import OnnxEngine
from forecaster.market import Candles
from forecaster.market.hours_ending import hours_ending
from forecaster.schema import FIVE_MINUTES, HOUR
from forecaster.settings import ROOT

BUDGETS = (1.0, 10.0, 30.0)  # days
FACTORS = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)
STANDS = 6 * HOUR  # seconds after an alarm that belong to it
PAST = 400  # hours before the first that is judged


def fine(path: Path, start: int) -> Candles:
    """The five-minute candles of a file from shortly before `start` (Unix s)."""
    table = pq.read_table(path, columns=["time", "open", "high", "low", "close", "volume"])
    time = table["time"].to_numpy().astype("datetime64[s]").astype(np.int64)
    columns = [time, *(table[name].to_numpy().astype(np.float64) for name in table.column_names[1:])]
    kept = (time >= start - PAST * HOUR) & np.all([column > 0 for column in columns[1:5]], axis=0)
    return Candles(*(column[kept] for column in columns), step=FIVE_MINUTES)


def raised(time: np.ndarray, scores: np.ndarray, limit: float) -> int:
    """Alarms of moves that end at `time` (n,) Unix s, ascending, none within six hours of the one before."""
    count, last = 0, -np.inf
    for at in time[scores <= limit].tolist():
        if at - last > STANDS:
            count, last = count + 1, at
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("coin", type=Path)
    parser.add_argument("other", type=Path)
    parser.add_argument("--from", dest="start", default="2023-12-04")
    parser.add_argument("--to", dest="stop", default="2025-09-18")
    parser.add_argument("--symbol", default="BTC-USD")
    asked = parser.parse_args()
    start, stop = (
        int(datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in (asked.start, asked.stop)
    )
    coin, other = fine(asked.coin, start).closed_at(stop), fine(asked.other, start).closed_at(stop)
    artifact = load_artifact(ROOT / "models" / "quantile")
    engine = OnnxEngine(artifact.files["model.onnx"])
    calibration = Calibration.model_validate_json(artifact.files["calibration.json"])
    detectors = calibration.detectors
    assert detectors is not None
    time, scores = [], []
    for offset in range(12):
        at = stop - FIVE_MINUTES * offset
        count = (stop - start) // HOUR + PAST
        market = Market.of(asked.symbol, hours_ending(coin, at, count), hours_ending(other, at, count))
        judged = {
            kind: Judge(engine, calibration.of(kind), detectors.of_kind(kind), kind).judge(market, start)
            for kind in ("closes_only", "full")
        }
        recent, _ = detectors.usual.recent(judged["closes_only"].scores, detectors.usual.past)
        scores.append(recent.adjusted(judged["full"].scores))
        time.append(market.time[judged["full"].rows] + 2 * HOUR)
        print(f"offset {5 * offset} minutes: {len(scores[-1])} hours", flush=True)
    together = np.argsort(np.concatenate(time), kind="stable")
    all_time, all_scores = np.concatenate(time)[together], np.concatenate(scores)[together]
    years = (stop - start) / (365.25 * 24 * HOUR)
    for days in BUDGETS:
        limit = detectors.full.limit(days)
        single = [raised(one, mine, limit) / years for one, mine in zip(time, scores, strict=True)]
        row = [raised(all_time, all_scores, detectors.full.limit(days * factor)) / years for factor in FACTORS]
        print(
            f"budget {days:g} days: allowed {365.25 / days:.1f} a year; once an hour {np.mean(single):.1f} "
            f"({min(single):.1f} to {max(single):.1f}); every five minutes at a budget of days times "
            + ", ".join(f"{factor:g}: {each:.1f}" for factor, each in zip(FACTORS, row, strict=True)),
            flush=True,
        )


if __name__ == "__main__":
    main()
