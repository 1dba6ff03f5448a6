"""A backtest over 100,000 hours beside ONNX Runtime alone on arrays of the same windows that are ready-made."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import p50, table, timed
from benchmarks.graph import Graph
from benchmarks.market import candles
from forecaster.artifact.loading import load_artifact
from forecaster.features.dataset import Market
from forecaster.features.hourly import LOOKBACK
from forecaster.inference.backtest import BATCH, backtest
from forecaster.inference.engine import open_engine
from forecaster.settings import ROOT

WINDOWS = 100_000
ROUNDS = 3
GOAL = 0.8  # of what ONNX Runtime alone reaches


def main() -> None:
    """Measure and print."""
    model = load_artifact(ROOT / "models" / "quantile")
    hours = WINDOWS + LOOKBACK
    market = Market.of("BTC-USD", candles(hours, 1, 60_000.0), candles(hours, 2, 2_000.0))
    rows = market.issued(0, float("inf"))[:WINDOWS]
    ready = market.hours.inputs(rows, "full")  # 182 MB
    engine, graph = open_engine(model), Graph(model)
    backtest(engine, market, rows[: 4 * BATCH], "full")  # warms up
    ours, raw = [], []
    for _ in range(ROUNDS):  # in turns, so that a busy moment of the machine hits both alike
        ours.append(timed(partial(backtest, engine, market, rows, "full")))
        raw.append(timed(partial(_run, graph, ready)))
    speeds = [WINDOWS / (p50(each) / 1000) for each in (ours, raw)]
    ratio = p50([alone / whole for whole, alone in zip(ours, raw, strict=True)])
    table(
        f"A backtest of {WINDOWS:,} windows, {BATCH} at a time",
        ("", "windows/s", "x raw", "goal"),
        [
            ("raw ONNX Runtime on ready-made arrays", f"{speeds[1]:,.0f}", "1.00", ""),
            ("backtest: features gathered and run", f"{speeds[0]:,.0f}", f"{ratio:.2f}", f"{GOAL}"),
        ],
        f"medians of {ROUNDS} rounds",
    )


def _run(graph: Graph, ready: dict[str, NDArray[np.float32]]) -> None:
    """Every batch, its output dropped."""
    for first in range(0, WINDOWS, BATCH):
        graph.run({name: values[first : first + BATCH] for name, values in ready.items()})


if __name__ == "__main__":
    main()
